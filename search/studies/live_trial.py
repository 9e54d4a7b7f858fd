"""A trial that this process has begun and not ended: how its epochs and its end are recorded.

Every write leaves the storage such that a driver killed right after it can be followed by
another one.
"""

from collections.abc import Sequence

import optuna
from optuna.trial import TrialState

from search.spaces import optuna_privates
from search.spaces.pruners import Judge
from search.spaces.spec import MetricSpec
from search.studies import attributes
from search.studies.journal import in_one_write
from search.studies.trials import Epoch, Failure, Trial, epoch_entry, is_better

_WAITS = Failure("interrupted", "it waits for a worker")


class LiveTrial:
    """A trial of the driver's.

    Args:
        trial: The trial in Optuna's storage.
        metrics: What its study optimises; the first decides which epoch counts.
        judge: Asks the study's pruner.
        recorded: What an earlier driver recorded of it, or None.
    """

    def __init__(
        self,
        trial: optuna.Trial,
        metrics: Sequence[MetricSpec],
        judge: Judge,
        recorded: Trial | None = None,
    ) -> None:
        self._trial = trial
        self._metrics = metrics
        self._judge = judge
        self.n_epochs = recorded.n_epochs if recorded else 0
        self.best_epoch = recorded.best_epoch if recorded else None
        self.best = dict(recorded.metrics) if recorded else {}
        self._answers: str | None = None

    def wait(self) -> None:
        """Note that it has been taken up and that no worker has it yet."""
        self._set_failure(_WAITS)

    def rest(self, elapsed_s: float) -> None:
        """Note that its worker gave it back, and that it waits for another one."""
        self.leave(elapsed_s, _WAITS)

    def go_on(self) -> None:
        """Note that a worker has it."""
        if optuna_privates.stored_trial(self._trial).user_attrs.get(attributes.FAILURE):
            self._set(attributes.FAILURE, None)

    def report(self, epoch: Epoch) -> bool:
        """Record an epoch, unless it is there already; true if its value is the trial's."""
        if epoch.number > self.n_epochs:
            self._add(epoch)
        if self.best_epoch is not None:  # a trial that goes on may bring those of an earlier epoch
            self._answers = epoch.answers.get(self.best_epoch, self._answers)
        return epoch.number == self.best_epoch

    def _add(self, epoch: Epoch) -> None:
        metric = self._metrics[0]
        value = epoch.metrics[metric.name]
        assert value is not None
        direction = self._trial.study.directions[0]
        counts = metric.reduce == "last" or is_better(value, self.best.get(metric.name), direction)
        with in_one_write(self._trial.storage):
            # The value comes last: an epoch is there once its value is.
            optuna_privates.set_system_attr(self._trial, *epoch_entry(epoch, counts=counts))
            optuna_privates.set_intermediate_value(self._trial, epoch.number, float(value))
        self.n_epochs = epoch.number
        if counts:
            self.best_epoch, self.best = epoch.number, dict(epoch.metrics)
            self._answers = None

    def should_prune(self, epoch: int) -> bool:
        """Ask the pruner, in an order of writing that a kill at any point cannot confuse.

        Pruners note in the storage how far a trial has come, for the trials after it, and do not
        judge that point again. So the verdict is written first and their notes after it, also
        by a driver that finds only the verdict.
        """
        frozen = optuna_privates.stored_trial(self._trial)
        was_pruned = frozen.user_attrs.get(attributes.PRUNED_AT) == epoch
        verdict, notes = self._judge.verdict(self._trial.study, frozen)
        if verdict and not was_pruned:
            self._set(attributes.PRUNED_AT, epoch)
        for key, value in notes:
            optuna_privates.set_system_attr(self._trial, key, value)
        return verdict or was_pruned

    def complete(self, elapsed_s: float, stop_reason: str = "") -> None:
        """Record that it ran to its end, or why it ended before."""
        values = [self.best[metric.name] for metric in self._metrics]
        with in_one_write(self._trial.storage):
            self._set_seconds(elapsed_s)
            self._set_answers()
            if stop_reason:
                self._set(attributes.STOP_REASON, stop_reason)
            self._trial.study.tell(self._trial, [float(v) for v in values if v is not None])

    def prune(self, elapsed_s: float, stop_reason: str = "") -> None:
        """Record that the pruner stopped it, or why it was stopped else."""
        with in_one_write(self._trial.storage):
            self._set_seconds(elapsed_s)
            self._set_answers()
            if stop_reason:
                self._set(attributes.STOP_REASON, stop_reason)
            self._trial.study.tell(self._trial, state=TrialState.PRUNED)

    def fail(self, elapsed_s: float, failure: Failure) -> None:
        """Record that it failed."""
        self.leave(elapsed_s, failure)
        self._trial.study.tell(self._trial, state=TrialState.FAIL)
        self._judge.withdraw(self._trial.study, optuna_privates.stored_trial(self._trial))

    def leave(self, elapsed_s: float, failure: Failure) -> None:
        """Leave it RUNNING, for another driver to go on with."""
        self._set_seconds(elapsed_s)
        self._set_failure(failure)

    def _set_failure(self, failure: Failure) -> None:
        self._set(attributes.FAILURE, {"kind": failure.kind, "reason": failure.reason})

    def _set_answers(self) -> None:
        if self._answers is not None:
            optuna_privates.set_system_attr(self._trial, attributes.ANSWERS, self._answers)

    def _set_seconds(self, elapsed_s: float) -> None:
        self._set(attributes.SECONDS, round(elapsed_s, 4))

    def _set(self, name: str, value: object) -> None:
        self._trial.set_user_attr(name, value)
