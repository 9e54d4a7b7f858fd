"""Asynchronous successive halving that keeps its rungs in mind instead of reading every trial."""

import bisect
import math
from collections import defaultdict

from optuna import Study
from optuna.pruners import SuccessiveHalvingPruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from search.spaces.optuna_privates import RUNG_NOTES, note_of_rung

_MOST_RUNGS = 60
"""Each has at least twice the epochs of the one before, and nobody waits for so many."""


class Halving(SuccessiveHalvingPruner):
    """Optuna's successive halving, decision for decision, but for two things.

    A decision takes the time to search a rung, not that to read all trials, so that the driver
    keeps up with large studies (benchmark `scale`). And a trial that has failed competes with
    nobody: one that is about to diverge may learn fastest, and would end those that stay.

    Li et al. 2020, "A system for massively parallel hyperparameter tuning", arXiv:1810.05934.

    Args:
        min_resource: The epoch of the first rung, at least 1.
        reduction_factor: How many times fewer trials, and more epochs, each further rung has.
        min_early_stopping_rate: How many of the first rungs are left out.
        bootstrap_count: How many trials end at a rung before any goes on.

    Raises:
        ValueError: If an option makes no sense.
    """

    def __init__(
        self,
        min_resource: int,
        reduction_factor: int = 3,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
    ) -> None:
        if min_early_stopping_rate > _MOST_RUNGS:
            raise ValueError(
                f"min_early_stopping_rate must be at most {_MOST_RUNGS}, got "
                f"{min_early_stopping_rate}"
            )
        super().__init__(min_resource, reduction_factor, min_early_stopping_rate, bootstrap_count)
        self._first = min_resource * reduction_factor**min_early_stopping_rate
        self._factor = reduction_factor
        self._n_bootstrap = bootstrap_count
        self._rungs: defaultdict[int, list[float]] | None = None

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """See Optuna."""
        epoch = trial.last_step
        if epoch is None:
            return False
        if self._rungs is None:
            self._rungs = _recorded_rungs(study)
        value = trial.intermediate_values[epoch]
        rung = len(rung_values(trial))
        while epoch >= self._first * self._factor**rung:
            if math.isnan(value):
                return True
            note_of_rung(study, trial, rung, value)
            values = self._rungs[rung]
            bisect.insort(values, value)
            if len(values) <= self._n_bootstrap or not self._is_promoted(value, values, study):
                return True
            rung += 1
        return False

    def withdraw(self, trial: FrozenTrial) -> None:
        """Take a trial that has failed out of its rungs; the owner of the study is to call it."""
        if self._rungs is not None:
            for rung, value in enumerate(rung_values(trial)):
                self._rungs[rung].remove(value)

    def _is_promoted(self, value: float, values: list[float], study: Study) -> bool:
        """Tell whether a value is among the best of its rung; one of them always is."""
        n_promoted = max(len(values) // self._factor, 1)
        if study.direction == StudyDirection.MAXIMIZE:
            return value >= values[-n_promoted]
        return value <= values[n_promoted - 1]


def _recorded_rungs(study: Study) -> defaultdict[int, list[float]]:
    """Read the values of each rung, ascending, of all trials that have not failed."""
    rungs = defaultdict[int, list[float]](list)
    for trial in study.get_trials(deepcopy=False):
        if trial.state is not TrialState.FAIL:
            for rung, value in enumerate(rung_values(trial)):
                bisect.insort(rungs[rung], value)
    return rungs


def rung_values(trial: FrozenTrial) -> list[float]:
    """Read with what value a trial came to each rung so far."""
    values: list[float] = []
    while (value := trial.system_attrs.get(f"{RUNG_NOTES}{len(values)}")) is not None:
        values.append(value)
    return values
