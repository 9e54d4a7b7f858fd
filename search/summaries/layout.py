"""The parts that everything we print is made of, and one renderer for each format.

A subject's facts become parts: headings, named values, sentences and tables, whose cells are
texts as they are to be shown. The same parts become a text for a terminal, Markdown or LaTeX
(with the package `booktabs`); the page of a report lays them out by its own template. Whatever
they say is escaped here, so that nothing of a space file or an objective is read as markup.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Generic, TypeVar

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from search.columns import COLUMNS, PARAMETER_PREFIX
from search.studies.leaderboard import Row
from search.text import (
    escape_latex,
    escape_markdown,
    latex_table,
    markdown_table,
    new_table,
    plain_text,
    printable,
)

Facts = TypeVar("Facts")

LARGEST_MATRIX_SHOWN = 20
"""Classes up to which a matrix of classes is laid out; of more, it would fit no page."""

_HEADINGS = {"n_parameters": "weights", "value_se": "±", "tied_with_best": "tied"}
_WORDS = {"f1": "F1", "auroc": "AUROC", "n": ""}
_STATE_STYLES = {
    **{"COMPLETE": "green", "PRUNED": "yellow", "FAIL": "red", "RUNNING": "cyan"},
    "INTERRUPTED": "magenta",
}
_MEASURE = Console(width=10_000)
_FIELD_WIDTH = 12
"""Columns of a terminal that the name of a value takes, with the gap after it."""


@dataclass(frozen=True)
class Grid:
    """A table.

    Args:
        columns: Their headings.
        rows: The cells of each row, as many as there are columns; a cell may list items, each
            on a line.
        left: Columns whose cells are words.
        n_keys: How many columns name a row; they are repeated where a terminal is too narrow.
        bold: Numbers of the rows to stand out, from 0.
        tinted: Columns in another colour, where there are colours.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[str] = ()
    n_keys: int = 1
    bold: Sequence[int] = ()
    tinted: Sequence[str] = ()


@dataclass(frozen=True)
class Part:
    """One part of a document: what is given of it, in this order.

    Args:
        heading: What it is about; empty where the command that prints it says so.
        fields: Names and their values, which may be of several lines.
        sentences: A line each.
        grid: A table, shown if it has rows.
        verbatim: A text of several lines that is laid out already.
    """

    heading: str = ""
    sentences: Sequence[str] = ()
    grid: Grid | None = None
    fields: Sequence[tuple[str, str]] = ()
    verbatim: str = ""

    @property
    def table(self) -> Grid | None:
        """The table, if there is anything in it."""
        return self.grid if self.grid and self.grid.rows else None


@dataclass(frozen=True)
class Findings(Generic[Facts]):
    """What is found out about studies: data for programs, and the same laid out for people.

    A notebook shows what a command prints.

    Args:
        facts: Plain data, as `--json` prints it.
        parts: A document that tells of them.
        rows: The rows of a CSV file, where they are a table.
    """

    facts: Facts
    parts: Sequence[Part]
    rows: Sequence[Row] = ()

    def _repr_markdown_(self) -> str:
        return markdown_report(self.parts)


def heading(name: str) -> str:
    """Write the name of a metric or column of the leaderboard in words."""
    if name in _HEADINGS:
        return _HEADINGS[name]
    words = name.removeprefix(PARAMETER_PREFIX).split("_")
    return " ".join(_WORDS.get(word, word) for word in words).strip() or name


def headings(columns: Sequence[str]) -> list[str]:
    """Write the names of a leaderboard's columns in words, no two alike.

    A parameter and a metric may share their name, as `learning_rate` does; then each says
    which it is.
    """
    words = [heading(name) for name in columns]
    met = Counter(words)
    told = [
        f"{word}{_what_it_is(name)}" if met[word] > 1 else word
        for name, word in zip(columns, words, strict=True)
    ]
    again = Counter(told)
    return [name if again[text] > 1 else text for name, text in zip(columns, told, strict=True)]


def _what_it_is(column: str) -> str:
    if column.startswith(PARAMETER_PREFIX):
        return " (parameter)"
    return "" if column in COLUMNS else " (metric)"


def text_report(parts: Sequence[Part], width: int) -> RenderableType:
    """Lay out a document for a terminal; what does not fit one table goes on in the next."""
    blocks: list[RenderableType] = []
    for part in parts:
        lines = [plain_text(part.heading, "bold underline")] if part.heading else []
        lines += [_field(*field, width) for field in part.fields]
        lines += map(plain_text, part.sentences)
        tables = _tables(part.table, width) if part.table else []
        shown = [*([Group(*lines)] if lines else []), *tables]
        if part.verbatim:
            verbatim = plain_text(part.verbatim)
            verbatim.no_wrap, verbatim.overflow = True, "ignore"
            shown.append(verbatim)
        blocks += [block for each in shown for block in (each, Text())]
    return Group(*blocks[:-1])


def _field(name: str, value: str, width: int) -> Text:
    """Write a name and its value, further lines of which begin below its first."""
    words = plain_text(value).wrap(_MEASURE, max(width - _FIELD_WIDTH, 20))
    indented = f"\n{' ' * _FIELD_WIDTH}".join(line.plain.rstrip() for line in words)
    return plain_text(f"{name:<{_FIELD_WIDTH - 1}} {indented}")


def _tables(grid: Grid, width: int) -> list[RenderableType]:
    """Cut a table into ones that fit a width, at least one column beside the keys."""
    tables: list[RenderableType] = []
    keys, left = list(range(grid.n_keys)), list(range(grid.n_keys, len(grid.columns)))
    while left:
        n_taken = len(left)
        while n_taken > 1 and _width(grid, keys + left[:n_taken]) > width:
            n_taken -= 1
        tables.append(_table(grid, keys + left[:n_taken]))
        left = left[n_taken:]
    return tables or [_table(grid, keys)]


def _width(grid: Grid, places: Sequence[int]) -> int:
    return Measurement.get(_MEASURE, _MEASURE.options, _table(grid, places)).maximum


def _table(grid: Grid, places: Sequence[int]) -> Table:
    table = new_table()
    for place in places:
        name = grid.columns[place]
        is_left = name in grid.left
        table.add_column(
            plain_text(name.replace(" ", "\n")),
            justify="left" if is_left else "right",
            style="cyan" if name in grid.tinted else None,
            no_wrap=not is_left,
        )
    for number, row in enumerate(grid.rows):
        cells = [_cell(grid.columns[place], row[place]) for place in places]
        table.add_row(*cells, style="bold" if number in grid.bold else None)
    return table


def _cell(column: str, cell: str) -> Text:
    return plain_text(cell, _STATE_STYLES.get(cell, "") if column == "state" else "")


def markdown_report(parts: Sequence[Part]) -> str:
    """Write a document as Markdown."""
    blocks: list[str] = []
    for part in parts:
        lines = [*_field_lines(part), *part.sentences]
        blocks += [f"## {escape_markdown(part.heading)}\n"] if part.heading else []
        blocks += ["".join(f"- {escape_markdown(line)}\n" for line in lines)] if lines else []
        if part.table:
            grid = part.table
            blocks.append(markdown_table(grid.columns, grid.rows, grid.left, grid.bold))
        if part.verbatim:
            blocks.append(indent(printable(part.verbatim), "    ") + "\n")
    return "\n".join(blocks)


def latex_report(parts: Sequence[Part]) -> str:
    """Write a document as LaTeX, to be put into one that loads `booktabs`."""
    blocks = ["% needs \\usepackage{booktabs}\n"]
    for part in parts:
        lines = [f"{escape_latex(line)}\n" for line in [*_field_lines(part), *part.sentences]]
        if part.heading and not part.table:
            blocks.append(f"\\paragraph{{{escape_latex(part.heading)}}}\n")
        blocks += lines
        if part.table:
            blocks.append(_latex_float(part.heading, part.table))
        if part.verbatim:
            text = printable(part.verbatim).replace("\\end{verbatim}", "\\end {verbatim}")
            blocks.append(f"\\begin{{verbatim}}\n{text}\n\\end{{verbatim}}\n")
    return "\n".join(blocks)


def _latex_float(caption: str, grid: Grid) -> str:
    table = latex_table(grid.columns, grid.rows, grid.left, grid.bold)
    titled = f"\\caption{{{escape_latex(caption)}}}\n" if caption else ""
    return f"\\begin{{table}}\n\\centering\n{titled}{table}\\end{{table}}\n"


def _field_lines(part: Part) -> list[str]:
    return [f"{name}: {value}" for name, value in part.fields]


WRITERS: dict[str, Callable[[Sequence[Part]], str]] = {
    "md": markdown_report,
    "latex": latex_report,
}
"""How a document is written for elsewhere than a terminal, by the name of the format."""
