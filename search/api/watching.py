"""Watches a study on a keyboard screen, whose keys act on it; what `run` shows on a terminal."""

import os
import sys
import webbrowser
from pathlib import Path

from search.api.steering import note, pause, stop_trials, unpause
from search.api.studies import enqueue, stop
from search.api.study import Study
from search.progress.screen.showing import show, show_run
from search.progress.screen.study_view import Actions


def watch_on_screen(study: Study, interval: float = 1.0) -> None:
    """Show a study on the whole terminal until its session ends, or the screen is left.

    Args:
        study: The study; at rest it is shown until the screen is left.
        interval: Seconds between two looks at the study.

    Raises:
        KeyboardInterrupt: If it was left by Ctrl-C.
    """
    if show(study.reader, _actions(study), interval) == "interrupted":
        raise KeyboardInterrupt


def _actions(study: Study) -> Actions:
    return Actions(
        stop=lambda now: _stop(study, now),
        pause=lambda: str(unpause(study) if study.reader.paused_since() else pause(study)),
        stop_trial=lambda number: str(stop_trials(study, [number])),
        note=lambda number, text: str(note(study, number, text)),
        enqueue=lambda point: f"trial {enqueue(study, point)} will try it",
        report=lambda: _report(study),
    )


def _stop(study: Study, now: bool) -> str:
    driver = stop(study, now=now)
    return f"{driver} {'has ended' if now else 'ends after the running epochs'}"


def _report(study: Study) -> str:
    path = study.report(ask=False).resolve()
    # Without a desktop, as over SSH, a browser in this very terminal would be opened.
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(path.as_uri())
    return f"wrote {path}"


def main() -> None:
    """Show the run that has started this process, given the study's folder, a pipe and a run."""
    folder, pipe, driver = sys.argv[1:]
    study = Study.open(Path(folder))
    left = show_run(study.reader, _actions(study), int(pipe), int(driver))
    sys.exit(0 if left else 1)


if __name__ == "__main__":
    main()
