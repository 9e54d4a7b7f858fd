"""Picks the trials that a figure is of."""

from collections.abc import Iterable

from search.studies.record import TrialRecord
from search.studies.study import Study


def by_number(study: Study) -> list[TrialRecord]:
    """Read a study's trials in the order of their numbers.

    Args:
        study: The study.

    Returns:
        All that have begun.
    """
    return sorted(study.records(), key=lambda record: record.number)


def of_state(records: Iterable[TrialRecord], *states: str) -> list[TrialRecord]:
    """Pick trials by state.

    Args:
        records: The trials.
        *states: Which states.

    Returns:
        Those of them that have a value, in the same order.
    """
    return [r for r in records if r.state in states and r.value is not None]


def best_first(study: Study) -> list[TrialRecord]:
    """List the complete trials by their (first) metric alone.

    Args:
        study: The study.

    Returns:
        The best one first, the earlier one of equals.
    """
    complete = of_state(by_number(study), "COMPLETE")
    return sorted(complete, key=value_of, reverse=study.direction.name == "MAXIMIZE")


def value_of(record: TrialRecord) -> float:
    """Give the value of a trial that has one.

    Args:
        record: The trial.

    Returns:
        Its (first) metric at the epoch that counts.
    """
    assert record.value is not None
    return record.value
