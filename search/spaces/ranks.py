"""One order of all trials, however far each came: what samplers learn from under a pruner.

A pruner ends most trials early, and a sampler that looks at complete ones alone learns from the
few that are left; one that takes the last value of a pruned trial for its final one is told that
whatever was pruned is bad for having been young.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

Numbers = NDArray[np.float64]


def carried_ranks(curves: Sequence[Sequence[float]]) -> Numbers:
    """Rank trials by their curves as if all had come as far.

    After the first epoch trials have their ranks. After each further one those that are still
    there share the ranks they have had out anew, by their values now: who was better than all that
    ended before stays so, whatever the epochs that these never saw.

    Args:
        curves: The values of each trial by epoch, higher is better.

    Returns:
        `(N,)`, from 0 (worst) to 1 (best); NaN where a trial has no values. Equal ones share
        their ranks.
    """
    ranks = np.full(len(curves), np.nan)
    for epoch in range(max(map(len, curves), default=0)):
        there = np.array([place for place, curve in enumerate(curves) if len(curve) > epoch])
        values = [curves[place][epoch] for place in there]
        shared = np.sort(ranks[there]) if epoch else np.linspace(0, 1, len(there))
        ranks[there] = np.interp(_mean_ranks(values), np.arange(len(there)), shared)
    return ranks


def ranks_of(
    trials: Sequence[FrozenTrial], direction: StudyDirection, *, by_best: bool
) -> Numbers:
    """Give the carried ranks of trials, see `carried_ranks`; those without a point have none.

    Args:
        trials: The trials.
        direction: Which values of them are better.
        by_best: Whether the best value so far counts at each epoch, not the epoch's own.

    Returns:
        `(N,)`, from 0 to 1, higher is better; NaN where nothing was reported.
    """
    sign = 1.0 if direction == StudyDirection.MAXIMIZE else -1.0
    return carried_ranks([_curve(t, sign, by_best) if t.params else [] for t in trials])


def _curve(trial: FrozenTrial, sign: float, by_best: bool) -> list[float]:
    """Give the values of a trial by epoch; NaN is the worst."""
    values = [sign * value for _, value in sorted(trial.intermediate_values.items())]
    curve = [-math.inf if math.isnan(value) else value for value in values]
    return list(itertools.accumulate(curve, max)) if by_best else curve


def _mean_ranks(values: Sequence[float]) -> Numbers:
    """Rank values from 0, the smallest; equal ones share the mean of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Numbers = (np.cumsum(counts) - (counts + 1) / 2)[places]
    return ranks
