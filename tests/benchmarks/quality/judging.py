"""Judges methods: how good the configuration is that each would give after so much time."""

import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.quality.methods import METHODS
from tests.benchmarks.quality.simulated import Landscape, Seen

SHARES = (0.25, 0.5, 1.0)
"""The parts of the budget after which methods are compared."""
_FULL_TRIALS = 40
"""What the budget pays for: so many trials of the mean cost of the grid."""


@dataclass(frozen=True)
class Setting:
    """What methods are compared on.

    Args:
        table: The name of the table.
        n_workers: Virtual workers.
    """

    table: str
    n_workers: int

    def budget_s(self, landscape: Landscape) -> float:
        """Give the budget in virtual seconds: of one worker, or a few trials after another."""
        table = landscape.table
        known = table.val[:, 0, 0] != np.iinfo(np.uint16).max
        cost = table.seconds[known, 0].astype(float).sum(axis=1)
        return float(max(_FULL_TRIALS * cost.mean() / self.n_workers, 3 * np.quantile(cost, 0.9)))


def regrets(
    landscape: Landscape, seen: Sequence[Seen], at_s: Sequence[float]
) -> NDArray[np.float64]:
    """Give the regret of the incumbent at some moments.

    The incumbent is the trial of the best value so far; its regret is how much less it is worth
    than the best point of the grid, 1 being what a random point is worth.

    Args:
        landscape: What was searched.
        seen: What was reported, in order.
        at_s: Virtual seconds.

    Returns:
        `(len(at_s),)`; 1 before the first report.
    """
    worth = landscape.qualities()
    best, typical = float(worth.max()), float(np.median(worth))
    found = []
    for moment in at_s:
        known = [one for one in seen if one.at_s <= moment]
        if not known:
            found.append(1.0)
            continue
        incumbent = max(known, key=lambda one: one.value)
        gap = best - landscape.quality(incumbent.params)
        found.append(gap / max(best - typical, 1e-9))
    return np.array(found)


def judge(setting: Setting, method: str, seed: int) -> NDArray[np.float64]:
    """Run a method once; its regret after each of `SHARES`."""
    landscape = Landscape.of(setting.table)
    budget_s = setting.budget_s(landscape)
    seen = METHODS[method](landscape, seed, setting.n_workers, budget_s)
    return regrets(landscape, seen, [share * budget_s for share in SHARES])


def judge_all(
    settings: Sequence[Setting], methods: Sequence[str], n_seeds: int, n_processes: int = 2
) -> NDArray[np.float64]:
    """Run every method on every setting: `(settings, methods, seeds, SHARES)`."""
    tasks = [(s, m, seed) for s in settings for m in methods for seed in range(n_seeds)]
    with ProcessPoolExecutor(n_processes) as pool:
        rows = list(pool.map(_judge, tasks, chunksize=1))
    return np.array(rows).reshape(len(settings), len(methods), n_seeds, len(SHARES))


def _judge(task: tuple[Setting, str, int]) -> NDArray[np.float64]:
    return judge(*task)


def mean_ranks(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank methods by their mean regret, in each setting and share: mean ranks, `(methods,)`."""
    means = found.mean(axis=2)
    ranks = means.argsort(axis=1).argsort(axis=1) + 1.0
    mean: NDArray[np.float64] = ranks.mean(axis=(0, 2))
    return mean


def table_of(
    settings: Sequence[Setting], methods: Sequence[str], found: NDArray[np.float64]
) -> str:
    """Write the mean regrets at the end, with twice their standard errors, as Markdown."""
    ranks = mean_ranks(found)
    heads = [f"{s.table}, {s.n_workers}" for s in settings]
    lines = [f"| method | mean rank | {' | '.join(heads)} |", "|---" * (len(heads) + 2) + "|"]
    for place in np.argsort(ranks):
        at_end = found[:, place, :, -1]
        errors = 2 * at_end.std(axis=1, ddof=1) / math.sqrt(at_end.shape[1])
        cells = [f"{m:.3f} ± {e:.3f}" for m, e in zip(at_end.mean(axis=1), errors, strict=True)]
        lines.append(f"| {methods[place]} | {ranks[place]:.1f} | {' | '.join(cells)} |")
    return "\n".join(lines)
