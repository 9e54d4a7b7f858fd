"""A trial as data: the events a worker sends, and what the storage holds of it."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from search.studies import attributes
from search.studies.test_metrics import Evaluation

FailureKind = Literal[
    "error",
    "infeasible",
    "interrupted",
    "non_finite",
    "out_of_memory",
    "timeout",
    "worker_died",
]

FAILURE_KINDS: tuple[str, ...] = get_args(FailureKind)


@dataclass(frozen=True)
class Epoch:
    """One finished epoch.

    Args:
        number: From 1.
        metrics: What the objective reported; None marks an undefined metric.
        seconds: Time the epoch took.
        elapsed_s: Time since the trial began, set-up included.
        settling: Whether the trial looks worse than it is for now, as layers have just begun
            to train; it must not be pruned then.
    """

    number: int
    metrics: dict[str, float | int | None]
    seconds: float
    elapsed_s: float
    settling: bool = False


@dataclass(frozen=True)
class Failure:
    """Why a trial failed.

    Args:
        kind: Which sort of failure.
        reason: One line.
        traceback: The full text for `error.txt`, empty where it would not help.
        fatal: Whether no other trial can do better, so that the run must end.
    """

    kind: FailureKind
    reason: str
    traceback: str = ""
    fatal: bool = False


@dataclass(frozen=True)
class End:
    """The end of a trial.

    Args:
        elapsed_s: Time since the trial began.
        failure: None if the objective ran to its end.
        stop_reason: Why the objective ended before its last epoch, if it says so.
    """

    elapsed_s: float
    failure: Failure | None = None
    stop_reason: str = ""


Event = Epoch | End
"""What a worker sends."""


@dataclass(frozen=True)
class Trial:
    """One trial as the study knows it.

    Args:
        number: From 0, in the order of creation.
        state: RUNNING, COMPLETE, PRUNED, FAIL or INTERRUPTED: one that is RUNNING on disk while
            no worker has it.
        params: Its parameters.
        value: The (first) metric at the epoch that counts; None before the first epoch.
        best_epoch: The epoch that counts, from 1: the best, or the last if the space file
            says so.
        n_epochs: Epochs reported.
        metrics: All metrics of `best_epoch`.
        seconds: Time spent in the objective; None while it runs.
        seed: The seed it ran with.
        failure: Kind and reason of a failed trial, or of an interruption.
        values: The (first) metric at each epoch reported.
        space_version: The version of the study's space that it ran in, from 1.
        stop_reason: Why a complete trial ended before its last epoch, if it did.
        test: Its figures on the test split; None until it is evaluated.
    """

    number: int
    state: str
    params: dict[str, Any]
    value: float | None
    best_epoch: int | None
    n_epochs: int
    metrics: dict[str, float | int | None]
    seconds: float | None
    seed: int
    failure: Failure | None = None
    values: dict[int, float] = field(default_factory=dict)
    space_version: int = 1
    stop_reason: str = ""
    test: Evaluation | None = None

    @property
    def has_ended(self) -> bool:
        """Whether no epoch can follow."""
        return self.state not in {"RUNNING", "INTERRUPTED"}

    @property
    def reason(self) -> str:
        """Why it did not run all of its epochs, in one line; empty if it did."""
        if self.failure:
            return f"{self.failure.kind}: {self.failure.reason}"
        return f"pruned at epoch {self.n_epochs}" if self.state == "PRUNED" else self.stop_reason


def read_trial(
    trial: FrozenTrial, test: Evaluation | None = None, *, driven: bool = True
) -> Trial:
    """Read a trial from Optuna's record.

    Args:
        trial: Any trial that has begun.
        test: Its figures on the test split, which Optuna keeps apart from it.
        driven: Whether a process runs its study.

    Returns:
        The same in our words.
    """
    attrs = trial.user_attrs
    best = attrs.get(attributes.BEST, {})
    earlier = attrs.get(attributes.EARLIER, {})
    failure = Failure(**attrs[attributes.FAILURE]) if attrs.get(attributes.FAILURE) else None
    state = earlier.get("state", trial.state.name)
    if state == "RUNNING" and not driven:
        failure = failure or Failure("interrupted", "its run was killed")
    if state == "RUNNING" and failure:
        state = "INTERRUPTED"
    return Trial(
        number=trial.number,
        state=state,
        params=dict(earlier.get("params", trial.params)),
        value=trial.intermediate_values.get(best.get("epoch")),
        best_epoch=best.get("epoch"),
        n_epochs=len(trial.intermediate_values),
        metrics=best.get("metrics", {}),
        seconds=attrs.get(attributes.SECONDS),
        seed=attrs.get(attributes.SEED, 0),
        failure=failure,
        values=dict(trial.intermediate_values),
        space_version=attrs.get(attributes.SPACE_VERSION, 1),
        stop_reason=attrs.get(attributes.STOP_REASON, ""),
        test=test,
    )


def has_begun(trial: FrozenTrial) -> bool:
    """Tell a trial from a point that still waits to be tried.

    Args:
        trial: A trial of Optuna's record.

    Returns:
        False for a waiting one, and for one that only informs the sampler; older studies have
        such ones among their own.
    """
    return (
        trial.state is not TrialState.WAITING and attributes.CARRIED_FROM not in trial.user_attrs
    )


def is_better(value: float, than: float | None, direction: StudyDirection) -> bool:
    """Compare two values of the metric.

    Args:
        value: A finite value.
        than: What to beat; None is beaten by anything.
        direction: Which way is better.

    Returns:
        True if `value` is strictly better.
    """
    if than is None or math.isnan(than):
        return True
    return value > than if direction == StudyDirection.MAXIMIZE else value < than
