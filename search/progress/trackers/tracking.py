"""Tells trackers of a session. Each works in a thread of its own: the driver only passes on.

A tracker that fails is named once and left out from there on; the study has everything, and the
next session writes what it lacks.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue

from optuna.trial import FrozenTrial

from search.progress.trackers.tracker import TrackedTrial, Tracker, make_tracker
from search.running.run import INTERRUPTED, Observer, Run
from search.studies.reader import StudyReader
from search.studies.trials import Epoch, Trial

_PATIENCE_S, _SHORT_PATIENCE_S = 30.0, 4.0
"""How long the end of a session waits for its trackers, and how long after an interruption."""

Job = Callable[[Tracker], None]


@contextmanager
def tracked(
    study: StudyReader, observer: Observer, warn: Callable[[str], None]
) -> Iterator[Observer]:
    """Have a study's trackers told of its session, after the observer; yields whom to tell.

    `warn` tells the user, in one line, why a tracker is left out.
    """
    lanes = [_Lane(name, study, warn) for name in study.spec.trackers]
    tracking = _Tracking(observer, lanes)
    try:
        yield tracking if lanes else observer
    finally:
        patience_s = _SHORT_PATIENCE_S if tracking.interrupted() else _PATIENCE_S
        deadline = time.monotonic() + patience_s
        for lane in lanes:
            lane.put(None)
        for lane in lanes:
            lane.join(max(deadline - time.monotonic(), 0.0))


def track_evaluated(
    study: StudyReader, trials: Sequence[Trial], warn: Callable[[str], None]
) -> None:
    """Tell those trackers of a study that want to know of trials that have been evaluated.

    `warn` tells the user, in one line, which one failed; the next run writes what it lacks.
    """
    for name in study.spec.trackers:
        try:
            tracker = make_tracker(name, study)
            if hasattr(tracker, "evaluated"):
                for trial in trials:
                    tracker.evaluated(_tracked_of(study, trial))
        except Exception as error:  # noqa: BLE001  whatever a tracker does, the metrics stand
            warn(_left_out(name, error))


class _Lane:
    """A tracker in a thread of its own."""

    def __init__(self, name: str, study: StudyReader, warn: Callable[[str], None]) -> None:
        self._name = name
        self._study = study
        self._warn = warn
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._works = self._has_warned = False

    def start(self) -> None:
        self._works = True
        self._thread.start()

    def put(self, job: Job | None) -> None:
        """Pass a job on; None is the last one."""
        if self._works:
            self._jobs.put(job)

    def join(self, patience_s: float) -> None:
        if not self._thread.is_alive():
            return
        self._thread.join(patience_s)
        if self._thread.is_alive():
            self._warn_once("it was still writing when the run ended")

    def _work(self) -> None:
        try:
            tracker = make_tracker(self._name, self._study)
            for job in iter(self._jobs.get, None):
                job(tracker)
            tracker.close()
        except Exception as error:  # noqa: BLE001  whatever a tracker does, the run goes on
            self._warn_once(error)

    def _warn_once(self, reason: Exception | str) -> None:
        warned, self._has_warned = self._has_warned, True
        self._works = False
        if not warned:
            self._warn(_left_out(self._name, reason))


class _Tracking:
    """Passes what happens in a run on to an observer, and to the lanes of the trackers."""

    def __init__(self, observer: Observer, lanes: list[_Lane]) -> None:
        self._observer = observer
        self._lanes = lanes
        self._run: Run | None = None

    def interrupted(self) -> bool:
        return self._run is not None and self._run.stop_reason == INTERRUPTED

    def run_started(self, run: Run, n_workers: int) -> None:
        self._observer.run_started(run, n_workers)
        self._run, self._study = run, run.study
        for lane in self._lanes:
            lane.start()
        trials = self._study.optuna_study.get_trials(deepcopy=False)
        for trial in run.study.trials():
            if trial.has_ended:
                known = _tracked(self._study, trial, trials[trial.number])
                self._pass_on(_write_ended(known))

    def trial_started(self, trial: Trial) -> None:
        self._observer.trial_started(trial)
        known = _tracked_of(self._study, trial)
        self._pass_on(lambda tracker: tracker.begin(known))

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        self._observer.epoch_finished(number, epoch)
        self._pass_on(lambda tracker: tracker.epoch(number, epoch.number, epoch.metrics))

    def trial_finished(self, trial: Trial) -> None:
        self._observer.trial_finished(trial)
        known = _tracked_of(self._study, trial)

        def end(tracker: Tracker) -> None:
            tracker.begin(known)  # one that was left RUNNING may not have begun in this run
            tracker.end(trial)

        self._pass_on(end)

    def run_ended(self) -> None:
        self._observer.run_ended()

    def say_at_once(self, text: str) -> None:
        self._observer.say_at_once(text)

    def steered(self, text: str) -> None:
        self._observer.steered(text)

    def _pass_on(self, job: Job) -> None:
        for lane in self._lanes:
            lane.put(job)


def _tracked_of(study: StudyReader, trial: Trial) -> TrackedTrial:
    trials = study.optuna_study.get_trials(deepcopy=False)
    return _tracked(study, trial, trials[trial.number])


def _tracked(study: StudyReader, trial: Trial, frozen: FrozenTrial) -> TrackedTrial:
    begun = frozen.datetime_start.isoformat() if frozen.datetime_start else ""
    identity = f"{study.name}/{trial.number}/{begun}"
    return TrackedTrial(trial, identity, frozen, study.trial_folder(trial.number))


def _left_out(name: str, reason: Exception | str) -> str:
    lines = str(reason).strip().splitlines() or [type(reason).__name__]
    return f"warning: trackers: {name} is left out of this run: {lines[0]}"


def _write_ended(tracked: TrackedTrial) -> Job:
    """Write a trial of an earlier session, if that session could not."""

    def write(tracker: Tracker) -> None:
        if not tracker.knows(tracked):
            tracker.begin(tracked)
            tracker.end(tracked.trial)

    return write
