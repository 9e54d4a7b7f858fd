"""Lays out a run on a terminal of any size: its running trials, and where it stands below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.table import Table
from rich.text import Text

from search.text import new_table, value_text

_CTRL_C = 2
"""Columns left free on the right, as a terminal writes `^C` where the cursor is."""

_GAP = 2
"""Columns between those of the table."""


@dataclass(frozen=True)
class RunningTrial:
    """What is shown of a running trial.

    Args:
        number: The trial.
        epoch: Its newest epoch, of how many.
        value: The (first) metric there.
        params: Its parameters.
    """

    number: int
    epoch: str
    value: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class LiveView:
    """Something rich can print: it takes the place that there is, and no more.

    Args:
        metric: The (first) metric.
        parameters: Their names, in the order of the space.
        trials: The running trials.
        headline: Where the run stands, part by part.
        note: What the run is about to do, if that is to be said.
    """

    metric: str
    parameters: Sequence[str]
    trials: Sequence[RunningTrial]
    headline: Sequence[str]
    note: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See rich: the table gives way to the lines below it."""
        width = max(options.max_width - _CTRL_C, 1)
        texts = [Text(line) for line in fold_parts(self.headline, width)]
        texts += [Text(self.note, style="bold")] if self.note else []
        below = [line for text in texts for line in text.wrap(console, width)]
        columns = self._columns(width)
        n_rows = options.max_height - len(below) - max(c.n_words for c in columns) - 2
        n_shown = len(self.trials) if len(self.trials) <= n_rows else max(n_rows - 1, 0)
        if n_shown:
            yield _table(columns, n_shown)
            n_more = len(self.trials) - n_shown
            yield from [Text(f"and {n_more} more")] if n_more else []
            yield Text()
        yield from below

    def _columns(self, width: int) -> list["_Column"]:
        """Choose what to show: who a trial is and how it does, then what tells it from others."""
        trials = self.trials
        columns = [
            _Column("trial", [str(trial.number) for trial in trials], justify="right"),
            _Column("epoch", [trial.epoch for trial in trials], justify="right"),
            _Column(self.metric, [trial.value for trial in trials], justify="right"),
        ]
        width -= sum(column.width + _GAP for column in columns)
        there = dict.fromkeys(name for trial in trials for name in trial.params)
        names = [*(name for name in self.parameters if name in there), *there]
        parameters = [
            _Column(name, [_cell(trial.params, name) for trial in trials])
            for name in dict.fromkeys(names)
        ]
        fitting = []
        for column in sorted(parameters, key=lambda column: -column.n_values):
            if column.width <= width:
                fitting.append(column)
                width -= column.width + _GAP
        return [*columns, *(column for column in parameters if column in fitting)]


def fold_parts(parts: Sequence[str], width: int) -> list[str]:
    """Join parts to lines of a width.

    Args:
        parts: Short texts.
        width: Columns; a part that is longer has a line of its own.

    Returns:
        The lines.

    Example:
        >>> fold_parts(["toy 3/9 trials", "1 running", "2 complete"], 26)
        ['toy 3/9 trials · 1 running', '2 complete']
    """
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(longer := f"{lines[-1]} · {part}") <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


class _Column:
    """A column of the table; its heading takes a line for each word of its name."""

    def __init__(self, name: str, cells: list[str], justify: JustifyMethod = "left") -> None:
        words = name.split("_")
        self.heading = "\n".join(words)
        self.cells = cells
        self.justify = justify
        self.n_words = len(words)
        self.n_values = len(set(cells))
        self.width = max(map(cell_len, [*words, *cells]))


def _cell(params: Mapping[str, Any], name: str) -> str:
    return " ".join(value_text(params[name]).split()) if name in params else "–"


def _table(columns: Sequence[_Column], n_rows: int) -> Table:
    table = new_table()
    for column in columns:
        table.add_column(
            Text(column.heading),
            justify=column.justify,
            vertical="bottom",
            no_wrap=True,
            min_width=max(map(cell_len, column.cells)),
        )
    for number in range(n_rows):
        table.add_row(*(Text(column.cells[number]) for column in columns))
    return table
