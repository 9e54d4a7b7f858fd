"""Judges methods: how good the configuration is that each would give after so much time."""

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.quality.methods import METHODS
from tests.benchmarks.quality.simulated import Landscape, Seen
from tests.benchmarks.quality.tables import ABSENT

N_MOMENTS = 24
"""At how many moments of the budget a search is looked at, evenly spaced, the last at its end."""
_FULL_TRIALS = 40
"""What the budget pays for: so many trials of the mean cost of the grid."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What methods are compared on.

    Args:
        table: The name of the table.
        n_workers: Virtual workers.
    """

    table: str
    n_workers: int

    def __str__(self) -> str:
        """Name it as tables and plots do."""
        return f"{self.table}, {self.n_workers} worker{'s' if self.n_workers > 1 else ''}"

    def budget_s(self, landscape: Landscape) -> float:
        """Give the budget in virtual seconds: of one worker, or a few trials after another."""
        table = landscape.table
        known = table.val[:, 0, 0] != ABSENT
        cost = table.seconds[known, 0].astype(float).sum(axis=1)
        return float(max(_FULL_TRIALS * cost.mean() / self.n_workers, 3 * np.quantile(cost, 0.9)))


def regrets(landscape: Landscape, seen: Iterable[Seen], at_s: Sequence[float]) -> Numbers:
    """Give the regret of the incumbent at some moments.

    The incumbent is the trial that has reported the best value so far, also while it trains or
    once it is pruned, but not once it has failed. Its regret is how much less it is worth than the
    best point of the grid, 1 being what a point in the middle is worth.

    Args:
        landscape: What was searched.
        seen: What was reported, in order.
        at_s: Virtual seconds, ascending.

    Returns:
        `(len(at_s),)`; 1 before the first report.
    """
    best, middle = landscape.best_and_middle
    found = np.ones(len(at_s))
    values: dict[int, float] = {}
    worths: dict[int, float] = {}
    for one in seen:
        if one.value is None:
            values.pop(one.number, None)
        elif one.value > values.get(one.number, -math.inf):
            values[one.number] = one.value
            worths.setdefault(one.number, landscape.quality(one.params))
        if values:
            incumbent = max(values, key=lambda number: values[number])
            regret = (best - worths[incumbent]) / max(best - middle, 1e-9)
            found[np.searchsorted(at_s, one.at_s) :] = regret
    return found


@functools.cache
def _landscape(table: str) -> Landscape:
    return Landscape.of(table)


def judge(setting: Setting, method: str, seed: int) -> Numbers:
    """Run a method once; its regrets `(N_MOMENTS,)`."""
    landscape = _landscape(setting.table)
    budget_s = setting.budget_s(landscape)
    seen = METHODS[method](landscape, seed, setting.n_workers, budget_s)
    moments = np.linspace(0, budget_s, N_MOMENTS + 1)[1:]
    return regrets(landscape, seen, moments.tolist())


Key = tuple[Setting, str, int]
"""A setting, a method and a seed."""


def judge_all(keys: Sequence[Key], n_processes: int, done: Callable[[Key, Numbers], None]) -> None:
    """Run searches side by side; `done` is told of each at its end."""
    with ProcessPoolExecutor(n_processes) as pool:
        for key, found in zip(keys, pool.map(judge, *zip(*keys, strict=True)), strict=True):
            done(key, found)


def all_keys(
    settings: Sequence[Setting], methods: Sequence[str], seeds: Iterable[int]
) -> list[Key]:
    """List what there is to judge, seed by seed."""
    return [(s, m, seed) for seed, s, m in itertools.product(seeds, settings, methods)]
