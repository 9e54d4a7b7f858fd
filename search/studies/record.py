"""What is known of a trial: the events a worker sends, and the record read back.

The record is Optuna's: parameters, state, intermediate values, and a few user attributes
whose keys are named here and nowhere else.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from search.studies.figures import Figures

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

SEED = "seed"
"""Attribute of a trial: the seed it ran with."""
BEST = "best"
"""Attribute of a trial: the epoch that counts and all of its metrics."""
SECONDS = "seconds"
"""Attribute of a trial: time spent in its objective, in seconds."""
FAILURE = "failure"
"""Attribute of a failed or interrupted trial: kind and reason; None once it goes on."""
SPACE_VERSION = "space_version"
"""Attribute of a trial: the version of the study's space that it ran in, if not the first."""
EARLIER = "earlier"
"""Attribute of a trial that is not in the present space: its state and parameters."""
CARRIED_FROM = "carried_from"
"""Attribute of another study's trial that informs this one's sampler: study and number."""
RETRY_OF = "retry_of"
"""Attribute of a trial: the number of the failed trial whose parameters it tries again."""
STOP_REASON = "stop_reason"
"""Attribute of a complete trial: why its objective ended before its last epoch."""
GENERATION = "NSGAIISampler:generation"
"""Attribute that Optuna's NSGA-II gives a trial: its generation, from 0."""
PRUNED_AT = "pruned_at"
"""Attribute of a trial: the epoch after which the pruner wanted it stopped."""


@dataclass(frozen=True)
class Report:
    """One finished epoch.

    Args:
        epoch: From 1.
        metrics: What the objective reported; None marks an undefined metric.
        seconds: Time the epoch took.
        elapsed_s: Time since the trial began, set-up included.
        settling: Whether the trial looks worse than it is for now, as layers have just begun
            to train; it must not be pruned then.
    """

    epoch: int
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


Event = Report | End
"""What a worker sends."""


@dataclass(frozen=True)
class TrialRecord:
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
    test: Figures | None = None

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


def read_record(
    trial: FrozenTrial, test: Figures | None = None, *, driven: bool = True
) -> TrialRecord:
    """Read a trial from Optuna's record.

    Args:
        trial: Any trial that has begun.
        test: Its figures on the test split, which Optuna keeps apart from it.
        driven: Whether a process runs its study.

    Returns:
        The same in our words.
    """
    attrs = trial.user_attrs
    best = attrs.get(BEST, {})
    earlier = attrs.get(EARLIER, {})
    failure = Failure(**attrs[FAILURE]) if attrs.get(FAILURE) else None
    state = earlier.get("state", trial.state.name)
    if state == "RUNNING" and not driven:
        failure = failure or Failure("interrupted", "its run was killed")
    if state == "RUNNING" and failure:
        state = "INTERRUPTED"
    return TrialRecord(
        number=trial.number,
        state=state,
        params=dict(earlier.get("params", trial.params)),
        value=trial.intermediate_values.get(best.get("epoch")),
        best_epoch=best.get("epoch"),
        n_epochs=len(trial.intermediate_values),
        metrics=best.get("metrics", {}),
        seconds=attrs.get(SECONDS),
        seed=attrs.get(SEED, 0),
        failure=failure,
        values=dict(trial.intermediate_values),
        space_version=attrs.get(SPACE_VERSION, 1),
        stop_reason=attrs.get(STOP_REASON, ""),
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
    return trial.state is not TrialState.WAITING and CARRIED_FROM not in trial.user_attrs


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
