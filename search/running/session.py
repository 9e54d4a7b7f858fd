"""One session of a study from start to end: its engine, interruptions, the leaderboard file."""

import importlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from search.errors import Interrupt, InterruptedRunError, NoTrialCompletedError
from search.objective.loading import extend_import_path
from search.running.engines import Place
from search.running.run import INTERRUPTED, Observer, Run
from search.spaces.document import Override
from search.spaces.space_file import load_space_file
from search.studies.driver import StudyDriver
from search.studies.export import LEADERBOARD_FILE, write_leaderboard
from search.studies.folder import study_command
from search.studies.gain import CANNOT_TELL
from search.studies.leaderboard import leaderboard_rows
from search.studies.reader import StudyReader
from search.studies.storage import WRITING_ERRORS
from search.studies.workers import forget_workers


def extend_study(study: StudyDriver, trials: str | None, overrides: Sequence[Override]) -> None:
    """Give a study another budget, sampler or pruner; call it only as its driver.

    `trials` is as `wanted_trials` takes it; None leaves the budget. The study's space file then
    holds what was overridden.
    """
    overrides = list(overrides)
    if trials is not None:
        wanted = wanted_trials(study, trials)
        overrides.append(Override(f"budget.trials={wanted}", f"--trials {trials}"))
    extend_import_path(study.import_folders)
    spec = load_space_file(study.space_file, overrides)
    if overrides:
        study.change(spec)


def wanted_trials(study: StudyReader, trials: str) -> str:
    """Tell the number of trials in all that is meant by `100` or, in addition, by `+20`.

    Those are added to the budget; where more have begun than that, or it has no number, to
    those.
    """
    if not (trials.startswith("+") and trials[1:].isdigit()):
        return trials
    return str(max(study.spec.budget.trials or 0, len(study.trials())) + int(trials))


def run_study(
    study: StudyDriver, place: Place, observer: Observer, say: Callable[[str], None]
) -> None:
    """Run a study's trials until its budget is spent; call it only as the study's driver.

    The observer is told of the session as it goes; `say` shows the user one line, as why the
    session ended before its budget was spent. It raises what the run stopped for.
    """
    run = Run(study, observer)
    if not run.has_work():
        run.stop("the budget of trials is spent; add trials with --trials +20")
    else:
        _serve(run, place)
    if run.error:
        raise run.error
    if run.stop_reason == INTERRUPTED:
        again = study_command(study.folder, "resume")
        raise InterruptedRunError(f"interrupted; continue with `{again}`")
    if run.stop_reason:
        say(f"{study.name}: {run.stop_reason}")
    if run.no_gain and run.no_gain.cannot_tell:
        say(f"{study.name}: budget.until: {CANNOT_TELL}")
    _check_completed(study)


def _serve(run: Run, place: Place) -> None:
    """Let an engine work until the run ends, and leave no trial running whatever happens."""
    study = run.study
    forget_workers(study.folder)  # what a driver that was killed has left
    try:
        with _interruptible(run):
            engine = importlib.import_module(place.engine)
            engine.run_trials(run, place.address, place.wait_s)
    except KeyboardInterrupt:
        run.stop(INTERRUPTED)
    finally:
        forget_workers(study.folder)
        try:
            run.abandon()
            run.steering.end()
            write_leaderboard(leaderboard_rows(study), "csv", study.folder / LEADERBOARD_FILE)
        except WRITING_ERRORS as error:
            run.cannot_write(error)


def _check_completed(study: StudyDriver) -> None:
    trials = study.trials()
    if not any(trial.state == "COMPLETE" for trial in trials):
        reasons = [trial.reason for trial in trials if trial.reason]
        why = f"; the last one: {reasons[-1]}" if reasons else ""
        raise NoTrialCompletedError(f"{study.name}: no trial completed{why}")


@contextmanager
def _interruptible(run: Run) -> Iterator[None]:
    """Make the first Ctrl-C (or SIGTERM) end the run after the running epochs, the second now."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    heard: list[int] = []

    def stop(signum: int, frame: FrameType | None) -> None:
        heard.append(signum)
        if len(heard) == 1:
            run.stop(INTERRUPTED)
            run.observer.say_at_once("stopping after the running epochs; Ctrl-C again stops now")
            return
        if len(heard) == 2:
            run.observer.say_at_once("stopping now …")
        raise Interrupt

    previous = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for signum, handler in previous.items():
            # What is left after an interruption is short and must not be interrupted again.
            ignored = signal.SIG_IGN if run.stop_reason == INTERRUPTED else handler
            signal.signal(signum, ignored)
