"""A table of mean values, for parameters of too few values for a surface."""

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from search.plots.scales import Scale, number_label
from search.plots.style import BLACK, SHADES, SMALL
from search.text import number_text

_MOST_VALUES = 8
_N_RANGES = 4

Array = NDArray[np.float64]


def has_few_values(scale: Scale, places: Array) -> bool:
    """Tell whether a parameter has so few values that each has a row of its own.

    Args:
        scale: Its axis.
        places: (N,), where trials lie on it.

    Returns:
        Whether it is categorical, or a whole number with few values.
    """
    return bool(scale.choices) or (scale.whole and len(np.unique(places)) <= _MOST_VALUES)


def draw_means(
    axes: Axes, scales: Sequence[Scale], places: Array, values: Array, colour: ScalarMappable
) -> None:
    """Draw the mean of each pair of values, with how many trials it is of.

    Args:
        axes: The axes.
        scales: Those of the two parameters, along and upwards.
        places: (N, 2), where trials lie on them.
        values: (N,).
        colour: The colours of values.
    """
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
    """Cut an axis into values, or into ranges of the same width where there are many.

    Args:
        scale: The axis.
        places: (N,), where trials lie on it.

    Returns:
        What each step is called, and the step of each place.
    """
    if has_few_values(scale, places):
        names = dict(scale.ticks()) if scale.choices else {}
        met, steps = np.unique(places, return_inverse=True)
        return [names.get(place, number_label(place)) for place in met.tolist()], steps
    ends = [scale.at(share) for share in np.linspace(0.0, 1.0, _N_RANGES + 1).tolist()]
    labels = [f"{number_label(a)}\nto {number_label(b)}" for a, b in itertools.pairwise(ends)]
    return labels, np.searchsorted(ends[1:-1], places, side="right")
