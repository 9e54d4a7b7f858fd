"""Charts in text: series of points between two axes that tell where they begin and end."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from search.progress.screen.canvas import Canvas
from search.text import bound_text, number_text, plain_text

FAINT = "dim"


@dataclass(frozen=True)
class Series:
    """Points of one look.

    Args:
        points: Their places on both axes.
        style: As rich names it.
        is_line: Whether each is joined to the next one.
    """

    points: Sequence[tuple[float, float]]
    style: str
    is_line: bool = False


@dataclass(frozen=True)
class Axis:
    """What the points are drawn over.

    Args:
        low: Where it begins.
        high: Where it ends.
        ticks: What stands beside it, by place from `low` to `high`.
    """

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]

    def share(self, place: float) -> float:
        """Tell how far from its begin a place lies, from 0 to 1."""
        return (place - self.low) / (self.high - self.low) if self.high > self.low else 0.5


def axis_of(places: Sequence[float], text: Callable[[float], str] = bound_text) -> Axis:
    """Span numbers, with the ends for ticks."""
    low, high = min(places), max(places)
    ticks = [(low, text(low)), (high, text(high))]
    return Axis(low, high, ticks if high > low else ticks[:1])


def value_axis(values: Sequence[float]) -> Axis:
    """Span values, leaving out what lies so far off that it would press the others flat.

    What is left out is drawn at the edge.
    """
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    if len(ordered) >= 20:
        first, third = ordered[len(ordered) // 4], ordered[3 * len(ordered) // 4]
        reach = 1.5 * (third - first)
        if reach > 0:
            low, high = max(low, first - reach), min(high, third + reach)
    return axis_of([low, high], number_text)


def draw(series: Sequence[Series], x: Axis, y: Axis, size: tuple[int, int]) -> Text:
    """Draw series over two axes.

    Args:
        series: The later ones over the earlier ones.
        x: The axis below.
        y: The axis on the left.
        size: Columns and lines that there are.

    Returns:
        The lines; empty where there is no place for a chart.
    """
    width, height = size
    margin = max(cell_len(text) for _, text in y.ticks) + 1
    if width - margin < 4 or height < 3:
        return Text()
    canvas = Canvas(width - margin, height - 1)
    for one in series:
        places = [(x.share(across), y.share(up)) for across, up in one.points if _fits(across, up)]
        for number, place in enumerate(places):
            before = places[max(number - 1, 0)] if one.is_line else place
            canvas.line(before, place, one.style)
    labels = {round((1 - y.share(at)) * (height - 2)): text for at, text in y.ticks}
    lines = [
        Text.assemble((f"{labels.get(number, ''):>{margin - 1}}│", FAINT), line)
        for number, line in enumerate(canvas.lines())
    ]
    return plain_text("\n").join(
        [*lines, plain_text(" " * margin + _ruler(x, width - margin), FAINT)]
    )


def _fits(*numbers: float) -> bool:
    return all(math.isfinite(number) for number in numbers)


def _ruler(x: Axis, width: int) -> str:
    """Write the ticks of the axis below, each around its place, as far as they fit."""
    line = ""
    for at, text in sorted(x.ticks):
        middle = x.share(at) * (width - 1)
        start = min(max(round(middle - (cell_len(text) - 1) / 2), 0), width - cell_len(text))
        if start >= cell_len(line) + bool(line):
            line += " " * (start - cell_len(line)) + text
    return line
