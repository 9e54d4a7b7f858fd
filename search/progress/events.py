"""What happens in a session as plain data, an event each: for programs that follow it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from typing_extensions import TypedDict

from search.errors import SearchError
from search.running.run import Observer, Run
from search.studies.trials import Epoch, Metrics, Trial

_SPENT = "the budget is spent"


class RunStarted(TypedDict):
    """The workers are ready; `n_trials` have begun earlier, `wanted` is the budget of trials.

    `time` is in seconds since 1970, here and in every other event.
    """

    event: Literal["run_started"]
    time: float
    study: str
    folder: str
    metrics: dict[str, str]
    n_workers: int
    n_trials: int
    wanted: int | None


class TrialStarted(TypedDict):
    """A trial begins, or goes on after `n_epochs` of an earlier session."""

    event: Literal["trial_started"]
    time: float
    trial: int
    params: dict[str, Any]
    seed: int
    n_epochs: int


class EpochFinished(TypedDict):
    """A trial has finished an epoch, from 1; a metric that is undefined is null."""

    event: Literal["epoch"]
    time: float
    trial: int
    epoch: int
    metrics: Metrics
    seconds: float


class TrialFinished(TypedDict):
    """A trial has ended, or was left to a later session (INTERRUPTED).

    `value` is the first metric at `best_epoch`; `reason` is empty where all epochs have run.
    """

    event: Literal["trial_finished"]
    time: float
    trial: int
    state: str
    value: float | None
    best_epoch: int | None
    n_epochs: int
    seconds: float | None
    reason: str


class RunSteered(TypedDict):
    """What a user asked of the session from outside has been taken up, or is in effect."""

    event: Literal["run_steered"]
    time: float
    change: str


class RunEnded(TypedDict):
    """The session is over, whether or not it has begun: why, and the command's exit code."""

    event: Literal["run_ended"]
    time: float
    reason: str
    exit_code: int


Event = RunStarted | TrialStarted | EpochFinished | TrialFinished | RunSteered | RunEnded

Tell = Callable[[Event], object]
"""Given each event; what it raises ends the session."""


@contextmanager
def telling(observer: Observer, tell: Tell | None) -> Iterator[Observer]:
    """Have somebody told of a session's events, after the observer; yields whom to tell."""
    if tell is None:
        yield observer
        return
    events = _Events(observer, tell)
    try:
        yield events
    except SearchError as error:
        events.end(str(error), error.exit_code)
        raise
    except BaseException as error:
        events.end(f"{type(error).__name__}: {error}", 1)
        raise
    events.end(events.stop_reason or _SPENT, 0)


class _Events:
    """Passes what happens in a run on to an observer, and as events to somebody else."""

    def __init__(self, observer: Observer, tell: Tell) -> None:
        self._observer = observer
        self._tell = tell
        self._run: Run | None = None

    @property
    def stop_reason(self) -> str:
        return self._run.stop_reason if self._run else ""

    def run_started(self, run: Run, n_workers: int) -> None:
        self._observer.run_started(run, n_workers)
        self._run, study = run, run.study
        self._tell(
            {
                "event": "run_started",
                "time": time.time(),
                "study": study.name,
                "folder": str(study.folder),
                "metrics": {name: way.name.lower() for name, way in study.directions.items()},
                "n_workers": n_workers,
                "n_trials": run.n_begun,
                "wanted": study.spec.budget.trials,
            }
        )

    def trial_started(self, trial: Trial) -> None:
        self._observer.trial_started(trial)
        self._tell(
            {
                "event": "trial_started",
                "time": time.time(),
                "trial": trial.number,
                "params": trial.params,
                "seed": trial.seed,
                "n_epochs": trial.n_epochs,
            }
        )

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        self._observer.epoch_finished(number, epoch)
        self._tell(
            {
                "event": "epoch",
                "time": time.time(),
                "trial": number,
                "epoch": epoch.number,
                "metrics": epoch.metrics,
                "seconds": epoch.seconds,
            }
        )

    def trial_finished(self, trial: Trial) -> None:
        self._observer.trial_finished(trial)
        self._tell(
            {
                "event": "trial_finished",
                "time": time.time(),
                "trial": trial.number,
                "state": trial.state,
                "value": trial.value,
                "best_epoch": trial.best_epoch,
                "n_epochs": trial.n_epochs,
                "seconds": trial.seconds,
                "reason": trial.reason,
            }
        )

    def run_ended(self) -> None:
        # Trials that are left running are recorded after this, so the last event comes later.
        self._observer.run_ended()

    def say_at_once(self, text: str) -> None:
        self._observer.say_at_once(text)

    def steered(self, text: str) -> None:
        self._observer.steered(text)
        self._tell({"event": "run_steered", "time": time.time(), "change": text})

    def end(self, reason: str, exit_code: int) -> None:
        self._tell(
            {
                "event": "run_ended",
                "time": time.time(),
                "reason": reason,
                "exit_code": exit_code,
            }
        )
