"""Shows a session to the end: one of this process, or from outside one of another process."""

import time
from collections.abc import Iterator
from datetime import datetime

from optuna.trial import FrozenTrial
from rich.console import Console
from rich.live import Live

from search.progress.standing import Standing
from search.progress.terminal import make_progress, print_headline, print_line
from search.progress.trackers.tracking import tracked
from search.running.engines import Place
from search.running.session import run_study
from search.studies.driver import StudyDriver
from search.studies.folder import study_command
from search.studies.lock import Driver, find_driver
from search.studies.reader import StudyReader
from search.studies.trials import Trial, has_begun, read_trial


def run_watched(study: StudyDriver, place: Place, console: Console, *, quiet: bool) -> None:
    """Run a study as `run_study` does, shown on a console and told to the study's trackers."""

    def say(text: str) -> None:
        print_line(console, text)

    with make_progress(console, quiet) as progress, tracked(study, progress, say) as observer:
        run_study(study, place, observer, say)


class Watcher:
    """A running study seen from outside, by reading its storage and nothing else."""

    def __init__(self, study: StudyReader, driver: Driver) -> None:
        self._study = study
        self._since = datetime.fromtimestamp(driver.since)
        self.standing = Standing(study.spec, lambda: max(time.time() - driver.since, 0.0))
        self._ended: set[int] = set()
        self._n_epochs_ended = 0
        self._earlier: dict[int, int] = {}

    def look(self) -> list[Trial]:
        """Read what is new; give the trials that have ended since the last look, by number."""
        new = []
        n_epochs = 0
        self._study.read_spec_again()
        self.standing.spec = self._study.spec
        self.standing.paused = self._study.paused_since() is not None
        for frozen in self._study.optuna_study.get_trials(deepcopy=False):
            if frozen.number in self._ended or not has_begun(frozen):
                continue
            trial = read_trial(frozen)
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
        return new

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


def watch_study(study: StudyReader, console: Console, interval_s: float) -> None:
    """Show another process's session until it ends, and touch neither its storage nor its lock.

    A terminal gets a live table, anything else a line for each trial that ends. Of a study at
    rest it says how to go on with it.
    """
    driver = find_driver(study.folder)
    if driver is None:
        print_line(console, _at_rest(study))
        return
    watcher = Watcher(study, driver)
    watcher.look()
    print_line(console, f"{study.name}: run by {driver}; Ctrl-C stops watching, not the run")
    if not console.is_terminal:
        for trial in _looks(watcher, study, interval_s):
            print_line(console, watcher.standing.finished_line(trial))
        return
    view = watcher.standing.view
    with Live(get_renderable=view, console=console, refresh_per_second=4, transient=True):
        for _ in _looks(watcher, study, interval_s):
            pass
    print_headline(console, watcher.standing)


def _at_rest(study: StudyReader) -> str:
    trials = study.trials()
    n_wanted = study.spec.budget.trials
    why, more = "go on with it", []
    if n_wanted and len(trials) >= n_wanted and all(trial.has_ended for trial in trials):
        why, more = "its budget is spent, extend it", ["--trials", "+20"]
    command = study_command(study.folder, "resume", *more)
    return f"{study.name} is not running; {why} by `{command}`"


def _looks(watcher: Watcher, study: StudyReader, interval_s: float) -> Iterator[Trial]:
    """Yield trials as they end, and end with the session."""
    runs = True
    while runs:
        # Asked before the look, so that the last look sees all that the driver wrote.
        runs = find_driver(study.folder) is not None
        yield from watcher.look()
        if runs:
            time.sleep(interval_s)
