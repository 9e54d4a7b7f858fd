"""Draws points and lines with the dots of braille, eight to a character."""

from collections.abc import Sequence

from rich.text import Text

_BLANK = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot of a character, by its row from the top and its column."""


class Canvas:
    """A field of dots, two a column of the terminal and four a line.

    Args:
        width: Columns, at least 1.
        height: Lines, at least 1.
    """

    def __init__(self, width: int, height: int) -> None:
        self.n_across, self.n_up = 2 * width, 4 * height
        self._cells = [[0] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]

    def dot(self, x: float, y: float, style: str) -> None:
        """Set a dot at a place from 0 to 1, from the left and below; the last style stays."""
        across = min(max(round(x * (self.n_across - 1)), 0), self.n_across - 1)
        down = min(max(round((1 - y) * (self.n_up - 1)), 0), self.n_up - 1)
        self._cells[down // 4][across // 2] |= _DOTS[down % 4][across % 2]
        self._styles[down // 4][across // 2] = style

    def line(self, begin: tuple[float, float], end: tuple[float, float], style: str) -> None:
        """Set the dots from one place to another."""
        (x, y), (to_x, to_y) = begin, end
        steps = round(max(abs(to_x - x) * self.n_across, abs(to_y - y) * self.n_up)) or 1
        for step in range(steps + 1):
            part = step / steps
            self.dot(x + part * (to_x - x), y + part * (to_y - y), style)

    def lines(self) -> list[Text]:
        """Give the lines from the top, with as few changes of style as they need."""
        return list(map(_joined, self._cells, self._styles))


def _joined(row: Sequence[int], styles: Sequence[str]) -> Text:
    line, style, run = Text(), "", ""
    for bits, wanted in zip(row, styles, strict=True):
        if bits and wanted != style:
            line.append(run, style)
            style, run = wanted, ""
        run += chr(_BLANK + bits)
    return line.append(run, style)
