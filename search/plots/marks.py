"""Which trials the marks of a figure stand for, and where they are, for a page to point at."""

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Point = tuple[float, float]

_POINTS_PER_INCH = 72
_told: WeakKeyDictionary[Axes, list[tuple[int, Sequence[Point]]]] = WeakKeyDictionary()


def tell_marks(axes: Axes, marks: Iterable[tuple[int, Sequence[Point]]]) -> None:
    """Remember what stands for trials in some axes.

    Args:
        axes: The axes.
        marks: Trials with the place of their mark, or those that their line goes through, in the
            units of the data.
    """
    _told.setdefault(axes, []).extend(marks)


def marks_of(figure: Figure) -> list[dict[str, Any]]:
    """Tell where the marks of trials are in the SVG of a figure.

    Args:
        figure: A figure that has been saved, as its layout is not known before.

    Returns:
        For each axes that has any: its `box` (left, top, width, height) and its `marks`, each a
        trial followed by x and y of every place.
    """
    return [_pane(figure, axes) for axes in figure.axes if axes in _told]


def _pane(figure: Figure, axes: Axes) -> dict[str, Any]:
    unit = _POINTS_PER_INCH / figure.dpi
    height = figure.get_figheight() * _POINTS_PER_INCH
    frame = axes.get_window_extent()
    box = [frame.x0 * unit, height - frame.y1 * unit, frame.width * unit, frame.height * unit]
    marks = []
    for number, places in _told[axes]:
        at = axes.transData.transform(np.asarray(places, dtype=float)) * unit
        at[:, 1] = height - at[:, 1]
        marks.append([number, *(round(float(place), 1) for place in at.ravel())])
    return {"box": [round(float(side), 1) for side in box], "marks": marks}
