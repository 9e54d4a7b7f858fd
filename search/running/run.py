"""The decisions on trials in one session: what to hand out, record, run again, and when to end.

Engines move assignments to workers and events back; every decision about a trial is taken
here, so all engines agree.
"""

import math
import time
from collections import deque
from typing import Protocol

from search.errors import (
    ObjectiveError,
    RepeatedFailureError,
    SearchError,
    StudyError,
)
from search.running.clock import Clock, SessionClock
from search.running.failures import Consequence, FailurePolicy
from search.running.steering import AT_ONCE, Steering
from search.running.trial import Assignment, assign
from search.running.worker import Environment, was_ended
from search.studies.database import DatabaseError
from search.studies.disk import TRIAL_BYTES, require_disk
from search.studies.driver import StudyDriver
from search.studies.folder import ERROR_FILE, study_command
from search.studies.gain import NoGain
from search.studies.storage import WRITING_ERRORS
from search.studies.trials import Epoch, Event, Failure, Trial
from search.text import format_duration

INTERRUPTED = "interrupted by the user"
"""The stop reason that also ends running trials."""

_PAUSE_S = 0.2
"""How often a paused session looks whether it is to go on."""


class Observer(Protocol):
    """Who is told of a session's progress, first by `run_started`."""

    def run_started(self, run: "Run", n_workers: int) -> None:
        """A number of workers is ready to take trials."""
        ...

    def trial_started(self, trial: Trial) -> None:
        """A trial was handed out."""
        ...

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        """A trial has reported an epoch."""
        ...

    def trial_finished(self, trial: Trial) -> None:
        """A trial has ended and is recorded."""
        ...

    def run_ended(self) -> None:
        """No trial follows; the workers are about to end."""
        ...

    def say_at_once(self, text: str) -> None:
        """Say to the user what the session is about to do; a signal handler calls it."""
        ...

    def steered(self, text: str) -> None:
        """A user has asked something of the session; its workers or its spec may have changed."""
        ...


class Run:
    """A study at work: what its trials do, who is told of it and why it stops.

    Args:
        study: The study, of which this process is the driver.
        observer: Who is told.
        clock: Tells the time in seconds from anywhere on; a simulated engine has one of its own.
    """

    def __init__(
        self, study: StudyDriver, observer: Observer, clock: Clock = time.monotonic
    ) -> None:
        self.study = study
        self.observer = observer
        self._clock = clock
        self.error: SearchError | None = None
        self.stop_reason = ""
        self.n_begun = len(study.trials())
        unfinished = study.take_up_unfinished()
        self._waiting = deque(trial.number for trial in unfinished)
        self._alone: deque[int] = deque()
        self._lonely: set[int] = set()
        self._running: set[int] = set()
        self._policy = FailurePolicy(study.spec.failures)
        self.no_gain = NoGain(study) if study.spec.budget.until else None
        self.steering = Steering(study, self.say)
        self._unresting: set[int] = set()
        self._session_clock = SessionClock(clock)
        self.n_fitting: float = math.inf
        self._disk_checked = False
        self._is_observed = False
        self._elapsed_s = {trial.number: trial.seconds or 0.0 for trial in unfinished}
        self._heard_at: dict[int, float] = {}

    def start(self, n_workers: int) -> None:
        """Begin: so many workers could be ready, and the clock of the budget runs."""
        self._session_clock = SessionClock(self._clock)
        self.n_fitting = n_workers
        n_new = (self.study.spec.budget.trials or self.n_begun) - self.n_begun
        require_disk(self.study.folder, n_new * TRIAL_BYTES, f"{n_new} trials")
        self._is_observed = True
        self.observer.run_started(self, int(self.n_workers))

    @property
    def n_workers(self) -> float:
        """How many trials may run at the same time: as many as are wanted and fit."""
        return min(self.steering.n_wanted, self.n_fitting)

    def end(self) -> None:
        """End: no trial follows, and to end the workers may take a moment."""
        if self._is_observed:
            self.observer.run_ended()

    def next_trial(self, environment: Environment) -> Assignment | None:
        """Begin one more trial; None if the session is to hand out no more, or not now."""
        self.take_requests()
        try:
            trial = None if self.ending() or self.is_full() else self._begin_trial()
        except WRITING_ERRORS as error:
            self.cannot_write(error)
            return None
        if trial is None:
            return None
        self._running.add(trial.number)
        self._elapsed_s[trial.number] = trial.seconds or 0.0
        self._heard_at[trial.number] = self._clock()
        self.observer.trial_started(trial)
        return assign(self.study, trial, environment)

    def handle(self, number: int, event: Event) -> bool:
        """Record what a worker sent of a trial; True if the trial is over and its worker free."""
        self._elapsed_s[number] = event.elapsed_s
        self._heard_at[number] = self._clock()
        self.take_requests()
        try:
            return self._record(number, event)
        except WRITING_ERRORS as error:
            self.cannot_write(error)
            self._running.discard(number)
            return True

    def _record(self, number: int, event: Event) -> bool:
        if isinstance(event, Epoch):
            return self._epoch(number, event)
        if event.failure:
            return self.fail(number, event.failure)
        if not self.study.trial(number).n_epochs:
            return self._fail(
                number, Failure("error", "the objective ended before its first epoch")
            )
        self.study.complete(number, event.elapsed_s, event.stop_reason)
        self._policy.trial_succeeded()
        return self._ended(number)

    def fail(self, number: int, failure: Failure, *, lost_node: bool = False) -> bool:
        """Record a failure, or have the trial run again; True, as its worker is free.

        A trial that has ended already is left as it is. `lost_node` says that its node is gone.
        """
        self._running.discard(number)
        if number not in self.study.live_trials():
            return True
        if failure.kind == "worker_died" and self._hung(number):
            failure = self._timeout(self.study.trial(number).n_epochs + 1)
            limit_s = self.study.spec.budget.trial_time or 0.0
            self._elapsed_s[number] = max(self._elapsed_s[number], limit_s)
        if failure.kind == "interrupted":
            self.leave(failure.reason)
            return self._interrupt(number)
        if failure.fatal:
            self.abort(ObjectiveError(failure.reason))
        if self.ending():
            consequence: Consequence = "record"
        else:
            consequence = self._policy.consequence(number, failure, lost_node=lost_node)
        match consequence:
            case "again":
                self._waiting.append(number)
            case "alone":
                self._alone.append(number)
            case _:
                self._fail(number, failure)
        return True

    def take_requests(self) -> None:
        """Do what users have asked of the session since the last call."""
        if not self.steering.look(self._running):
            return
        self._adapt()
        for number in self.steering.stopping - self._running:
            if number in self.study.live_trials():  # it waits for a worker
                self._stop(number)
        self._let_clock()

    def wait_while_paused(self) -> bool:
        """Wait for the end of a pause, if there is one; False if no trial follows anyway."""
        if not self.steering.paused:
            return False
        while self.steering.paused and not self.ending():
            time.sleep(_PAUSE_S)
            self.take_requests()
        return not self.ending()

    def must_wait(self) -> bool:
        """Tell whether a free worker is to stay free: a trial runs alone or is about to."""
        if self.ending():
            return False
        return bool(self._running) and (bool(self._alone) or self._running == self._lonely)

    def fit(self, n_fitting: int) -> None:
        """Go by how many trials fit at the same time now, as nodes have joined or left."""
        before, self.n_fitting = self.n_workers, n_fitting
        if self.n_workers != before:
            self.say(f"workers {before:g} → {self.n_workers:g}, as the cluster has changed")
        self._let_clock()

    def n_useful(self) -> int:
        """Tell how many trials could run at the same time if as many fitted as are wanted."""
        n_trials = self.study.spec.budget.trials
        n_new = math.inf if n_trials is None else n_trials - self.n_begun
        n_open = len(self._running) + len(self._waiting) + len(self._alone)
        useful = min(self.steering.n_wanted, n_open + (0 if self.stop_reason else n_new))
        return int(self.n_fitting if useful == math.inf else useful)

    def take_back(self, number: int) -> None:
        """Take back a trial that no worker has begun with."""
        self._running.discard(number)
        if number in self.study.live_trials():
            self.study.rest(number, self._elapsed_s[number])
            self._waiting.appendleft(number)

    def leave(self, reason: str) -> None:
        """End the session, which can be resumed, as it cannot go on now."""
        self.abort(StudyError(f"{reason}; continue with `{self._again()}`"))

    def is_full(self) -> bool:
        """Tell whether as many trials run as may."""
        return len(self._running) >= self.n_workers

    def running(self) -> bool:
        """Tell whether a trial is with a worker; it may have to run again."""
        return bool(self._running)

    def stop(self, reason: str) -> None:
        """Hand out no more trials; an interruption outranks the reason given before it."""
        self.stop_reason = reason if reason == INTERRUPTED else self.stop_reason or reason

    def abort(self, error: SearchError) -> None:
        """Stop because of an error, which is raised once the engine has ended."""
        self.error = self.error or error
        self.stop(str(error))

    def cannot_write(self, error: OSError | DatabaseError) -> None:
        """Stop because the study's storage or a file beside it cannot be written."""
        problem = str(error)
        if isinstance(error, OSError):
            place = error.filename or self.study.folder
            problem = f"{place}: must be writable, got {error.strerror or error}"
        again = f"what was recorded is intact, continue with `{self._again()}`"
        self.abort(StudyError(f"{problem}; {again}"))

    def _again(self) -> str:
        return study_command(self.study.folder, "resume")

    def abandon(self) -> None:
        """Leave every running trial to a later run."""
        for number in self.study.live_trials():
            self._interrupt(number)

    def has_work(self) -> bool:
        """Tell whether there is a trial to go on with or, within the budget, to begin."""
        return bool(self._waiting) or not self.budget_spent()

    def elapsed_s(self) -> float:
        """Tell for how many seconds the session has run, from when its workers were ready.

        While it is paused and no trial runs, the clock stands.
        """
        return self._session_clock.elapsed_s()

    def time_is_up(self) -> bool:
        """Tell whether `budget.time` is spent."""
        limit_s = self.study.spec.budget.time
        return limit_s is not None and self.elapsed_s() >= limit_s

    def budget_spent(self) -> bool:
        """Tell whether `budget.trials` have begun or `budget.time` is up."""
        n_trials = self.study.spec.budget.trials
        return self.time_is_up() or (n_trials is not None and self.n_begun >= n_trials)

    def _epoch(self, number: int, epoch: Epoch) -> bool:
        prune = self.study.report(number, epoch)
        if not self._disk_checked:
            self._check_disk(number)
        self.observer.epoch_finished(number, epoch)
        if prune:
            self.study.prune(number, epoch.elapsed_s)
            self._policy.trial_succeeded()
            return self._ended(number)
        if epoch.number != self.study.spec.epochs:
            if self.ending():
                return self._interrupt(number)
            if number in self.steering.stopping:
                return self._stop(number, f"after epoch {epoch.number}")
            if len(self._running) > self.steering.n_wanted and self._can_rest(number):
                return self._rest(number, epoch)
        limit_s = self.study.spec.budget.trial_time
        if limit_s is not None and epoch.elapsed_s > limit_s:
            return self._fail(number, self._timeout(epoch.number))
        return False

    def _can_rest(self, number: int) -> bool:
        """Tell whether a trial can go on later from where it is; say so if it cannot."""
        can = self.study.checkpoints.has_last(number)
        if not can and number not in self._unresting:
            self._unresting.add(number)
            self.say(f"trial {number} keeps no checkpoint, it runs to its end first")
        return can

    def _rest(self, number: int, epoch: Epoch) -> bool:
        """Put a trial aside until there is a worker for it."""
        self.study.rest(number, epoch.elapsed_s)
        (self._alone if number in self._lonely else self._waiting).append(number)
        return self._ended(number, f"after epoch {epoch.number} of trial {number}")

    def _stop(self, number: int, when: str = AT_ONCE) -> bool:
        """End a trial as a user asked for."""
        self.study.stop(number, self._elapsed_s[number])
        return self._ended(number, when)

    def _let_clock(self) -> None:
        """Let the clock of the budget stand while no trial may run."""
        self._session_clock.stand(self.n_workers == 0 and not self._running)

    def _adapt(self) -> None:
        """Go by what the study's spec says now."""
        spec = self.study.spec
        self._policy.limits = spec.failures
        if bool(spec.budget.until) != bool(self.no_gain):
            self.no_gain = NoGain(self.study) if spec.budget.until else None

    def say(self, text: str) -> None:
        """Tell the user what has become of the session."""
        if self._is_observed:
            self.observer.steered(text)

    def _hung(self, number: int) -> bool:
        """Tell whether a worker ended itself because its trial's time was up."""
        limit_s = self.study.spec.budget.trial_time
        if limit_s is None:
            return False
        ended = was_ended(self.study.trial_folder(number) / ERROR_FILE)
        if ended is not None:
            return ended
        # On a node that does not share the study's folder: a guess, which the start counts into.
        silent_s = self._clock() - self._heard_at[number]
        return self._elapsed_s[number] + silent_s >= limit_s

    def _timeout(self, epoch: int) -> Failure:
        limit = format_duration(self.study.spec.budget.trial_time or 0.0)
        return Failure("timeout", f"longer than {limit} at epoch {epoch}")

    def _check_disk(self, number: int) -> None:
        """End the run at its first checkpoint if the disk cannot hold those to come."""
        self._disk_checked = True
        n_trials = self.study.spec.budget.trials or self.n_begun
        try:
            n_workers = int(min(self.n_workers, n_trials))
            self.study.checkpoints.require_disk(number, n_workers, n_trials)
        except StudyError as error:
            self.abort(error)

    def ending(self) -> bool:
        """Tell whether running trials are to end after their epoch."""
        return bool(self.error) or self.time_is_up() or self.stop_reason == INTERRUPTED

    def _begin_trial(self) -> Trial | None:
        """Take a trial that has begun already or, within the budget, a new one."""
        if self._alone:
            self._lonely = {self._alone[0]}
            return self.study.go_on(self._alone.popleft())
        while self._waiting:
            number = self._waiting.popleft()
            if number in self.study.live_trials():  # else it was stopped while it waited
                return self.study.go_on(number)
        if self.stop_reason or self.budget_spent():
            return None
        if self.no_gain and (why := self.no_gain.why_over()):
            self.stop(why)
            return None
        try:
            trial = self.study.ask()
        except DatabaseError:
            raise
        except SearchError as error:
            self.abort(error)
            return None
        if trial is None:
            self.stop(self.study.why_no_more())
            return None
        self.n_begun += 1
        return trial

    def _interrupt(self, number: int) -> bool:
        reason = "the time budget was spent" if self.time_is_up() else self.stop_reason
        elapsed_s = self._elapsed_s.get(number, 0.0)
        self.study.interrupt(number, elapsed_s, reason or "the run ended")
        return self._ended(number)

    def _fail(self, number: int, failure: Failure) -> bool:
        self.study.fail(number, self._elapsed_s[number], failure)
        too_many = self._policy.trial_failed(failure)
        if too_many:
            self.abort(RepeatedFailureError(too_many))
        return self._ended(number)

    def _ended(self, number: int, when: str = "") -> bool:
        self._running.discard(number)
        if self._is_observed:
            self.observer.trial_finished(self.study.trial(number))
        self.steering.settle(self._running, when or f"with the end of trial {number}")
        self._let_clock()
        return True
