"""A plot as a file, or as an element of a page that points at its trials, light or dark."""

import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots import style
from search.studies.durable import write_whole

Point = tuple[float, float]

PLOT_FORMATS = ("png", "svg", "pdf")
"""What can be written."""
_METADATA = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""Without the time, so that the same study gives the same files."""
_DARK = {
    "#ffffff": "#181c21",
    style.BLACK: "#f2f4f7",
    style.INK: "#dfe4ea",
    style.GREY: "#8f98a3",
    style.PALE: "#2d333b",
    style.BLUE: "#4aa3df",
    style.ORANGE: "#f0b13c",
    style.GREEN: "#2fc39a",
    style.VERMILLION: "#ff8a4c",
    style.PURPLE: "#e09cc2",
    style.SKY: "#a6d8f7",
    **dict(zip(style.SHADES, reversed(style.SHADES), strict=True)),
}
"""What takes the place of a colour on a dark ground."""
_COLOUR = re.compile(r"(?<=: )#[0-9a-f]{6}\b")
_PLACES = re.compile(r' (?:d|x|y|points)="[^"]*"')
_NEEDLESS = re.compile(r' id="\w*_\w*"|<metadata>.*?</metadata>|(?<=\n) +', re.DOTALL)
"""Names that nothing refers to, and indents."""
_POINTS_PER_INCH = 72
_told: WeakKeyDictionary[Axes, list[tuple[int, Sequence[Point]]]] = WeakKeyDictionary()
"""Which trials the marks of axes stand for."""


def plot_bytes(plot: Figure, format_name: str, *, as_letters: bool = False) -> bytes:
    """Render a plot in one of `PLOT_FORMATS`, always the same for the same plot.

    With `as_letters` an SVG holds letters, for a page that has fonts, and not outlines.
    """
    buffer = io.BytesIO()
    letters = "none" if as_letters else "path"
    with matplotlib.rc_context({"svg.hashsalt": "search", "svg.fonttype": letters}):
        plot.savefig(buffer, format=format_name, metadata=_METADATA[format_name])
    return buffer.getvalue()


def write_plot(plot: Figure, path: Path) -> Path:
    """Write a plot into a file of the format that its suffix says, whole or not at all."""
    write_whole(path, plot_bytes(plot, path.suffix.lower().removeprefix(".")))
    return path


def tell_marks(axes: Axes, marks: Iterable[tuple[int, Sequence[Point]]]) -> None:
    """Remember what stands for trials in some axes.

    Each mark is a trial with its place, or with those that its line goes through, in the units
    of the data.
    """
    _told.setdefault(axes, []).extend(marks)


def marks_of(plot: Figure) -> list[dict[str, Any]]:
    """Tell where the marks of trials are in the SVG of a plot.

    For each axes that has any: its `box` (left, top, width, height) and its `marks`, each a
    trial followed by x and y of every place.
    """
    return [_pane(plot, axes) for axes in plot.axes if axes in _told]


def _pane(plot: Figure, axes: Axes) -> dict[str, Any]:
    unit = _POINTS_PER_INCH / plot.dpi
    height = plot.get_figheight() * _POINTS_PER_INCH
    frame = axes.get_window_extent()
    box = [frame.x0 * unit, height - frame.y1 * unit, frame.width * unit, frame.height * unit]
    marks = []
    for number, places in _told[axes]:
        at = axes.transData.transform(np.asarray(places, dtype=float)) * unit
        at[:, 1] = height - at[:, 1]
        marks.append([number, *(round(float(place), 1) for place in at.ravel())])
    return {"box": [round(float(side), 1) for side in box], "marks": marks}


def colour_rules(*, dark: bool) -> str:
    """Declare the colours of plots as CSS variables."""
    told = _DARK if dark else {colour: colour for colour in _DARK}
    return " ".join(f"{_variable(name.lower())}: {colour};" for name, colour in told.items())


def inline_svg(plot: Figure) -> str:
    """Write a plot as an SVG element, in the colours of `colour_rules`."""
    file = plot_bytes(plot, "svg", as_letters=True).decode()
    text = _NEEDLESS.sub("", file[file.index("<svg") :])
    text = _PLACES.sub(lambda found: re.sub(r"(\.\d)\d+", r"\1", found[0]), text)
    return _COLOUR.sub(_themed, text)


def marks_json(plot: Figure) -> str:
    """Write `marks_of` as JSON; empty if there are none.

    `inline_svg` must be called before, as a plot has no layout until it is saved.
    """
    marks = marks_of(plot)
    return json.dumps(marks, separators=(",", ":")) if marks else ""


def _themed(found: re.Match[str]) -> str:
    known = {name.lower() for name in _DARK}
    return f"var({_variable(found[0])})" if found[0] in known else found[0]


def _variable(colour: str) -> str:
    return f"--c-{colour.removeprefix('#')}"
