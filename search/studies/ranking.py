"""Orders trials: by their metric, or by Pareto fronts where a study has several metrics."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from optuna.study import StudyDirection

from search.studies.trials import Trial

Directions = Mapping[str, StudyDirection]
"""Which direction of each metric of a study is better, by name; the first is the main one."""
Points = NDArray[np.float64]
"""Values, (N, M): N points of M objectives, all to be minimised."""


def ranked(trials: Sequence[Trial], directions: Directions) -> list[Trial]:
    """Order trials for a leaderboard.

    COMPLETE trials come by front and, within a front, by value; then PRUNED, RUNNING, INTERRUPTED
    and FAIL ones by value; of equal trials the earlier one comes first.
    """
    states = ["COMPLETE", "PRUNED", "RUNNING", "INTERRUPTED", "FAIL"]
    sign = _sign(next(iter(directions.values())))
    fronts = trial_fronts(trials, directions) if len(directions) > 1 else {}

    def key(trial: Trial) -> tuple[int, int, float, int]:
        value = math.inf if trial.value is None else sign * trial.value
        front = fronts.get(trial.number, 0)
        return states.index(trial.state), front, value, trial.number

    return sorted(trials, key=key)


def trial_fronts(trials: Sequence[Trial], directions: Directions) -> dict[int, int]:
    """Give the Pareto front, from 1, of each complete trial by number."""
    complete = [trial for trial in trials if trial.state == "COMPLETE"]
    ranks = front_ranks(_points(complete, directions))
    return {trial.number: rank for trial, rank in zip(complete, ranks, strict=True)}


def pareto_front(trials: Sequence[Trial], directions: Directions) -> list[Trial]:
    """Pick the complete trials that no other one dominates, in the order they are in."""
    fronts = trial_fronts(trials, directions)
    return [trial for trial in trials if fronts.get(trial.number) == 1]


def knee_trial(front: Sequence[Trial], directions: Directions) -> int | None:
    """Find the knee of a front of complete trials by number; None of an empty one."""
    return front[knee(_points(front, directions))].number if front else None


def _points(trials: Sequence[Trial], directions: Directions) -> Points:
    signs = [_sign(direction) for direction in directions.values()]
    values = [[trial.metrics[name] for name in directions] for trial in trials]
    return np.array(values, dtype=float).reshape(-1, len(signs)) * signs


def _sign(direction: StudyDirection) -> float:
    return -1.0 if direction == StudyDirection.MAXIMIZE else 1.0


def front_ranks(points: Points) -> list[int]:
    """Sort points into fronts: the first is dominated by none, the second by the first alone.

    One point dominates another if it is at least as good in every objective and better in one
    (nondominated sorting, Deb et al. 2002, doi:10.1109/4235.996017, section III A).

    Args:
        points: (N, M), finite; smaller is better.

    Returns:
        The front of each point, from 1; equal points share one.

    Example:
        >>> front_ranks(np.array([[1.0, 3.0], [3.0, 1.0], [3.0, 3.0], [4.0, 3.0]]))
        [1, 1, 2, 3]
    """
    if not len(points):
        return []
    # Rows are in lexicographic order, so that no later one dominates an earlier one.
    rows, places = np.unique(points, axis=0, return_inverse=True)
    ranks = _ranks_of_pairs(rows) if points.shape[1] == 2 else _ranks_by_peeling(rows)
    return [ranks[place] for place in places.reshape(-1)]


def _ranks_of_pairs(rows: Points) -> list[int]:
    """Rank pairs in O(N log N): a front dominates a row if its lowest second value does."""
    ranks, lowest = [], list[float]()
    for second in rows[:, 1].tolist():
        front = bisect_right(lowest, second)
        lowest[front : front + 1] = [second]
        ranks.append(front + 1)
    return ranks


def _ranks_by_peeling(rows: Points) -> list[int]:
    """Rank rows in O(N²), front by front."""
    ranks = np.zeros(len(rows), dtype=int)
    rank = 0
    while not ranks.all():
        rank += 1
        left = np.flatnonzero(ranks == 0)
        while left.size:
            ranks[left[0]] = rank
            left = left[(rows[left] < rows[left[0]]).any(axis=1)]
    return [int(rank) for rank in ranks]


def knee(points: Points) -> int:
    """Find the point of a front from which every further gain in one objective costs most.

    Each objective is scaled to [0, 1] over the front. Of two objectives, it is the point
    farthest from the line between the extremes, on the side of the ideal point (Das 1999,
    doi:10.1007/BF01195985); of more, the one nearest to the ideal point.

    Args:
        points: (N, M), a front of at least one point; smaller is better.

    Returns:
        Its row; of equally good ones that with the best first objective.

    Example:
        >>> knee(np.array([[0.0, 1.0], [0.2, 0.3], [0.6, 0.2], [1.0, 0.0]]))
        1
    """
    spans = np.ptp(points, axis=0)
    scaled = (points - points.min(axis=0)) / np.where(spans > 0, spans, 1.0)
    # The line x + y = 1 joins the extremes of two objectives.
    cost = scaled.sum(axis=1) if points.shape[1] == 2 else np.linalg.norm(scaled, axis=1)
    return int(np.lexsort((points[:, 0], cost.round(12)))[0])
