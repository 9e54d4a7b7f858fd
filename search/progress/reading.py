"""Reads a study as it goes, from outside the process that runs it."""

import time
from dataclasses import replace
from datetime import datetime

from optuna.trial import FrozenTrial, TrialState

from search.progress.standing import Standing
from search.studies import attributes
from search.studies.lock import Driver
from search.studies.reader import StudyReader
from search.studies.trials import Trial, has_begun, read_trial


class Watcher:
    """A study seen from outside, by reading its storage and nothing else.

    Args:
        study: The study.
        driver: The process that runs it; None of a study at rest.
    """

    def __init__(self, study: StudyReader, driver: Driver | None) -> None:
        since = driver.since if driver else time.time()
        self._study = study
        self._is_driven = driver is not None
        self._since = datetime.fromtimestamp(since)
        self.standing = Standing(study.spec, lambda: max(time.time() - since, 0.0))
        self.trials: dict[int, Trial] = {}
        self.n_waiting = 0
        self._ended: set[int] = set()
        self._spec_written = study.space_file.stat().st_mtime_ns
        self._n_epochs_ended = 0
        self._earlier: dict[int, int] = {}

    def look(self) -> list[Trial]:
        """Read what is new; give the trials that have ended since the last look, by number."""
        new = []
        n_epochs = 0
        self._read_spec()
        self.standing.paused = self._study.paused_since() is not None
        stored = self._study.optuna_study.get_trials(deepcopy=False)
        self.n_waiting = sum(frozen.state is TrialState.WAITING for frozen in stored)
        for frozen in stored:
            if frozen.number in self._ended or not has_begun(frozen):
                continue
            trial = self.trials[frozen.number] = read_trial(frozen, driven=self._is_driven)
            if not frozen.state.is_finished():
                self._see_unfinished(trial)
                n_epochs += self._n_epochs_here(frozen, trial)
                continue
            new.append(trial)
            self._ended.add(trial.number)
            if frozen.datetime_complete and frozen.datetime_complete >= self._since:
                self._n_epochs_ended += self._n_epochs_here(frozen, trial)
                self.standing.finish(trial)
            else:
                self.standing.count(trial)
        self.standing.n_epochs = self._n_epochs_ended + n_epochs
        self._read_notes()
        return new

    def _read_spec(self) -> None:
        """Take in a space file that has changed; to read it takes a while."""
        written = self._study.space_file.stat().st_mtime_ns
        if written != self._spec_written:
            self._study.read_spec_again()
            self._spec_written = written
        self.standing.spec = self._study.spec

    def _read_notes(self) -> None:
        """Take in what users noted of trials, also of those that have ended."""
        attrs = self._study.optuna_study.user_attrs
        for number, trial in self.trials.items():
            note = attrs.get(f"{attributes.NOTE}{number}", "")
            if note != trial.note:
                self.trials[number] = replace(trial, note=note)

    def _n_epochs_here(self, frozen: FrozenTrial, trial: Trial) -> int:
        """Count a trial's epochs but for those that a resumed one had when it was seen first."""
        resumed = bool(frozen.datetime_start and frozen.datetime_start < self._since)
        return trial.n_epochs - self._earlier.setdefault(
            trial.number, trial.n_epochs if resumed else 0
        )

    def _see_unfinished(self, trial: Trial) -> None:
        if trial.state == "INTERRUPTED":  # it waits for a worker, or was left by one
            self.standing.running.pop(trial.number, None)
        else:
            self.standing.note_running(trial)
