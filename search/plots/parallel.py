"""Parallel coordinates: each complete trial as a line through all of its parameters."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from search.plots.rendering import tell_marks
from search.plots.scales import Scale, scale_of
from search.plots.style import (
    GREY,
    INK,
    LARGE,
    SMALL,
    WIDTH,
    jitter,
    new_plot,
    plain,
    sentence_plot,
    shortened,
)
from search.plots.values import (
    add_colour_bar,
    best_first,
    colours,
    differing_parameters,
    value_label,
    value_of,
)
from search.studies.reader import StudyReader
from search.studies.trials import Trial

_TITLE = "Parallel coordinates"
_MOST_LINES = 1000
"""Lines, of the best trials; more would make one grey surface and a large file."""
_ABSENT = -0.12
"""Where lines pass a parameter that a trial does not have."""


def parallel_coordinates(study: StudyReader, n_best: int = 10) -> Figure | None:
    """Draw complete trials over axes of their parameters, the best ones stronger.

    Of very many trials, only the best thousand are drawn.
    """
    trials = best_first(study)[:_MOST_LINES]
    if not trials:
        return sentence_plot(_TITLE, "No trial is complete yet.")
    names = differing_parameters(study, trials)
    if len(names) < 2:
        return None
    scales = {name: scale_of(name, study.spec.parameters[name], trials) for name in names}
    plot = new_plot(_TITLE, height=4.2, width=max(WIDTH, 1.5 + 0.8 * len(scales)))
    axes = plot.add_subplot()
    colour = colours(map(value_of, trials), study.direction)
    _draw_lines(axes, scales, trials[n_best:], colour, strong=False)
    _draw_lines(axes, scales, trials[:n_best], colour, strong=True)
    for place, (name, scale) in enumerate(scales.items()):
        absent = any(name not in trial.params for trial in trials)
        _draw_axis(axes, place, scale, absent=absent)
    _dress(axes, list(scales), n_shown=min(n_best, len(trials)), n_lines=len(trials))
    add_colour_bar(plot, axes, colour, value_label(study))
    return plot


def _draw_lines(
    axes: Axes,
    scales: Mapping[str, Scale],
    trials: Sequence[Trial],
    colour: ScalarMappable,
    *,
    strong: bool,
) -> None:
    """Draw trials, better ones over worse ones."""
    drawn = trials[::-1]
    many = len(drawn) > LARGE
    lines = LineCollection(
        [_line(trial, scales) for trial in drawn],
        colors=colour.to_rgba(np.array([value_of(trial) for trial in drawn])),
        linewidths=1.8 if strong else 0.7,
        alpha=1.0 if strong else (0.15 if many else 0.35),
        zorder=2 if strong else 1,
    )
    axes.add_collection(lines)
    tell_marks(axes, [(trial.number, _line(trial, scales)) for trial in drawn])


def _line(trial: Trial, scales: Mapping[str, Scale]) -> list[tuple[float, float]]:
    points = []
    for place, (name, scale) in enumerate(scales.items()):
        at = scale.place(trial.params[name]) if name in trial.params else math.nan
        height = _ABSENT if math.isnan(at) else scale.share(at)
        # Lines that share a choice are spread a little, as they would hide each other.
        spread = 0.06 / max(1, len(scale.choices) - 1) if scale.choices else 0.0
        points.append((float(place), height + jitter([trial.number], spread).item()))
    return points


def _draw_axis(axes: Axes, place: int, scale: Scale, *, absent: bool) -> None:
    axes.axvline(place, ymin=0, color=GREY, linewidth=0.8, zorder=2.5)
    ticks = [(scale.share(at), text) for at, text in scale.ticks()]
    if absent:
        ticks = [(_ABSENT, "not there"), *ticks]
    for height, text in ticks:
        axes.plot([place - 0.02, place + 0.02], [height, height], color=GREY, linewidth=0.8)
        axes.text(
            place + 0.04,
            height,
            text,
            fontsize=SMALL - 1,
            color=INK,
            va="center",
            zorder=3,
            bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.6},
        )


def _dress(axes: Axes, names: Sequence[str], n_shown: int, n_lines: int) -> None:
    axes.set_xlim(-0.1, len(names) - 1 + 0.6)
    axes.set_ylim(_ABSENT - 0.06, 1.06)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    texts = [plain(shortened(name, 24)) for name in names]
    crowded = any(len(text) > 13 for text in texts) or len(names) > 7
    axes.set_xticks(range(len(names)), texts, fontsize=SMALL, color=INK)
    if crowded:
        for label in axes.get_xticklabels():
            label.set(rotation=25, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    best = "the best trial" if n_shown == 1 else f"the best {n_shown} trials"
    axes.set_xlabel(
        f"parameter (complete trials: {n_lines:,}; strong: {best})", fontsize=SMALL, color=INK
    )
