"""The value over the two parameters that matter most."""

from collections.abc import Sequence
from itertools import compress

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from numpy.typing import NDArray

from search.plots.importance import main_importance
from search.plots.labels import value_label
from search.plots.marks import tell_marks
from search.plots.means import draw_means, has_few_values
from search.plots.scales import Scale, scale_of
from search.plots.style import (
    SHADES,
    add_colour_bar,
    colours,
    dress,
    new_plot,
    sentence_plot,
    shortened,
)
from search.plots.trials import best_first, differing, value_of
from search.studies.reader import StudyReader
from search.studies.trials import Trial

TITLE = "Value over two parameters"
LEAST_TRIALS = 5
"""Complete trials below which nothing is drawn."""
_GRID = 60

Array = NDArray[np.float64]


def contour(study: StudyReader) -> Figure | None:
    """Draw the mean value over the two most important parameters.

    Of two wide ranges of numbers it is a surface, a kernel mean (Nadaraya 1964,
    doi:10.1137/1109020) of the complete trials that stays white far from any; where one has few
    values, it is a table of means. Either is whatever their other parameters.

    Args:
        study: The study.

    Returns:
        The figure; a sentence if there are too few complete trials; None if fewer than two
        parameters differ between them.
    """
    records = best_first(study)
    names = differing(study, records)
    if len(names) < 2:
        return None
    importance = main_importance(study)["importances"]
    x, y = sorted(names, key=lambda name: -importance.get(name, 0.0))[:2]
    records = [r for r in records if x in r.params and y in r.params]
    if len(records) < LEAST_TRIALS:
        return sentence_plot(
            TITLE,
            f"At least {LEAST_TRIALS} complete trials with {x} and {y} are needed; "
            f"there {'is' if len(records) == 1 else 'are'} {len(records)}.",
        )
    return _drawn(study, (x, y), records)


def _drawn(study: StudyReader, names: tuple[str, str], records: Sequence[Trial]) -> Figure:
    scales = [scale_of(name, study.spec.parameters[name], records) for name in names]
    every = [
        [scale.place(record.params[name]) for name, scale in zip(names, scales, strict=True)]
        for record in records
    ]
    known = np.isfinite(np.array(every)).all(axis=1)
    places, numbers = np.array(every)[known], [r.number for r in compress(records, known)]
    values = np.array([value_of(record) for record in records])[known]
    colour = colours(values, study.direction)
    figure = new_plot(TITLE, height=4.4)
    axes = figure.add_subplot()
    dress(axes, shortened(names[0], 40), shortened(names[1], 40), grid="")
    if any(has_few_values(s, places[:, axis]) for axis, s in enumerate(scales)):
        draw_means(axes, scales, places, values, colour)
    else:
        _draw_surface(axes, scales, places, values, colour)
        points = [[(x, y)] for x, y in places.tolist()]
        tell_marks(axes, zip(numbers, points, strict=True))
    add_colour_bar(figure, axes, colour, value_label(study))
    return figure


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
