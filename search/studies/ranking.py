"""Orders trials: by their metric, or by Pareto fronts where a study has several metrics."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from optuna.study import StudyDirection

from search.studies.pareto import Points, front_ranks, knee
from search.studies.trials import Trial

Directions = Mapping[str, StudyDirection]
"""Which way each metric of a study is better, by name; the first one is the main one."""


def ranked(records: Sequence[Trial], directions: Directions) -> list[Trial]:
    """Order trials for a leaderboard.

    Args:
        records: In any order.
        directions: The study's metrics.

    Returns:
        COMPLETE trials by front and, within a front, by value; then PRUNED, RUNNING, INTERRUPTED
        and FAIL ones by value; of equal trials the earlier one comes first.
    """
    states = ["COMPLETE", "PRUNED", "RUNNING", "INTERRUPTED", "FAIL"]
    sign = _sign(next(iter(directions.values())))
    fronts = trial_fronts(records, directions) if len(directions) > 1 else {}

    def key(record: Trial) -> tuple[int, int, float, int]:
        value = math.inf if record.value is None else sign * record.value
        front = fronts.get(record.number, 0)
        return states.index(record.state), front, value, record.number

    return sorted(records, key=key)


def trial_fronts(records: Sequence[Trial], directions: Directions) -> dict[int, int]:
    """Sort complete trials into Pareto fronts.

    Args:
        records: Trials.
        directions: The study's metrics.

    Returns:
        The front of each complete trial by number, from 1; other trials are left out.
    """
    complete = [record for record in records if record.state == "COMPLETE"]
    ranks = front_ranks(_points(complete, directions))
    return {record.number: rank for record, rank in zip(complete, ranks, strict=True)}


def pareto_front(records: Sequence[Trial], directions: Directions) -> list[Trial]:
    """Pick the trials that no other one dominates.

    Args:
        records: Trials, best first.
        directions: The study's metrics.

    Returns:
        The complete trials of the first front, in the same order.
    """
    fronts = trial_fronts(records, directions)
    return [record for record in records if fronts.get(record.number) == 1]


def knee_trial(front: Sequence[Trial], directions: Directions) -> int | None:
    """Find the knee of a front, see `search.studies.pareto.knee`.

    Args:
        front: The complete trials on it.
        directions: The study's metrics.

    Returns:
        The number of a trial; None if there is none.
    """
    return front[knee(_points(front, directions))].number if front else None


def _points(records: Sequence[Trial], directions: Directions) -> Points:
    signs = [_sign(direction) for direction in directions.values()]
    values = [[record.metrics[name] for name in directions] for record in records]
    return np.array(values, dtype=float).reshape(-1, len(signs)) * signs


def _sign(direction: StudyDirection) -> float:
    return -1.0 if direction == StudyDirection.MAXIMIZE else 1.0
