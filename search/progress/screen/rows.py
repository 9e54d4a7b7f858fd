"""Trials as rows of a table: its columns, their order, and the words that filter them."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from search.spaces.spec import Spec
from search.studies.trials import Trial
from search.text import number_text, printable, tenths, value_text

_CONDITION = re.compile(r"(?P<name>[^<>=]+)(?P<sign><=|>=|[<>=])(?P<bound>.+)")
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": float.__lt__,
    ">": float.__gt__,
    "<=": float.__le__,
    ">=": float.__ge__,
}


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Args:
        name: Its heading.
        value: Reads its value of a trial; None where there is none.
        text: Writes a value that is not None.
        is_number: Whether it stands on the right.
        descends: Whether the highest comes first when it is chosen to sort by.
    """

    name: str
    value: Callable[[Trial], Any]
    text: Callable[[Any], str]
    is_number: bool = True
    descends: bool = False

    def cell(self, trial: Trial) -> str:
        """Write a trial's cell, on one line."""
        value = self.value(trial)
        return "–" if value is None else " ".join(printable(self.text(value)).split())

    def key(self, trial: Trial) -> tuple[int, float, str]:
        """Place a trial among the others, numbers before texts."""
        value = self.value(trial)
        if isinstance(value, int | float) and math.isfinite(value):
            return 0, float(value), ""
        return 1, 0.0, str(value)


def columns_of(spec: Spec, trials: Collection[Trial]) -> list[Column]:
    """Choose the columns: who a trial is and how it does, then what tells it from others."""
    several = len(spec.metrics) > 1
    metric = spec.metric
    columns = [
        Column("trial", lambda trial: trial.number, str, descends=True),
        Column("state", lambda trial: trial.state, str, is_number=False),
        Column(
            metric.name,
            lambda trial: trial.value,
            number_text,
            descends=metric.direction == "maximize",
        ),
    ]
    columns += [_metric_column(one.name, one.direction) for one in spec.metrics[1:] if several]
    columns += [
        Column("epoch", lambda trial: trial.n_epochs, _epochs_writer(spec.epochs)),
        Column("seconds", lambda trial: trial.seconds, tenths, descends=True),
    ]
    if any(trial.candidate is not None for trial in trials):
        columns += [
            Column("candidate", lambda trial: trial.candidate, str),
            Column("repetition", lambda trial: trial.repetition, str),
        ]
    return columns + [_parameter_column(name, trials) for name in varying(spec, trials)]


def varying(spec: Spec, trials: Collection[Trial]) -> list[str]:
    """Name the parameters that differ between trials; all of them where none does."""
    names = dict.fromkeys([*spec.parameters, *(name for trial in trials for name in trial.params)])
    different = [name for name in names if len({t.params.get(name) for t in trials}) > 1]
    return different or list(names)


def arranged(
    trials: Iterable[Trial], columns: Sequence[Column], by: Column, *, turned: bool, words: str
) -> list[Trial]:
    """Pick the trials that fit the filter, sorted by a column; those without a value come last."""
    shown = [trial for trial in trials if fits(trial, columns, words)]
    shown.sort(key=lambda trial: trial.number, reverse=True)
    there = [trial for trial in shown if by.value(trial) is not None]
    there.sort(key=by.key, reverse=by.descends != turned)
    return there + [trial for trial in shown if by.value(trial) is None]


def fits(trial: Trial, columns: Sequence[Column], words: str) -> bool:
    """Tell whether a trial fits every word of a filter.

    Args:
        trial: The trial.
        columns: Those of the table.
        words: Each a part of some cell, of the reason or the note, or a condition on a column,
            such as `optimizer=sgd` or `val_accuracy>0.98`.

    Returns:
        Whether it does; case does not matter.
    """
    return all(_fits_word(trial, columns, word) for word in words.lower().split())


def _fits_word(trial: Trial, columns: Sequence[Column], word: str) -> bool:
    condition = _CONDITION.fullmatch(word)
    column = condition and next((c for c in columns if c.name.lower() == condition["name"]), None)
    if condition and column:
        return _holds(column, trial, condition["sign"], condition["bound"])
    cells = [column.cell(trial) for column in columns]
    return any(word in cell.lower() for cell in [*cells, trial.reason, trial.note])


def _holds(column: Column, trial: Trial, sign: str, bound: str) -> bool:
    value = column.value(trial)
    if sign == "=":
        return bound in {column.cell(trial).lower(), str(value).lower()}
    try:
        return value is not None and _SIGNS[sign](float(value), float(bound))
    except ValueError:
        return False


def _metric_column(name: str, direction: str) -> Column:
    return Column(
        name,
        lambda trial: trial.metrics.get(name),
        number_text,
        descends=direction == "maximize",
    )


def _parameter_column(name: str, trials: Iterable[Trial]) -> Column:
    values = [trial.params[name] for trial in trials if name in trial.params]
    is_number = all(isinstance(value, int | float) for value in values)

    def value(trial: Trial) -> Any:
        found = trial.params.get(name)
        return "null" if found is None and name in trial.params else found

    return Column(name, value, value_text, is_number=is_number)


def _epochs_writer(n_epochs: int | None) -> Callable[[Any], str]:
    return lambda number: f"{number}/{n_epochs}" if n_epochs else str(number)
