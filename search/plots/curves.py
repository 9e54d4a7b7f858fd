"""Learning curves: the metric after each epoch, of a study or of chosen trials."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from search.errors import SearchError
from search.plots.rendering import PLOT_FORMATS, tell_marks, write_plot
from search.plots.style import (
    DASHES,
    GREY,
    INK,
    LARGE,
    LINES,
    ORANGE,
    SMALL,
    dress,
    new_plot,
    note,
    plain,
    sentence_plot,
)
from search.plots.values import (
    best_first,
    by_number,
    cut_text,
    focus,
    of_state,
    value_label,
    value_of,
)
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.text import listing, number_text

_TITLE = "Learning curves"


def learning_curves(study: StudyReader, n_best: int = 5) -> Figure | None:
    """Draw the metric by epoch: the best complete trials in colour, the others faintly."""
    trials = of_state(by_number(study), "COMPLETE", "PRUNED", "RUNNING", "INTERRUPTED")
    if not trials:
        return sentence_plot(_TITLE, "No trial has reported an epoch yet.")
    longest = max(max(trial.values) for trial in trials)
    if longest < 2:
        return None
    plot = new_plot(_TITLE, height=3.8)
    axes = plot.add_subplot()
    dress(axes, "epoch", value_label(study))
    ranking = best_first(study)
    best = ranking[:n_best]
    pruned = of_state(trials, "PRUNED")
    others = [*ranking[n_best:], *of_state(trials, "RUNNING", "INTERRUPTED")]
    _draw_faintly(axes, others, GREY, f"other trials ({len(others):,})")
    _draw_faintly(axes, pruned, ORANGE, f"pruned ({len(pruned):,})")
    for place, trial in enumerate(best):
        _draw_best(axes, place, trial)
    _set_limits(axes, trials, study)
    tell_marks(axes, [(trial.number, sorted(trial.values.items())) for trial in trials])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlim(1 - 0.02 * longest, 1.02 * longest)
    _add_legend(axes, len(best))
    return plot


def _set_limits(axes: Axes, trials: Sequence[Trial], study: StudyReader) -> None:
    """Show the values of complete trials, without first epochs that would flatten the others."""
    complete = of_state(trials, "COMPLETE")
    every = [value for trial in trials for value in trial.values.values()]
    shown = [value for trial in complete for value in trial.values.values()] or every
    low, high, _ = focus(shown, study.direction)
    axes.set_ylim(low, high)
    note(axes, cut_text(every, (low, high), study.direction, "epoch"))


def _draw_faintly(axes: Axes, trials: Sequence[Trial], colour: str, label: str) -> None:
    if not trials:
        return
    many = len(trials) > LARGE
    lines = LineCollection(
        [sorted(trial.values.items()) for trial in trials],
        colors=colour,
        linewidths=0.5 if many else 0.8,
        alpha=0.2 if many else 0.5,
        rasterized=many,
        label=label,
        zorder=1.5,
    )
    axes.add_collection(lines)


def _draw_best(axes: Axes, place: int, trial: Trial) -> None:
    epochs, values = zip(*sorted(trial.values.items()), strict=True)
    colour = LINES[place % len(LINES)]
    above = 3 - 0.01 * place
    axes.plot(
        epochs,
        values,
        color=colour,
        linestyle=DASHES[place % len(DASHES)],
        linewidth=1.6,
        zorder=above,
        label=f"trial {trial.number}: {number_text(value_of(trial))}",
    )
    axes.plot(
        [trial.best_epoch or 0], [value_of(trial)], "o", color=colour, markersize=5, zorder=above
    )


def _add_legend(axes: Axes, n_best: int) -> None:
    """Put the legend beside the axes: the best trial first, the faint ones last."""
    handles, labels = axes.get_legend_handles_labels()
    n_faint = len(labels) - n_best
    legend = axes.legend(
        handles[n_faint:] + handles[:n_faint],
        labels[n_faint:] + labels[:n_faint],
        title="best trials" if n_best else None,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        fontsize=SMALL,
        title_fontsize=SMALL,
        alignment="left",
        labelcolor=INK,
        frameon=False,
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)


def check_plot_file(path: Path) -> None:
    """Require a suffix of `PLOT_FORMATS`."""
    suffixes = [f".{name}" for name in PLOT_FORMATS]
    if path.suffix.lower() not in suffixes:
        raise SearchError(
            f"--plot: a file of a known kind must be given, got {str(path)!r}; "
            f"valid: {listing(suffixes)}"
        )


def write_curves(trials: Mapping[str, Trial], metrics: Sequence[str], path: Path) -> None:
    """Draw a line for each trial, by the name that the legend shows, into a file."""
    check_plot_file(path)
    write_plot(_chosen_curves(trials, metrics), path)


def _chosen_curves(trials: Mapping[str, Trial], metrics: Sequence[str]) -> Figure:
    """Draw a line for each trial, its best epoch marked."""
    plot = new_plot(_TITLE)
    axes = plot.add_subplot()
    dress(axes, "epoch (number)", " / ".join(dict.fromkeys(metrics)))
    for place, (name, trial) in enumerate(trials.items()):
        colour = LINES[place % len(LINES)]
        epochs = sorted(trial.values)
        values = [trial.values[epoch] for epoch in epochs]
        axes.plot(epochs, values, marker=".", color=colour, label=plain(name))
        if trial.best_epoch is not None and trial.value is not None:
            axes.plot(trial.best_epoch, trial.value, "o", color=colour)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(title="dot: best epoch", fontsize=SMALL, title_fontsize=SMALL)
    return plot
