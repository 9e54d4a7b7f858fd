"""The look that all figures share: palette, sizes, marks of states, legends, limits.

Plots are made without pyplot and without changing matplotlib's settings, so that any thread
can make one.
"""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize, to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray
from optuna.study import StudyDirection

from search.plots.limits import focus

WIDTH = 6.0
"""Width of a figure in inches; a height is each figure's own."""
FONT = 9
SMALL = 8
TITLE = 11
DPI = 150
LARGE = 300
"""So many lines in one figure are kept as an image, so that an SVG stays small."""

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
    """How the trials of a state look.

    Args:
        word: What a legend calls them.
        colour: Of their marks and bars.
        shape: Of their marks, as matplotlib names it.
        size: Area of a mark in square points.
        hatch: Of their bars.
    """

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
    """Begin a figure.

    Args:
        title: A few words.
        height: In inches.
        width: In inches.

    Returns:
        A figure without axes that lays itself out.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    figure.suptitle(plain(title), fontsize=TITLE, color=INK)
    return figure


def sentence_plot(title: str, sentence: str) -> Figure:
    """Say in a figure's place why there is nothing to draw.

    Args:
        title: That of the figure.
        sentence: What is missing.

    Returns:
        A figure of one text.
    """
    figure = new_plot(title, height=1.6)
    text = "\n".join(textwrap.wrap(plain(sentence), 80))
    figure.text(0.5, 0.4, text, ha="center", va="center", fontsize=FONT, color=INK)
    return figure


def dress(axes: Axes, x_label: str, y_label: str, grid: str = "y") -> None:
    """Give axes the common look.

    Args:
        axes: The axes.
        x_label: What lies along, with its unit.
        y_label: What lies upwards, with its unit.
        grid: `x`, `y`, `both`, or an empty text for no grid.
    """
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(labelsize=SMALL, color=GREY, labelcolor=INK)
    axes.set_xlabel(plain(x_label), fontsize=FONT, color=INK)
    axes.set_ylabel(plain(y_label), fontsize=FONT, color=INK)
    axes.set_axisbelow(True)
    if grid in ("x", "y", "both"):
        axes.grid(True, axis=grid, color=PALE, linewidth=0.6)  # type: ignore[arg-type]


def legend_above(axes: Axes, n_columns: int = 5) -> None:
    """Put the legend over the axes, where it hides no data.

    Args:
        axes: Axes with labelled artists.
        n_columns: Entries side by side.
    """
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
    """Write a remark in small letters at the right, under the axes.

    Args:
        axes: The axes.
        text: The remark; nothing is written if it is empty.
    """
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
    """Keep matplotlib from reading a text as a formula.

    Args:
        text: Any text.

    Returns:
        The same with every dollar sign escaped.
    """
    return text.replace("$", r"\$")


def shortened(text: str, length: int) -> str:
    """Cut a text that is too long for its place.

    Args:
        text: Any text.
        length: Characters that there is room for.

    Returns:
        The text, ending in `…` if it was cut.

    Example:
        >>> shortened("automobile", 5)
        'auto…'
    """
    return text if len(text) <= length else text[: length - 1] + "…"


def colours(values: Iterable[float], direction: StudyDirection) -> ScalarMappable:
    """Make the colours of values: the darker, the better.

    Args:
        values: At least one finite value.
        direction: Which way is better.

    Returns:
        Steps of viridis between the limits of `focus`.
    """
    low, high, n_outside = focus(values, direction)
    darker_up = direction == StudyDirection.MAXIMIZE
    steps = ListedColormap(SHADES[::-1] if darker_up else SHADES)
    if n_outside:  # the bar ends in a point
        steps.colorbar_extend = "min" if darker_up else "max"  # type: ignore[assignment]
    return ScalarMappable(Normalize(low, high), steps)


def sentence_of(figure: Figure) -> str:
    """Give the sentence that stands in a figure's place.

    Args:
        figure: The figure.

    Returns:
        The sentence; empty if there is something to see.
    """
    return "" if figure.axes else " ".join(figure.texts[-1].get_text().split())


def add_colour_bar(figure: Figure, axes: Axes, colour: ScalarMappable, label: str) -> None:
    """Explain the colours of values.

    Args:
        figure: The figure.
        axes: The axes that the bar stands beside.
        colour: The colours.
        label: What the values are.
    """
    bar = figure.colorbar(colour, ax=axes, pad=0.02, aspect=30)
    bar.set_label(plain(label), fontsize=FONT, color=INK)
    bar.ax.tick_params(labelsize=SMALL, color=GREY, labelcolor=INK)
    bar.outline.set_visible(False)


def jitter(numbers: Iterable[int], width: float) -> NDArray[np.float64]:
    """Spread marks that would lie on each other, the same way each time.

    Args:
        numbers: Trials.
        width: Of the whole strip.

    Returns:
        An offset for each trial, within half the width to both sides.
    """
    shares = np.fromiter(numbers, dtype=float) * 0.6180339887498949 % 1.0  # the golden ratio
    return (shares - 0.5) * width
