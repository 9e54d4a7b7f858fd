"""A contender: asha as published, which pauses trials at its rungs and promotes the best later.

It is built over the real run and driver as the product would have it; what is paused keeps its
place in the simulated engine, as if thawed from a checkpoint for nothing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from search.running.run import Observer, Run
from search.spaces.halving import Halving, rung_values
from search.spaces.optuna_privates import find_trial
from search.spaces.spec import Spec
from search.studies import attributes
from search.studies.driver import StudyDriver
from search.studies.live_trial import LiveTrial
from search.studies.trials import Failure, Trial


class Promotion(Halving):
    """Successive halving of which who is not promoted pauses (Li et al. 2020, algorithm 2)."""

    def promoted(self, study: Study, paused: list[FrozenTrial]) -> int | None:
        """Find the paused trial to go on with: of the highest rung that has one, the best."""
        sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
        waiting = [
            (len(values), sign * values[-1], -trial.number)
            for trial in paused
            if (values := rung_values(trial))
        ]
        for rung, value, number in sorted(waiting, reverse=True):
            assert self._rungs is not None
            if self._is_promoted(sign * value, self._rungs[rung - 1], study):
                return -number
        return None

    def _is_promoted(self, value: float, values: list[float], study: Study) -> bool:
        return len(values) >= self._factor and super()._is_promoted(value, values, study)


class PromotingDriver(StudyDriver):
    """Pauses what its pruner wants stopped."""

    def __init__(self, folder: Path, spec: Spec, optuna_study: optuna.Study) -> None:
        super().__init__(folder, spec, optuna_study)
        self._paused: dict[int, LiveTrial] = {}
        self._pruner = Promotion(spec.pruner.min_epochs, **spec.pruner.options)
        self.optuna_study.pruner = self._pruner

    def prune(self, number: int, elapsed_s: float, stop_reason: str = "") -> None:
        """See `StudyDriver`."""
        self._paused[number] = self._live.pop(number)
        self._paused[number].leave(elapsed_s, Failure("interrupted", "it is paused"))

    def promote(self) -> Trial | None:
        """Let a worker have the paused trial that is to go on next, if any."""
        paused = [find_trial(self.optuna_study, number) for number in self._paused]
        number = self._pruner.promoted(self.optuna_study, [t for t in paused if t])
        if number is None:
            return None
        self._live[number] = self._paused.pop(number)
        self._live[number]._set(attributes.PRUNED_AT, None)
        return self.go_on(number)


class PromotingRun(Run):
    """Promotes before it begins a new trial."""

    study: PromotingDriver

    def __init__(
        self, study: PromotingDriver, observer: Observer, clock: Callable[[], float]
    ) -> None:
        super().__init__(study, observer, clock)

    def _begin_trial(self) -> Any:
        return self.study.promote() or super()._begin_trial()
