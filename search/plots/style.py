"""The look that all plots share: palette, sizes, marks of states, legends.

Plots are made without pyplot and without changing matplotlib's settings, so that any thread
can make one.
"""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

WIDTH = 6.0
"""Width of a plot in inches; a height is each plot's own."""
FONT = 9
SMALL = 8
TITLE_SIZE = 11
DPI = 150
LARGE = 300
"""Number of lines or marks from which on they are an image, so that an SVG stays small."""

# Okabe and Ito, "Color universal design" (2008).
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE, INK = "#8A8A8A", "#E4E4E4", "#333333"
SHADES = tuple(map(to_hex, colormaps["viridis"].resampled(16).colors))  # type: ignore[attr-defined]
"""Colours of values, from dark to bright."""
LINES = (BLUE, VERMILLION, GREEN, PURPLE, BLACK, SKY)
"""Colours of lines that must be told apart."""
DASHES = ("-", "--", "-.", ":")
"""Their dashes, which differ too."""


@dataclass(frozen=True)
class Mark:
    """How the trials of a state look: `size` is an area in square points, `hatch` that of bars."""

    word: str
    colour: str
    shape: str
    size: float
    hatch: str = ""


MARKS = {
    "COMPLETE": Mark("complete", BLUE, "o", 20),
    "PRUNED": Mark("pruned", ORANGE, "v", 20, "////"),
    "RUNNING": Mark("running", GREEN, "D", 18, "...."),
    "INTERRUPTED": Mark("interrupted", PURPLE, "s", 16, "\\\\\\\\"),
    "FAIL": Mark("failed", VERMILLION, "x", 24, "xxxx"),
}
"""Marks by state, in the order of legends."""


def new_plot(title: str, height: float = 3.6, width: float = WIDTH) -> Figure:
    """Begin a plot, its size in inches, that lays its axes out by itself."""
    plot = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    plot.suptitle(plain(title), fontsize=TITLE_SIZE, color=INK)
    return plot


def sentence_plot(title: str, sentence: str) -> Figure:
    """Say in a plot's place why there is nothing to draw."""
    plot = new_plot(title, height=1.6)
    text = "\n".join(textwrap.wrap(plain(sentence), 80))
    plot.text(0.5, 0.4, text, ha="center", va="center", fontsize=FONT, color=INK)
    return plot


def sentence_of(plot: Figure) -> str:
    """Give the sentence that stands in a plot's place; empty if there is something to see."""
    return "" if plot.axes else " ".join(plot.texts[-1].get_text().split())


def dress(axes: Axes, x_label: str, y_label: str, grid: str = "y") -> None:
    """Give axes the common look; `grid` is `x`, `y`, `both` or empty for none."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(labelsize=SMALL, color=GREY, labelcolor=INK)
    axes.set_xlabel(plain(x_label), fontsize=FONT, color=INK)
    axes.set_ylabel(plain(y_label), fontsize=FONT, color=INK)
    axes.set_axisbelow(True)
    if grid in ("x", "y", "both"):
        axes.grid(True, axis=grid, color=PALE, linewidth=0.6)  # type: ignore[arg-type]


def legend_above(axes: Axes, n_columns: int = 5) -> None:
    """Put the legend over the axes, where it hides no data."""
    if not axes.get_legend_handles_labels()[0]:
        return
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=n_columns,
        fontsize=SMALL,
        labelcolor=INK,
        frameon=False,
        borderaxespad=0.2,
        columnspacing=1.2,
        handletextpad=0.5,
    )


def note(axes: Axes, text: str) -> None:
    """Write a remark in small letters at the right, under the axes."""
    if text:
        axes.set_xlabel(axes.get_xlabel(), loc="left")
        axes.annotate(
            plain(text),
            (1.0, 0.0),
            (0.0, -1.9 * FONT),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=SMALL - 1,
            color=INK,
            fontstyle="italic",
        )


def plain(text: str) -> str:
    """Keep matplotlib from reading a text as a formula."""
    return text.replace("$", r"\$")


def shortened(text: str, length: int) -> str:
    """Cut a text that is too long for its place.

    >>> shortened("automobile", 5)
    'auto…'
    """
    return text if len(text) <= length else text[: length - 1] + "…"


def jitter(numbers: Iterable[int], width: float) -> NDArray[np.float64]:
    """Spread marks that would lie on each other, in the same manner each time."""
    shares = np.fromiter(numbers, dtype=float) * 0.6180339887498949 % 1.0  # the golden ratio
    return (shares - 0.5) * width
