"""Pareto fronts and their knees: pure functions of points, nothing of trials or studies.

Points are rows of values of which every one is the better the smaller it is.
"""

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Values, (N, M): N points of M objectives, all to be minimised."""


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
