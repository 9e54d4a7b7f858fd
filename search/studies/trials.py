"""A trial as data: the events a worker sends, and what the storage holds of it.

An epoch is there once its intermediate value is. Its metrics are written before that, under a
key of its own: of all that Optuna keeps of a trial only such keys take more without writing
again what was there, and stay out of sight in Optuna's dashboard.
"""

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, get_args
from urllib.parse import quote, unquote

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from search.columns import EPOCH, SECONDS
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


Metrics = dict[str, float | int | None]
"""What an objective reports of an epoch; None marks an undefined metric."""
History = list[dict[str, float | int | None]]
"""One row an epoch, in order: `epoch`, `seconds`, and each metric that any epoch has."""
_OLDER_HISTORY = "history.csv"


@dataclass(frozen=True)
class Epoch:
    """One finished epoch.

    Args:
        number: From 1.
        metrics: What the objective reported.
        seconds: Time the epoch took.
        elapsed_s: Time since the trial began, set-up included.
        settling: Whether the trial looks worse than it is for now, as layers have just begun
            to train; it must not be pruned then.
        answers: Packed, by epoch: whether each validation image was classified right, see
            `search.studies.answers`. They are this epoch's, if the objective gives any, and the
            best one's too where a trial goes on from a checkpoint.
    """

    number: int
    metrics: Metrics
    seconds: float
    elapsed_s: float
    settling: bool = False
    answers: dict[int, str] = field(default_factory=dict)


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
        stop_reason: Why a complete trial ended before its last epoch, if it did, or a pruned one
            if not by the pruner.
        test: Its test metrics; None until it is evaluated.
        split_seed: The seed of its training and validation split; None for the usual split.
        candidate: Of a trial that repeats another one: which candidate of the confirmation.
        repetition: Of such a trial: which repetition, from 0.
        note: What a user noted of it.
    """

    number: int
    state: str
    params: dict[str, Any]
    value: float | None
    best_epoch: int | None
    n_epochs: int
    metrics: Metrics
    seconds: float | None
    seed: int
    failure: Failure | None = None
    values: dict[int, float] = field(default_factory=dict)
    space_version: int = 1
    stop_reason: str = ""
    test: Evaluation | None = None
    split_seed: int | None = None
    candidate: int | None = None
    repetition: int | None = None
    note: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether no epoch can follow."""
        return self.state not in {"RUNNING", "INTERRUPTED"}

    @property
    def reason(self) -> str:
        """Why it did not run all of its epochs, in one line; empty if it did."""
        if self.failure:
            return f"{self.failure.kind}: {self.failure.reason}"
        if self.state == "PRUNED":
            return f"{self.stop_reason or 'pruned'} at epoch {self.n_epochs}"
        return self.stop_reason


def read_trial(
    trial: FrozenTrial, test: Evaluation | None = None, note: str = "", *, driven: bool = True
) -> Trial:
    """Read a trial that has begun; `driven` says whether a process runs its study."""
    attrs = trial.user_attrs
    best_epoch, metrics = _epoch_that_counts(trial)
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
        value=None if best_epoch is None else trial.intermediate_values.get(best_epoch),
        best_epoch=best_epoch,
        n_epochs=len(trial.intermediate_values),
        metrics=metrics,
        seconds=attrs.get(attributes.SECONDS),
        seed=attrs.get(attributes.SEED, 0),
        failure=failure,
        values=dict(trial.intermediate_values),
        space_version=attrs.get(attributes.SPACE_VERSION, 1),
        stop_reason=attrs.get(attributes.STOP_REASON, ""),
        test=test,
        split_seed=attrs.get(attributes.SPLIT_SEED),
        candidate=attrs.get(attributes.CANDIDATE),
        repetition=attrs.get(attributes.REPETITION),
        note=note,
    )


def has_begun(trial: FrozenTrial) -> bool:
    """Tell a trial from one that waits or, in older studies, only informs the sampler."""
    return (
        trial.state is not TrialState.WAITING and attributes.CARRIED_FROM not in trial.user_attrs
    )


def is_better(value: float, than: float | None, direction: StudyDirection) -> bool:
    """Tell whether a finite value is strictly better; anything beats None."""
    if than is None or math.isnan(than):
        return True
    return value > than if direction == StudyDirection.MAXIMIZE else value < than


def epoch_entry(epoch: Epoch, *, counts: bool) -> tuple[str, str]:
    """Give key and content of what the storage holds of an epoch beside its value.

    The content is one string, `*0.5 val_loss=0.25 val_auroc=`: a star where the trial's value is
    this epoch's from then on, the seconds, each metric. As JSON the numbers of all epochs would be
    read whenever a study is opened, and take half of that time.
    """
    metrics = [
        f"{quote(name)}={'' if value is None else repr(value)}"
        for name, value in epoch.metrics.items()
    ]
    start = f"{'*' if counts else ''}{round(epoch.seconds, 4)}"
    return f"{attributes.EPOCH}{epoch.number}", " ".join([start, *metrics])


def seconds_of_epoch(trial: FrozenTrial) -> float | None:
    """Tell what an epoch of a trial takes, on average; None where that was not recorded."""
    entries = [_entry(trial, number) for number in trial.intermediate_values]
    seconds = [float(entry.partition(" ")[0].removeprefix("*")) for entry in entries if entry]
    return fmean(seconds) if seconds else None


def read_history(trial: FrozenTrial, folder: Path) -> History:
    """Read a trial's epochs; `folder` is the trial's, where older versions wrote them."""
    entries = {number: _entry(trial, number) for number in sorted(trial.intermediate_values)}
    older = {} if all(entries.values()) else _read_csv(folder / _OLDER_HISTORY)
    rows: History = []
    for number, entry in entries.items():
        if entry:
            seconds = _number(entry.partition(" ")[0].removeprefix("*"))
            row = {EPOCH: number, SECONDS: seconds, **_metrics(entry)}
            rows.append({**row, EPOCH: number})
        elif number in older:
            rows.append(older[number])
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in columns} for row in rows]


def _epoch_that_counts(trial: FrozenTrial) -> tuple[int | None, Metrics]:
    """Find the newest epoch that counted when it was recorded, and its metrics."""
    for number in sorted(trial.intermediate_values, reverse=True):
        entry = _entry(trial, number)
        if not entry:  # it and those before it are of an older version
            break
        if entry.startswith("*"):
            return number, _metrics(entry)
    best = trial.user_attrs.get(attributes.BEST, {})
    return best.get("epoch"), best.get("metrics", {})


def _entry(trial: FrozenTrial, number: int) -> str:
    return str(trial.system_attrs.get(f"{attributes.EPOCH}{number}", ""))


def _metrics(entry: str) -> Metrics:
    pairs = [pair.partition("=") for pair in entry.split(" ")[1:]]
    return {unquote(name) if "%" in name else name: _number(value) for name, _, value in pairs}


def _read_csv(path: Path) -> dict[int, dict[str, float | int | None]]:
    """Read a file that may hold epochs which its driver was killed before recording."""
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        texts = list(csv.DictReader(file))
    rows = [{name: _number(text) for name, text in row.items()} for row in texts]
    return {int(row["epoch"] or 0): row for row in rows}


def _number(text: str | None) -> float | int | None:
    if not text:
        return None
    return int(text) if text.removeprefix("-").isdigit() else float(text)
