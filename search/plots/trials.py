"""Picks the trials that a figure is of."""

from collections.abc import Iterable, Sequence

from optuna.study import StudyDirection

from search.plots.limits import focus, with_margin
from search.studies.reader import StudyReader
from search.studies.trials import Trial

_LITTLE_MORE = 1.5


def by_number(study: StudyReader) -> list[Trial]:
    """Read a study's trials in the order of their numbers.

    Args:
        study: The study.

    Returns:
        All that have begun.
    """
    return sorted(study.trials(), key=lambda record: record.number)


def of_state(records: Iterable[Trial], *states: str) -> list[Trial]:
    """Pick trials by state.

    Args:
        records: The trials.
        *states: Which states.

    Returns:
        Those of them that have a value, in the same order.
    """
    return [r for r in records if r.state in states and r.value is not None]


def best_first(study: StudyReader) -> list[Trial]:
    """List the complete trials by their (first) metric alone.

    Args:
        study: The study.

    Returns:
        The best one first, the earlier one of equals.
    """
    complete = of_state(by_number(study), "COMPLETE")
    return sorted(complete, key=value_of, reverse=study.direction.name == "MAXIMIZE")


def differing(study: StudyReader, records: Iterable[Trial]) -> list[str]:
    """Name the parameters of a space that differ between trials.

    Args:
        study: The study.
        records: The trials; what one does not have says nothing.

    Returns:
        Those of at least two values, in the order of the space.
    """
    met: dict[str, set[str]] = {name: set() for name in study.spec.parameters}
    for record in records:
        for name, value in record.params.items():
            met.get(name, set()).add(repr(value))
    return [name for name, values in met.items() if len(values) > 1]


def value_limits(records: Sequence[Trial], direction: StudyDirection) -> tuple[float, float]:
    """Choose the limits of an axis of values, see `focus`.

    Args:
        records: At least one trial that has a value.
        direction: Which way is better.

    Returns:
        Limits for the complete ones, as the value that others were stopped at compares with none
        of those; they hold all trials where these take little more room, and any better one.
    """
    complete = of_state(records, "COMPLETE")
    every = [value_of(record) for record in records]
    shown = [value_of(record) for record in complete] if len(complete) > 2 else every
    low, high, _ = focus(shown, direction)
    better = max if direction == StudyDirection.MAXIMIZE else min
    kept = [*(value for value in shown if low <= value <= high), better(every)]
    if max(every) - min(every) < _LITTLE_MORE * (max(kept) - min(kept)):
        kept = every
    return with_margin(min(kept), max(kept))


def value_of(record: Trial) -> float:
    """Give the value of a trial that has one.

    Args:
        record: The trial.

    Returns:
        Its (first) metric at the epoch that counts.
    """
    assert record.value is not None
    return record.value
