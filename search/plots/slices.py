"""Each parameter alone: the value against it, and how much it mattered."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots.rendering import tell_marks
from search.plots.scales import Scale, scale_of
from search.plots.style import (
    BLUE,
    FONT,
    INK,
    LARGE,
    MARKS,
    SMALL,
    dress,
    jitter,
    new_plot,
    plain,
    sentence_plot,
    shortened,
)
from search.plots.values import (
    by_number,
    cut_text,
    differing_parameters,
    of_state,
    value_label,
    value_limits,
    value_of,
)
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.importance import importance_facts

SLICES = "Value by parameter"
IMPORTANCE = "Importance of parameters"
_N_COLUMNS = 4
_FEW_VALUES = 12
"""Whole numbers up to which marks are spread, as they would lie on each other."""


def slices(study: StudyReader) -> Figure | None:
    """Draw the value of complete and pruned trials against each parameter.

    The axis of values is that of the complete trials; others beyond it stand at its edge.
    """
    trials = of_state(by_number(study), "PRUNED", "COMPLETE")
    if not trials:
        return sentence_plot(SLICES, "No trial has come to a value yet.")
    names = differing_parameters(study, trials)
    if not names:
        return None
    n_columns = min(_N_COLUMNS, len(names))
    n_rows = math.ceil(len(names) / n_columns)
    plot = new_plot(SLICES, height=max(3.2, 0.8 + 1.9 * n_rows))
    grid = np.ravel(plot.subplots(n_rows, n_columns, sharey=True, squeeze=False))
    limits = value_limits(trials, study.direction)
    grid[0].set_ylim(*limits)
    for axes, name in zip(grid, names, strict=False):
        dress(axes, shortened(name, 26), "")
        scale = scale_of(name, study.spec.parameters[name], trials)
        _draw(axes, name, scale, trials, limits)
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    cut = cut_text(map(value_of, trials), limits, study.direction)
    grid[0].set_title(cut, loc="left", fontsize=SMALL - 1, color=INK, fontstyle="italic")
    plot.supylabel(value_label(study), fontsize=FONT, color=INK)
    _add_legend(plot, grid[0])
    return plot


def _draw(
    axes: Axes,
    name: str,
    scale: Scale,
    trials: Sequence[Trial],
    limits: tuple[float, float],
) -> None:
    few = scale.whole and not scale.log and 0 < scale.high - scale.low <= _FEW_VALUES
    for state in ("PRUNED", "COMPLETE"):
        mark = MARKS[state]
        drawn = [t for t in trials if t.state == state and name in t.params]
        places = np.array([scale.place(trial.params[name]) for trial in drawn])
        if scale.choices or few:
            places = places + jitter([trial.number for trial in drawn], 0.6)
        if not drawn:
            continue
        many = len(trials) > LARGE
        values = np.clip([value_of(trial) for trial in drawn], *limits)
        axes.scatter(
            places,
            values,
            s=mark.size / (4 if many else 1.7),
            c=mark.colour,
            marker=mark.shape,
            linewidths=0,
            alpha=0.4 if many else 0.7,
            label=mark.word,
            rasterized=many,
            clip_on=False,
        )
        points = zip(places.tolist(), values.tolist(), strict=True)
        tell_marks(axes, [(t.number, [at]) for t, at in zip(drawn, points, strict=True)])
    scale.apply(axes, "x", n_most=4, margin=0.5 / (scale.high - scale.low) if few else 0.05)
    if scale.choices:
        _label_choices(axes, scale)


def _label_choices(axes: Axes, scale: Scale) -> None:
    """Turn the labels of choices that would touch each other."""
    texts = [text for _, text in scale.ticks()]
    if sum(len(text) + 2 for text in texts) > 22 or len(texts) > 8:
        steep = len(texts) > 6
        axes.tick_params(axis="x", labelrotation=90 if steep else 35, labelsize=SMALL - 1)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("center" if steep else "right")
            label.set_rotation_mode("default" if steep else "anchor")


def _add_legend(plot: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    legend = plot.legend(
        handles[::-1],
        labels[::-1],
        loc="outside upper right",
        ncols=2,
        markerscale=1.6,
        fontsize=SMALL,
        labelcolor=INK,
        frameon=False,
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)


def importance(study: StudyReader) -> Figure | None:
    """Draw the importance of each parameter as a bar; a single one's would be 1."""
    facts = importance_facts(study)[0]
    found: dict[str, float] = facts["importances"]
    if not found:
        return sentence_plot(IMPORTANCE, f"Not told: {facts['note']}.")
    if len(found) == 1:
        return None
    plot = new_plot(IMPORTANCE, height=1.1 + 0.28 * len(found))
    axes = plot.add_subplot()
    dress(
        axes, f"importance (share; fANOVA of {facts['n_trials']:,} complete trials)", "", grid="x"
    )
    bars = axes.barh(range(len(found)), list(found.values()), color=BLUE, height=0.65)
    texts = [f"{share:.2f}" for share in found.values()]
    axes.bar_label(bars, texts, padding=3, fontsize=SMALL, color=INK)
    axes.set_yticks(range(len(found)), [plain(shortened(name, 30)) for name in found])
    axes.set_xlim(0, 1.12 * max(*found.values(), 0.01))
    axes.set_ylim(len(found) - 0.4, -0.6)
    return plot
