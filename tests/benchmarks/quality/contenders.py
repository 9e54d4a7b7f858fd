"""Samplers and pruners that are tried on the judge; what wins goes into `search.spaces`."""

import copy
from collections import defaultdict
from collections.abc import Container, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import linregress, t

from search.spaces.sampling import DrawingSampler

Numbers = NDArray[np.float64]


def carried_ranks(trials: Sequence[FrozenTrial], *, maximize: bool) -> dict[int, float]:
    """Rank all trials that have reported, however far they came, as if all had come as far.

    At the first epoch trials have their ranks. At each further one those that are still there
    share the ranks they have had out anew, by their best values so far: who was better than all
    that ended early stays so, whatever the epochs that these never saw.

    Args:
        trials: Any.
        maximize: Whether a larger value is better.

    Returns:
        By number, from 0 (worst) to 1.
    """
    sign = 1.0 if maximize else -1.0
    at: dict[int, dict[int, float]] = defaultdict(dict)
    for trial in trials:
        best = -np.inf
        for epoch, value in sorted(trial.intermediate_values.items()):
            best = max(best, sign * value)
            at[epoch][trial.number] = best
    ranks: dict[int, float] = {}
    for epoch in sorted(at):
        numbers = list(at[epoch])
        order = np.argsort([at[epoch][number] for number in numbers], kind="stable")
        if not ranks:
            shared = np.linspace(0, 1, len(numbers))
        else:
            shared = np.sort([ranks.get(number, 0.5) for number in numbers])
        for rank, place in zip(shared, order, strict=True):
            ranks[numbers[place]] = float(rank)
    return ranks


class _Ranked:
    """A study in which every trial that has reported is complete, with its carried rank."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self.direction = StudyDirection.MAXIMIZE
        self.directions = [StudyDirection.MAXIMIZE]
        own = study.get_trials(deepcopy=False)
        ranks = carried_ranks(own, maximize=study.directions[0] == StudyDirection.MAXIMIZE)
        self._trials = [self._seen(trial, ranks.get(trial.number)) for trial in own]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _seen(self, trial: FrozenTrial, rank: float | None) -> FrozenTrial:
        failed = trial.state is TrialState.FAIL
        if rank is None and not failed:
            return trial
        seen = copy.copy(trial)
        seen.state, seen.values = TrialState.COMPLETE, [0.0 if failed else rank or 0.0]
        return seen

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        return [trial for trial in self._trials if states is None or trial.state in states]

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        return self.get_trials(deepcopy, states)


class RankedSampler(DrawingSampler):
    """One of Optuna's samplers that sees carried ranks in the place of values and states."""

    def _as_seen(self, study: Study) -> Study:
        return _Ranked(study)  # type: ignore[return-value]


class Extrapolation(BasePruner):
    """Stops a trial whose curve has hardly a chance to end above the best.

    Where it will end is predicted by a line through the complete trials: their last values over
    those at the same epoch. Domhan et al. 2015, "Speeding up automatic hyperparameter optimization
    of deep neural networks by extrapolation of learning curves", stop by the same chance.
    """

    def __init__(self, chance: float = 0.05, n_startup: int = 5) -> None:
        self._chance = chance
        self._n_startup = n_startup

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """See Optuna."""
        epoch = trial.last_step
        assert epoch is not None
        sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
        curves = [
            other.intermediate_values
            for other in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
            if epoch in other.intermediate_values
        ]
        if len(curves) < self._n_startup:
            return False
        now = np.array([sign * curve[epoch] for curve in curves])
        last = np.array([sign * curve[max(curve)] for curve in curves])
        mean, std = _predict(now, last, sign * trial.intermediate_values[epoch])
        return bool(t.sf((last.max() - mean) / max(std, 1e-9), len(curves) - 2) < self._chance)


def _predict(xs: Numbers, ys: Numbers, x: float) -> tuple[float, float]:
    """Predict a further value by a line through others, and the standard error of that."""
    if np.ptp(xs) == 0:
        return float(ys.mean()), float(ys.std(ddof=1) * (1 + 1 / len(ys)) ** 0.5)
    line = linregress(xs, ys)
    noise = ys - line.intercept - line.slope * xs
    spread = np.square(xs - xs.mean()).sum()
    share = 1 + 1 / len(xs) + (x - xs.mean()) ** 2 / spread
    std = (np.square(noise).sum() / (len(xs) - 2) * share) ** 0.5
    return float(line.intercept + line.slope * x), float(std)
