"""The value over the two parameters that matter most: a surface, or a table of means."""

from collections.abc import Sequence
from itertools import compress, pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from search.plots.rendering import tell_marks
from search.plots.scales import Scale, number_label, scale_of
from search.plots.style import BLACK, SHADES, SMALL, dress, new_plot, sentence_plot, shortened
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
from search.summaries.importance import importance_facts
from search.text import number_text

_TITLE = "Value over two parameters"
LEAST_TRIALS = 5
"""Complete trials below which nothing is drawn."""
_GRID = 60
_MOST_VALUES = 8
"""Whole numbers up to which each has a row of its own in a table of means."""
_N_RANGES = 4

Array = NDArray[np.float64]


def contour(study: StudyReader) -> Figure | None:
    """Draw the mean value over the two most important parameters.

    Of two wide ranges of numbers it is a surface, a kernel mean (Nadaraya 1964,
    doi:10.1137/1109020) of the complete trials that stays white far from any; where one has few
    values, it is a table of means. Either is whatever their other parameters.
    """
    trials = best_first(study)
    names = differing_parameters(study, trials)
    if len(names) < 2:
        return None
    importances = importance_facts(study)[0]["importances"]
    x, y = sorted(names, key=lambda name: -importances.get(name, 0.0))[:2]
    trials = [t for t in trials if x in t.params and y in t.params]
    if len(trials) < LEAST_TRIALS:
        return sentence_plot(
            _TITLE,
            f"At least {LEAST_TRIALS} complete trials with {x} and {y} are needed; "
            f"there {'is' if len(trials) == 1 else 'are'} {len(trials)}.",
        )
    return _drawn(study, (x, y), trials)


def _drawn(study: StudyReader, names: tuple[str, str], trials: Sequence[Trial]) -> Figure:
    scales = [scale_of(name, study.spec.parameters[name], trials) for name in names]
    every = [
        [scale.place(trial.params[name]) for name, scale in zip(names, scales, strict=True)]
        for trial in trials
    ]
    known = np.isfinite(np.array(every)).all(axis=1)
    places, numbers = np.array(every)[known], [t.number for t in compress(trials, known)]
    values = np.array([value_of(trial) for trial in trials])[known]
    colour = colours(values, study.direction)
    plot = new_plot(_TITLE, height=4.4)
    axes = plot.add_subplot()
    dress(axes, shortened(names[0], 40), shortened(names[1], 40), grid="")
    if any(_has_few_values(s, places[:, axis]) for axis, s in enumerate(scales)):
        _draw_means(axes, scales, places, values, colour)
    else:
        _draw_surface(axes, scales, places, values, colour)
        points = [[(x, y)] for x, y in places.tolist()]
        tell_marks(axes, zip(numbers, points, strict=True))
    add_colour_bar(plot, axes, colour, value_label(study))
    return plot


def _draw_surface(
    axes: Axes, scales: list[Scale], places: Array, values: Array, colour: ScalarMappable
) -> None:
    at = np.linspace(0.0, 1.0, _GRID)
    low, high = colour.get_clim()
    assert low is not None
    assert high is not None
    surface = _kernel_mean(_shares(scales, places), np.clip(values, low, high), at)
    axes.contourf(
        [scales[0].at(share) for share in at],
        [scales[1].at(share) for share in at],
        surface,
        levels=np.linspace(low, high, len(SHADES) + 1),
        cmap=colour.get_cmap(),
        norm=colour.norm,
    )
    axes.scatter(
        places[:, 0],
        places[:, 1],
        c=colour.to_rgba(values),
        s=16 if len(places) < 200 else 6,
        edgecolors="white",
        linewidths=0.6 if len(places) < 200 else 0.3,
        clip_on=False,
        zorder=3,
    )
    scales[0].apply(axes, "x", n_most=6, margin=0.02)
    scales[1].apply(axes, "y", n_most=6, margin=0.02)


def _shares(scales: list[Scale], places: Array) -> Array:
    return np.array([[s.share(p) for s, p in zip(scales, row, strict=True)] for row in places])


def _kernel_mean(
    points: Array, values: Array, at: Array
) -> "np.ma.MaskedArray[tuple[int, ...], np.dtype[np.float64]]":
    """Average values by their distance.

    Args:
        points: (N, 2), in the unit square.
        values: (N,).
        at: (G,), the places of a square grid along both axes.

    Returns:
        (G, G), rows along the second axis; masked farther than three widths from any point.
    """
    width = max(0.05, 0.4 * len(points) ** (-1 / 6))
    x, y = (np.exp(-0.5 * ((at[:, None] - points[None, :, axis]) / width) ** 2) for axis in (0, 1))
    weights = np.einsum("yn,xn->yxn", y, x)
    total = weights.sum(axis=2)
    mean = (weights @ values) / np.maximum(total, 1e-12)
    return np.ma.masked_where(weights.max(axis=2) < np.exp(-0.5 * 2.0**2), mean)


def _has_few_values(scale: Scale, places: Array) -> bool:
    """Tell whether a parameter has so few values that each has a row of its own."""
    return bool(scale.choices) or (scale.whole and len(np.unique(places)) <= _MOST_VALUES)


def _draw_means(
    axes: Axes, scales: Sequence[Scale], places: Array, values: Array, colour: ScalarMappable
) -> None:
    """Draw the mean of each pair of values, with how many trials it is of."""
    (x_labels, x), (y_labels, y) = (
        _steps(scale, places[:, axis]) for axis, scale in enumerate(scales)
    )
    for column, row in sorted(set(zip(x.tolist(), y.tolist(), strict=True))):
        inside = values[(x == column) & (y == row)]
        shade = to_hex(colour.to_rgba(np.array([inside.mean()]))[0])
        axes.add_patch(Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, color=shade, lw=0))
        text = (
            f"{number_text(float(inside.mean()))}\n{len(inside):,} trial{'s' * (len(inside) > 1)}"
        )
        ink = "white" if SHADES.index(shade) < len(SHADES) / 2 else BLACK
        axes.text(column, row, text, ha="center", va="center", fontsize=SMALL - 1, color=ink)
    axes.set_xticks(range(len(x_labels)), x_labels)
    axes.set_yticks(range(len(y_labels)), y_labels)
    axes.set_xlim(-0.55, len(x_labels) - 0.45)
    axes.set_ylim(-0.55, len(y_labels) - 0.45)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _steps(scale: Scale, places: Array) -> tuple[list[str], NDArray[np.int64]]:
    """Cut an axis into values, or into ranges of the same width where there are many."""
    if _has_few_values(scale, places):
        names = dict(scale.ticks()) if scale.choices else {}
        met, steps = np.unique(places, return_inverse=True)
        return [names.get(place, number_label(place)) for place in met.tolist()], steps
    ends = [scale.at(share) for share in np.linspace(0.0, 1.0, _N_RANGES + 1).tolist()]
    labels = [f"{number_label(a)}\nto {number_label(b)}" for a, b in pairwise(ends)]
    return labels, np.searchsorted(ends[1:-1], places, side="right")
