"""Runs a study from start to end: engine, progress, interruption, leaderboard file."""

import importlib
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console

from search.errors import InterruptedRunError, NoTrialCompletedError
from search.export import LEADERBOARD_FILE, write_leaderboard
from search.leaderboard import leaderboard_rows
from search.progress import make_progress
from search.run import INTERRUPTED, Run
from search.study import Study


def run_study(
    study: Study, engine: str, address: str | None, console: Console, *, quiet: bool
) -> None:
    """Run a study's trials until its budget is spent.

    Args:
        study: The study.
        engine: Module of the engine.
        address: A Ray cluster to join, or None.
        console: Where to show progress.
        quiet: Whether to show none.

    Raises:
        SearchError: If the run cannot go on.
        InterruptedRunError: If the user ended it.
        NoTrialCompletedError: If no trial of the study is COMPLETE.
    """
    with make_progress(console, quiet) as progress:
        run = Run(study, progress)
        try:
            with _interruptible(run):
                importlib.import_module(engine).run_trials(run, address)
        except KeyboardInterrupt:
            run.stop(INTERRUPTED)
        finally:
            run.abandon()
            write_leaderboard(leaderboard_rows(study), "csv", study.folder / LEADERBOARD_FILE)
    if run.error:
        raise run.error
    if run.stop_reason == INTERRUPTED:
        raise InterruptedRunError(f"interrupted; what was recorded is in {study.folder}")
    records = study.records()
    if not any(record.state == "COMPLETE" for record in records):
        reasons = [record.reason for record in records if record.reason]
        why = f"; the last one: {reasons[-1]}" if reasons else ""
        raise NoTrialCompletedError(f"{study.name}: no trial completed{why}")


@contextmanager
def _interruptible(run: Run) -> Iterator[None]:
    """Make the first Ctrl-C (or SIGTERM) end the run after the running epochs, the second now."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        if run.stop_reason == INTERRUPTED:
            raise KeyboardInterrupt
        run.stop(INTERRUPTED)

    previous = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)
