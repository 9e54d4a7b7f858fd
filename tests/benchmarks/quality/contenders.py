"""Samplers that are tried on the judge; what wins goes into `search.spaces`."""

import copy
from collections import defaultdict
from collections.abc import Container, Sequence
from typing import Any

import numpy as np
from optuna import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from search.spaces.sampling import DrawingSampler


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
