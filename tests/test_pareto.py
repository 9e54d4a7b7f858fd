"""Fronts and knees of points, against a plain definition of dominance."""

import time

import numpy as np
import pytest

from search.studies.ranking import Points, front_ranks, knee


def dominates(one: Points, other: Points) -> bool:
    return bool((one <= other).all() and (one < other).any())


def plain_ranks(points: Points) -> list[int]:
    """Peel fronts off by the definition."""
    ranks = [0] * len(points)
    rank = 0
    while 0 in ranks:
        rank += 1
        left = [i for i, r in enumerate(ranks) if r == 0]
        for i in left:
            if not any(dominates(points[j], points[i]) for j in left):
                ranks[i] = rank
    return ranks


@pytest.mark.parametrize("n_objectives", [1, 2, 3, 4])
@pytest.mark.parametrize("n_levels", [3, 1000])
def test_front_ranks_equal_those_of_the_definition(n_objectives: int, n_levels: int) -> None:
    for seed in range(10):
        generator = np.random.default_rng(seed)
        points = generator.integers(n_levels, size=(30, n_objectives)).astype(float)
        assert front_ranks(points) == plain_ranks(points)


def test_front_ranks_of_no_points_is_empty() -> None:
    assert front_ranks(np.empty((0, 2))) == []


@pytest.mark.parametrize("kind", ["cloud", "one front", "a front each"])
def test_front_ranks_of_many_points_are_fast(kind: str) -> None:
    x = np.random.default_rng(0).random((5_000, 2))
    if kind != "cloud":
        x[:, 1] = 1 - x[:, 0] if kind == "one front" else x[:, 0]
    started = time.perf_counter()
    ranks = front_ranks(x)
    assert time.perf_counter() - started < 5
    # A cloud of N points has about 2 √N fronts (the longest increasing subsequence of a shuffle).
    low, high = {"cloud": (110, 150), "one front": (1, 1), "a front each": (5_000, 5_000)}[kind]
    assert low <= max(ranks) <= high


def test_knee_lies_where_the_front_bends() -> None:
    x = np.linspace(0, 1, 101)
    points = np.stack([x, (1 - x) ** 4], axis=1)
    # There the front falls as steeply as the line between its ends: 4 (1 - x)^3 = 1.
    assert points[knee(points), 0] == pytest.approx(1 - 0.25 ** (1 / 3), abs=0.01)


def test_knee_does_not_depend_on_units() -> None:
    points = np.array([[0.0, 9.0], [2.0, 2.0], [5.0, 1.0], [9.0, 0.0]])
    assert knee(points) == knee(points * [1e-6, 1e6] + [5.0, -3.0]) == 1


def test_knee_of_three_objectives_is_nearest_to_the_ideal_point() -> None:
    points = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.3, 0.4, 0.3]])
    assert knee(points) == 3


@pytest.mark.parametrize(
    ("points", "row"),
    [
        ([[3.0, 4.0]], 0),
        ([[3.0, 4.0], [3.0, 4.0]], 0),
        ([[4.0, 3.0], [3.0, 4.0]], 1),
        ([[0.0, 1.0], [0.8, 0.8], [1.0, 0.0]], 0),
    ],
    ids=["one point", "equal points", "two points", "a front that bends away"],
)
def test_knee_of_a_front_without_one_is_the_best_of_the_first_objective(
    points: list[list[float]], row: int
) -> None:
    assert knee(np.array(points)) == row
