"""A figure as an element of a page: it takes the page's letters and colours, light or dark."""

import json
import re

from matplotlib.figure import Figure

from search.plots import style
from search.plots.files import plot_bytes
from search.plots.marks import marks_of

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


def colour_rules(*, dark: bool) -> str:
    """Write the colours of figures as CSS.

    Args:
        dark: Whether they are those on a dark ground.

    Returns:
        The declarations of a rule.
    """
    told = _DARK if dark else {colour: colour for colour in _DARK}
    return " ".join(f"{_variable(name.lower())}: {colour};" for name, colour in told.items())


def inline_svg(figure: Figure) -> str:
    """Write a figure as the text of an SVG element.

    Args:
        figure: The figure.

    Returns:
        The element; its colours are those of `colour_rules`.
    """
    file = plot_bytes(figure, "svg", as_letters=True).decode()
    text = _NEEDLESS.sub("", file[file.index("<svg") :])
    text = _PLACES.sub(lambda found: re.sub(r"(\.\d)\d+", r"\1", found[0]), text)
    return _COLOUR.sub(_themed, text)


def marks_json(figure: Figure) -> str:
    """Tell where the marks of trials are in `inline_svg`, which is to be called before.

    Args:
        figure: The figure.

    Returns:
        JSON, see `marks_of`; empty if it has none.
    """
    marks = marks_of(figure)
    return json.dumps(marks, separators=(",", ":")) if marks else ""


def _themed(found: re.Match[str]) -> str:
    known = {name.lower() for name in _DARK}
    return f"var({_variable(found[0])})" if found[0] in known else found[0]


def _variable(colour: str) -> str:
    return f"--c-{colour.removeprefix('#')}"
