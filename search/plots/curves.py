"""Learning curves: the metric after each epoch."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from search.plots.labels import value_label
from search.plots.limits import cut_text, focus
from search.plots.marks import tell_marks
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
    sentence_plot,
)
from search.plots.trials import best_first, by_number, of_state, value_of
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.text import number_text

TITLE = "Learning curves"


def learning_curves(study: StudyReader, n_best: int = 5) -> Figure | None:
    """Draw the metric by epoch: the best complete trials in colour, the others faintly.

    Args:
        study: The study.
        n_best: How many complete trials to tell apart.

    Returns:
        The figure; a sentence if no trial has reported an epoch; None if none has a second one,
        as there is no curve then.
    """
    records = of_state(by_number(study), "COMPLETE", "PRUNED", "RUNNING", "INTERRUPTED")
    if not records:
        return sentence_plot(TITLE, "No trial has reported an epoch yet.")
    longest = max(max(record.values) for record in records)
    if longest < 2:
        return None
    figure = new_plot(TITLE, height=3.8)
    axes = figure.add_subplot()
    dress(axes, "epoch", value_label(study))
    ranking = best_first(study)
    best = ranking[:n_best]
    pruned = of_state(records, "PRUNED")
    others = [*ranking[n_best:], *of_state(records, "RUNNING", "INTERRUPTED")]
    _draw_faintly(axes, others, GREY, f"other trials ({len(others):,})")
    _draw_faintly(axes, pruned, ORANGE, f"pruned ({len(pruned):,})")
    for place, record in enumerate(best):
        _draw_best(axes, place, record)
    _set_limits(axes, records, study)
    tell_marks(axes, [(record.number, sorted(record.values.items())) for record in records])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlim(1 - 0.02 * longest, 1.02 * longest)
    _add_legend(axes, len(best))
    return figure


def _set_limits(axes: Axes, records: Sequence[Trial], study: StudyReader) -> None:
    """Show the values of complete trials, without first epochs that would flatten the others."""
    complete = of_state(records, "COMPLETE")
    every = [value for record in records for value in record.values.values()]
    shown = [value for record in complete for value in record.values.values()] or every
    low, high, _ = focus(shown, study.direction)
    axes.set_ylim(low, high)
    note(axes, cut_text(every, (low, high), study.direction, "epoch"))


def _draw_faintly(axes: Axes, records: Sequence[Trial], colour: str, label: str) -> None:
    if not records:
        return
    many = len(records) > LARGE
    lines = LineCollection(
        [sorted(record.values.items()) for record in records],
        colors=colour,
        linewidths=0.5 if many else 0.8,
        alpha=0.2 if many else 0.5,
        rasterized=many,
        label=label,
        zorder=1.5,
    )
    axes.add_collection(lines)


def _draw_best(axes: Axes, place: int, record: Trial) -> None:
    epochs, values = zip(*sorted(record.values.items()), strict=True)
    colour = LINES[place % len(LINES)]
    above = 3 - 0.01 * place
    axes.plot(
        epochs,
        values,
        color=colour,
        linestyle=DASHES[place % len(DASHES)],
        linewidth=1.6,
        zorder=above,
        label=f"trial {record.number}: {number_text(value_of(record))}",
    )
    axes.plot(
        [record.best_epoch or 0], [value_of(record)], "o", color=colour, markersize=5, zorder=above
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
