"""Where a session stands, as text and as a live table for a terminal of any size.

It shows trials by state, the best so far, speed and time left. A session of this process tells
it what happens (`terminal`), a watcher of another one what it reads (`watching`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.table import Table
from rich.text import Text

from search.spaces.spec import Spec
from search.studies.trials import Trial
from search.text import (
    format_duration,
    new_table,
    number_text,
    plain_text,
    printable,
    tenths,
    value_text,
)

_WORDS = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}

_CTRL_C = 2
"""Columns left free on the right, as a terminal writes `^C` where the cursor is."""

_GAP = 2
"""Columns between those of the table."""


class Standing:
    """What is known of a session; `elapsed_s` tells for how many seconds it has run."""

    def __init__(self, spec: Spec, elapsed_s: Callable[[], float]) -> None:
        self.spec = spec
        self.elapsed_s = elapsed_s
        self.paused = False
        self.running: dict[int, Trial] = {}
        self.counts = dict.fromkeys(_WORDS, 0)
        self.n_epochs = 0
        self.n_workers = 1
        self.n_finished_here = self.n_trained_here = 0
        self._latest: dict[int, tuple[int, float]] = {}
        self._values: dict[int, float] = {}

    def count(self, trial: Trial) -> None:
        """Take in a trial that has ended, in this session or an earlier one."""
        self.running.pop(trial.number, None)
        self._latest.pop(trial.number, None)
        if trial.state in self.counts:
            self.counts[trial.state] += 1
        if trial.state == "COMPLETE" and trial.value is not None:
            self._values[trial.number] = trial.value
        else:
            self._values.pop(trial.number, None)

    def finish(self, trial: Trial) -> None:
        """Take in a trial that has ended in this session, or was left for a later one."""
        self.n_finished_here += trial.state in self.counts
        self.n_trained_here += trial.state in {"COMPLETE", "PRUNED"}
        self.count(trial)

    def note_running(self, trial: Trial) -> None:
        """Take in a running trial with the epochs that are recorded."""
        self.running[trial.number] = trial
        self.n_workers = max(self.n_workers, len(self.running))
        for epoch, value in sorted(trial.values.items()):
            self.note_epoch(trial.number, epoch, value)

    def note_epoch(self, number: int, epoch: int, value: float) -> None:
        """Take in the newest epoch of a running trial, with its (first) metric."""
        self._latest[number] = epoch, value
        best = self._values.get(number)
        is_last = self.spec.metric.reduce == "last"
        if is_last or best is None or self._sign * value > self._sign * best:
            self._values[number] = value

    @property
    def best(self) -> tuple[float, int] | None:
        """Value and number of the best complete or running trial, None if there is none."""
        ranked = ((value, number) for number, value in self._values.copy().items())
        return max(ranked, key=lambda pair: (self._sign * pair[0], -pair[1]), default=None)

    def headline(self) -> list[str]:
        """Say part by part: trials done and wanted, by state, best value, speed and time left."""
        parts = [f"{self.spec.study} {self._done()} trials", f"{len(self.running)} running"]
        parts += ["paused"] if self.paused else []
        parts += [f"{self.counts[state]} {word}" for state, word in _WORDS.items()]
        best = self.best
        if best is not None:
            parts.append(f"best {self.spec.metric.name} {number_text(best[0])} (trial {best[1]})")
        elapsed_s = max(self.elapsed_s(), 1e-9)
        parts.append(f"{tenths(self.n_epochs / elapsed_s)} epochs/s")
        parts.append(f"{format_duration(elapsed_s)} elapsed{self._left(elapsed_s)}")
        return parts

    def finished_line(self, trial: Trial) -> str:
        """Say in one line how a trial that is taken in has ended, and which one is the best."""
        metric = self.spec.metric.name
        value = "" if trial.value is None else f" {metric}={number_text(trial.value)}"
        epoch = f" at epoch {trial.best_epoch} of {trial.n_epochs}" if trial.best_epoch else ""
        reason = f" ({trial.reason})" if trial.failure else ""
        seconds = f", {tenths(trial.seconds)} s" if trial.seconds is not None else ""
        leader = self.best
        best = f", best {number_text(leader[0])} in trial {leader[1]}" if leader else ""
        end = f"[{self._done()}] trial {trial.number} {trial.state}"
        return f"{end}{value}{epoch}{seconds}{best}{reason}"

    def view(self, note: str = "") -> "LiveView":
        """Lay out the running trials, the headline below, and what the session is about to do."""
        trials = [self._shown(trial) for _, trial in sorted(self.running.copy().items())]
        return LiveView(
            self.spec.metric.name, [*self.spec.parameters], trials, self.headline(), note
        )

    def _shown(self, trial: Trial) -> "RunningTrial":
        epoch, value = self._latest.get(trial.number, (0, None))
        of = f"/{self.spec.epochs}" if self.spec.epochs else ""
        return RunningTrial(trial.number, f"{epoch}{of}", number_text(value), trial.params)

    @property
    def _sign(self) -> int:
        return 1 if self.spec.metric.direction == "maximize" else -1

    def _done(self) -> str:
        wanted = self.spec.budget.trials
        return f"{sum(self.counts.values())}{f'/{wanted}' if wanted else ''}"

    def _left(self, elapsed_s: float) -> str:
        """Say how much longer it takes, from the trials that have ended here or the budget."""
        budget, done = self.spec.budget, sum(self.counts.values())
        if budget.trials is not None and done >= budget.trials:
            return ""
        limit_s = math.inf if budget.time is None else max(budget.time - elapsed_s, 0.0)
        estimate_s = math.inf
        # The first trials of a set of workers end one soon after the other.
        if budget.trials is not None and self.n_trained_here >= self.n_workers:
            estimate_s = (budget.trials - done) * elapsed_s / self.n_finished_here
        if estimate_s == limit_s == math.inf:
            return ""
        word = "about" if estimate_s < limit_s else "at most"
        return f", {word} {format_duration(max(round(min(estimate_s, limit_s)), 1))} left"


@dataclass(frozen=True)
class RunningTrial:
    """What is shown of a running trial; `value` is its (first) metric at its newest epoch."""

    number: int
    epoch: str
    value: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class LiveView:
    """Something rich can print, in the place that there is: a table of trials above a headline."""

    metric: str
    parameters: Sequence[str]
    trials: Sequence[RunningTrial]
    headline: Sequence[str]
    note: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See rich: the table gives way to the lines below it."""
        width = max(options.max_width - _CTRL_C, 1)
        texts = [plain_text(line) for line in fold_parts(self.headline, width)]
        texts += [plain_text(self.note, "bold")] if self.note else []
        below = [line for text in texts for line in text.wrap(console, width)]
        columns = self._columns(width)
        n_rows = options.max_height - len(below) - max(c.n_words for c in columns) - 2
        n_shown = len(self.trials) if len(self.trials) <= n_rows else max(n_rows - 1, 0)
        if n_shown:
            yield _table(columns, n_shown)
            n_more = len(self.trials) - n_shown
            yield from [plain_text(f"and {n_more} more")] if n_more else []
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
    return " ".join(printable(value_text(params[name])).split()) if name in params else "–"


def _table(columns: Sequence[_Column], n_rows: int) -> Table:
    table = new_table()
    for column in columns:
        table.add_column(
            plain_text(column.heading),
            justify=column.justify,
            vertical="bottom",
            no_wrap=True,
            min_width=max(map(cell_len, column.cells)),
        )
    for number in range(n_rows):
        table.add_row(*(plain_text(column.cells[number]) for column in columns))
    return table
