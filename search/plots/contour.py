"""The value over the two numeric parameters that matter most."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from numpy.typing import NDArray

from search.plots.importance import main_importance
from search.plots.labels import value_label
from search.plots.scales import Scale, scale_of
from search.plots.style import (
    add_colour_bar,
    colours,
    dress,
    new_figure,
    sentence_figure,
    shortened,
)
from search.plots.trials import best_first, value_of
from search.spaces.parameters import CategoricalParameter
from search.studies.study import Study

TITLE = "Value over two parameters"
LEAST_TRIALS = 5
"""Complete trials below which no surface is drawn."""
_GRID = 60
_LEVELS = 12

Array = NDArray[np.float64]


def contour(study: Study) -> Figure | None:
    """Draw the mean value over the two most important numeric parameters.

    The surface is a kernel mean (Nadaraya 1964, doi:10.1137/1109020) of the complete trials,
    whatever their other parameters; it stays white far from any trial.

    Args:
        study: The study.

    Returns:
        The figure; a sentence if there are too few complete trials; None if fewer than two
        numeric parameters vary.
    """
    names = _numeric(study)
    if len(names) < 2:
        return None
    importance = main_importance(study)["importances"]
    x, y = sorted(names, key=lambda name: -importance.get(name, 0.0))[:2]
    records = [r for r in best_first(study) if x in r.params and y in r.params]
    if len(records) < LEAST_TRIALS:
        return sentence_figure(
            TITLE,
            f"At least {LEAST_TRIALS} complete trials with {x} and {y} are needed for a "
            f"surface; there {'is' if len(records) == 1 else 'are'} {len(records)}.",
        )
    scales = [scale_of(name, study.spec.parameters[name], records) for name in (x, y)]
    places = np.array(
        [[s.place(r.params[n]) for n, s in zip((x, y), scales, strict=True)] for r in records]
    )
    values = np.array([value_of(record) for record in records])
    known = np.isfinite(places).all(axis=1)
    colour = colours(values, study.direction)
    figure = _draw(scales, places[known], values[known], colour)
    dress(figure.axes[0], shortened(x, 40), shortened(y, 40), grid="")
    add_colour_bar(figure, figure.axes[0], colour, value_label(study))
    return figure


def _numeric(study: Study) -> list[str]:
    """Name the parameters that are numbers and vary."""
    return [
        name
        for name, parameter in study.spec.parameters.items()
        if not isinstance(parameter, CategoricalParameter) and parameter.low < parameter.high
    ]


def _draw(scales: list[Scale], places: Array, values: Array, colour: ScalarMappable) -> Figure:
    figure = new_figure(TITLE, height=4.6, width=6.2)
    axes = figure.add_subplot()
    at = np.linspace(0.0, 1.0, _GRID)
    low, high = colour.get_clim()
    assert low is not None
    assert high is not None
    surface = _kernel_mean(_shares(scales, places), np.clip(values, low, high), at)
    axes.contourf(
        _places(scales[0], at),
        _places(scales[1], at),
        surface,
        levels=np.linspace(low, high, _LEVELS + 1),
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
    return figure


def _shares(scales: list[Scale], places: Array) -> Array:
    return np.array([[s.share(p) for s, p in zip(scales, row, strict=True)] for row in places])


def _places(scale: Scale, shares: Array) -> Array:
    if scale.log:
        return np.asarray(scale.low * (scale.high / scale.low) ** shares)
    return np.asarray(scale.low + (scale.high - scale.low) * shares)


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
