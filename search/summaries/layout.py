"""Parts of a report – a heading, sentences, a table – and how they are written.

The same parts become a text for a terminal, Markdown or LaTeX (with the package `booktabs`).
What they say comes from elsewhere; cells arrive as they are to be shown.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.text import Text

from search.studies.leaderboard import COLUMNS, PARAMETER_PREFIX
from search.text import escape_latex, new_table

_WORDS = {"f1": "F1", "auroc": "AUROC", "n": ""}
_MEASURE = Console(width=10_000)
_LATEX_SIGNS = {"–": "--", "→": "$\\to$", "×": "$\\times$"}


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
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[str] = ()
    n_keys: int = 1
    bold: Sequence[int] = ()


@dataclass(frozen=True)
class Part:
    """One part of a report.

    Args:
        heading: What it is about.
        sentences: A line each, before the table.
        grid: The table, if there is one.
    """

    heading: str
    sentences: Sequence[str] = ()
    grid: Grid | None = None


def heading(name: str) -> str:
    """Write the name of a metric or column as a heading.

    Args:
        name: As the leaderboard has it.

    Returns:
        The same in words.

    Example:
        >>> heading("val_f1"), heading("n_parameters"), heading("params_kernel_size")
        ('val F1', 'parameters', 'kernel size')
    """
    words = name.removeprefix(PARAMETER_PREFIX).split("_")
    return " ".join(_WORDS.get(word, word) for word in words).strip() or name


def headings(columns: Sequence[str]) -> list[str]:
    """Write the names of a leaderboard's columns as headings, no two alike.

    A parameter and a metric may share their name, as `learning_rate` does.

    Args:
        columns: As the leaderboard has them.

    Returns:
        A heading for each; of those that would be alike, each says what it is.

    Example:
        >>> headings(["trial", "learning_rate", "params_learning_rate"])
        ['trial', 'learning rate (metric)', 'learning rate (parameter)']
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
    """Lay out a report for a terminal.

    Args:
        parts: The report.
        width: Columns of the terminal; what does not fit one table goes on in the next.

    Returns:
        Something rich can print.
    """
    shown: list[RenderableType] = []
    for part in parts:
        shown += [Text(part.heading, style="bold underline"), *map(Text, part.sentences)]
        for table in _tables(part.grid, width) if part.grid and part.grid.rows else []:
            shown += [Text(), table]
        shown.append(Text())
    return Group(*shown[:-1])


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
    table = _table(grid, places)
    return Measurement.get(_MEASURE, _MEASURE.options, table).maximum


def _table(grid: Grid, places: Sequence[int]) -> RenderableType:
    table = new_table()
    for place in places:
        name = grid.columns[place]
        words, is_left = name.replace(" ", "\n"), name in grid.left
        table.add_column(words, justify="left" if is_left else "right", no_wrap=not is_left)
    for number, row in enumerate(grid.rows):
        cells = [Text(row[place]) for place in places]
        table.add_row(*cells, style="bold" if number in grid.bold else None)
    return table


def markdown_report(parts: Sequence[Part]) -> str:
    """Write a report as Markdown.

    Args:
        parts: The report.

    Returns:
        Its text.
    """
    blocks: list[str] = []
    for part in parts:
        blocks.append(f"## {_escape_markdown(part.heading)}")
        if part.sentences:
            blocks.append("\n".join(f"- {_escape_markdown(line)}" for line in part.sentences))
        if part.grid and part.grid.rows:
            blocks.append(_markdown_table(part.grid))
    return "\n\n".join(blocks) + "\n"


def _markdown_table(grid: Grid) -> str:
    rule = [":---" if name in grid.left else "---:" for name in grid.columns]
    rows = [[_escape_markdown(cell) for cell in row] for row in (grid.columns, *grid.rows)]
    for number in grid.bold:
        rows[number + 1] = [f"**{cell}**" if cell else cell for cell in rows[number + 1]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [rows[0], rule, *rows[1:]])


def _escape_markdown(text: str) -> str:
    for character in "\\|*_<`":
        text = text.replace(character, "\\" + character)
    return text.replace("\n", ", ")


def latex_report(parts: Sequence[Part]) -> str:
    """Write a report as LaTeX, a `table` for each table.

    Args:
        parts: The report.

    Returns:
        Its text, to be put into a document that loads `booktabs`.
    """
    blocks = ["% needs \\usepackage{booktabs}"]
    for part in parts:
        lines = [_latex(line) for line in part.sentences]
        if part.grid and part.grid.rows:
            blocks += ["\n\n".join(lines)] if lines else []
            blocks.append(_latex_table(part.heading, part.grid))
        else:
            blocks.append("\n\n".join([f"\\paragraph{{{_latex(part.heading)}}}", *lines]))
    return "\n\n".join(blocks) + "\n"


def _latex_table(caption: str, grid: Grid) -> str:
    aligns = "".join("l" if name in grid.left else "r" for name in grid.columns)
    rows = [[_latex(cell) for cell in row] for row in (grid.columns, *grid.rows)]
    for number in grid.bold:
        rows[number + 1] = [f"\\textbf{{{cell}}}" if cell else cell for cell in rows[number + 1]]
    head, *body = [f"{' & '.join(cells)} \\\\" for cells in rows]
    return "\n".join(
        [
            "\\begin{table}",
            "\\centering",
            f"\\caption{{{_latex(caption)}}}",
            f"\\begin{{tabular}}{{{aligns}}}",
            "\\toprule",
            head,
            "\\midrule",
            *body,
            "\\bottomrule",
            "\\end{tabular}",
            "\\end{table}",
        ]
    )


def _latex(text: str) -> str:
    text = escape_latex(text.replace("\n", ", "))
    for sign, command in _LATEX_SIGNS.items():
        text = text.replace(sign, command)
    return text


WRITERS: dict[str, Callable[[Sequence[Part]], str]] = {
    "md": markdown_report,
    "latex": latex_report,
}
"""How a report is written for elsewhere than a terminal, by the name of the format."""
