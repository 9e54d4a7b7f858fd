"""Shows a run of another process as it goes, by reading the study's record and nothing else."""

import time
from collections.abc import Iterator
from datetime import datetime

from optuna.trial import FrozenTrial
from rich.console import Console
from rich.live import Live

from search.progress.standing import Standing
from search.progress.terminal import print_headline, print_line
from search.studies.lock import Driver, find_driver
from search.studies.reader import StudyReader
from search.studies.trials import Trial, has_begun, read_trial


class Watcher:
    """A running study seen from outside.

    Args:
        study: The study; its storage reads on from where it was.
        driver: The process that runs it.
    """

    def __init__(self, study: StudyReader, driver: Driver) -> None:
        self._study = study
        self._since = datetime.fromtimestamp(driver.since)
        self.standing = Standing(study.spec, lambda: max(time.time() - driver.since, 0.0))
        self._ended: set[int] = set()
        self._n_epochs_ended = 0
        self._earlier: dict[int, int] = {}

    def look(self) -> list[Trial]:
        """Read what is new in the record.

        Returns:
            The trials that have ended since the last look, by number.
        """
        new = []
        n_epochs = 0
        for trial in self._study.optuna_study.get_trials(deepcopy=False):
            if trial.number in self._ended or not has_begun(trial):
                continue
            record = read_trial(trial)
            if not trial.state.is_finished():
                self._see_unfinished(record)
                n_epochs += self._n_epochs_here(trial, record)
                continue
            new.append(record)
            self._ended.add(record.number)
            if trial.datetime_complete and trial.datetime_complete >= self._since:
                self._n_epochs_ended += self._n_epochs_here(trial, record)
                self.standing.finish(record)
            else:
                self.standing.count(record)
        self.standing.n_epochs = self._n_epochs_ended + n_epochs
        return new

    def _n_epochs_here(self, trial: FrozenTrial, record: Trial) -> int:
        """Count a trial's epochs but for those that a resumed one had when it was seen first."""
        resumed = bool(trial.datetime_start and trial.datetime_start < self._since)
        return record.n_epochs - self._earlier.setdefault(
            record.number, record.n_epochs if resumed else 0
        )

    def _see_unfinished(self, record: Trial) -> None:
        if record.state == "INTERRUPTED":  # it waits for a worker, or was left by one
            self.standing.running.pop(record.number, None)
        else:
            self.standing.note_running(record)


def watch_study(study: StudyReader, driver: Driver, console: Console, interval_s: float) -> None:
    """Show a run until it ends: a live table on a terminal, elsewhere a line per ended trial.

    Args:
        study: The study; neither its record nor its lock is touched.
        driver: The process that runs it.
        console: Where to show.
        interval_s: Seconds between two looks.
    """
    watcher = Watcher(study, driver)
    watcher.look()
    print_line(console, f"{study.name}: {driver} runs it; Ctrl-C ends the watching only")
    if not console.is_terminal:
        for trial in _looks(watcher, study, interval_s):
            print_line(console, watcher.standing.finished_line(trial))
        return
    view = watcher.standing.view
    with Live(get_renderable=view, console=console, refresh_per_second=4, transient=True):
        for _ in _looks(watcher, study, interval_s):
            pass
    print_headline(console, watcher.standing)


def _looks(watcher: Watcher, study: StudyReader, interval_s: float) -> Iterator[Trial]:
    """Yield trials as they end, and end with the run."""
    runs = True
    while runs:
        # Asked before the look, so that the last look sees all that the driver wrote.
        runs = find_driver(study.folder) is not None
        yield from watcher.look()
        if runs:
            time.sleep(interval_s)
