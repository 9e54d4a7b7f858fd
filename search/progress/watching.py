"""Shows a session to the end: one of this process, or from outside one of another process."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live

from search.progress.beside import ScreenProgress, has_keyboard
from search.progress.events import Tell, telling
from search.progress.reading import Watcher
from search.progress.terminal import make_progress, print_headline, print_line
from search.progress.trackers.tracking import tracked
from search.running.engines import Place
from search.running.session import run_study
from search.studies.driver import StudyDriver
from search.studies.folder import study_command
from search.studies.lock import find_driver
from search.studies.reader import StudyReader
from search.studies.trials import Trial


@dataclass(frozen=True)
class Audience:
    """Who sees a session, besides the study's trackers.

    Args:
        quiet: Whether the console is shown no progress.
        screen: The program of a screen, which has the terminal if there is a person with a
            keyboard; empty for none.
        tell: Given each event; None if nobody is.
    """

    quiet: bool = False
    screen: Sequence[str] = ()
    tell: Tell | None = None


def run_watched(study: StudyDriver, place: Place, console: Console, audience: Audience) -> None:
    """Run a study as `run_study` does, shown on a console and told to the study's trackers."""
    chosen = make_progress(console, audience.quiet)
    if audience.screen and not audience.quiet and has_keyboard(console):
        chosen = ScreenProgress(console, audience.screen)

    def say(text: str) -> None:
        print_line(console, text)

    with (
        chosen as progress,
        telling(progress, audience.tell) as told,
        tracked(study, told, say) as observer,
    ):
        run_study(study, place, observer, say)


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
