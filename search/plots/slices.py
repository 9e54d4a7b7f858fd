"""Slices: the value against each parameter alone."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots.labels import value_label
from search.plots.limits import cut_text
from search.plots.marks import tell_marks
from search.plots.scales import Scale, scale_of
from search.plots.style import (
    FONT,
    INK,
    LARGE,
    MARKS,
    SMALL,
    dress,
    jitter,
    new_plot,
    sentence_plot,
    shortened,
)
from search.plots.trials import by_number, differing, of_state, value_limits, value_of
from search.studies.reader import StudyReader
from search.studies.trials import Trial

TITLE = "Value by parameter"
_N_COLUMNS = 4
_FEW_VALUES = 12


def slices(study: StudyReader) -> Figure | None:
    """Draw the value of complete and pruned trials against each parameter.

    The axis of values is that of the complete trials; others beyond it stand at its edge.

    Args:
        study: The study.

    Returns:
        A grid of axes, one a parameter that differs between trials; a sentence if no trial has
        a value; None if no parameter differs.
    """
    records = of_state(by_number(study), "PRUNED", "COMPLETE")
    if not records:
        return sentence_plot(TITLE, "No trial has come to a value yet.")
    names = differing(study, records)
    if not names:
        return None
    n_columns = min(_N_COLUMNS, len(names))
    n_rows = math.ceil(len(names) / n_columns)
    figure = new_plot(TITLE, height=max(3.2, 0.8 + 1.9 * n_rows))
    grid = np.ravel(figure.subplots(n_rows, n_columns, sharey=True, squeeze=False))
    limits = value_limits(records, study.direction)
    grid[0].set_ylim(*limits)
    for axes, name in zip(grid, names, strict=False):
        dress(axes, shortened(name, 26), "")
        scale = scale_of(name, study.spec.parameters[name], records)
        _draw(axes, name, scale, records, limits)
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    cut = cut_text(map(value_of, records), limits, study.direction)
    grid[0].set_title(cut, loc="left", fontsize=SMALL - 1, color=INK, fontstyle="italic")
    figure.supylabel(value_label(study), fontsize=FONT, color=INK)
    _add_legend(figure, grid[0])
    return figure


def _draw(
    axes: Axes,
    name: str,
    scale: Scale,
    records: Sequence[Trial],
    limits: tuple[float, float],
) -> None:
    few = scale.whole and not scale.log and 0 < scale.high - scale.low <= _FEW_VALUES
    for state in ("PRUNED", "COMPLETE"):
        mark = MARKS[state]
        drawn = [r for r in records if r.state == state and name in r.params]
        places = np.array([scale.place(record.params[name]) for record in drawn])
        if scale.choices or few:
            places = places + jitter([record.number for record in drawn], 0.6)
        if not drawn:
            continue
        many = len(records) > LARGE
        values = np.clip([value_of(record) for record in drawn], *limits)
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
        tell_marks(axes, [(r.number, [at]) for r, at in zip(drawn, points, strict=True)])
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


def _add_legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    legend = figure.legend(
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
