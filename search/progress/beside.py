"""The screen of a run: another process reads the study and has the terminal, this one runs.

So the screen takes no time of the run's, and can end in any way without ending it. The run tells
it over a pipe what it is about to do; the pipe's end, however the run ends, ends the screen.
What this process writes meanwhile is held back and written once the terminal is its own again.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from rich.console import Console

from search.progress.terminal import LineProgress, print_headline, print_line
from search.studies.trials import Trial

_PATIENCE_S = 5.0
"""How long the screen may take to give the terminal back."""
_GIVE_BACK = "\x1b[<u\x1b[?2004l\x1b[?1004l\x1b[?2048l\x1b[?7h\x1b[?25h\x1b[?1049l"
"""Undoes what a screen that was killed has left: modes of keys and paste, hidden cursor."""


def has_keyboard(console: Console) -> bool:
    """Tell whether a person sits at the console, with a terminal that can show a screen."""
    if not console.is_terminal or console.is_dumb_terminal:
        return False
    try:
        # A job in the background must not ask for keys: it would be stopped.
        return os.ttyname(0) == os.ttyname(2) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


class ScreenProgress(LineProgress):
    """A screen in a process of its own; once it is left, a line for each trial that ends.

    Args:
        console: The terminal.
        command: The program of the screen; given the number of the pipe and of this process.
    """

    def __init__(self, console: Console, command: Sequence[str]) -> None:
        super().__init__(console)
        self._command = command
        self._is_shown = threading.Event()
        self._is_ending = False

    def trial_finished(self, trial: Trial) -> None:
        """See `Observer`."""
        if self._is_shown.is_set():
            self._known.finish(trial)
        else:
            super().trial_finished(trial)

    def run_ended(self) -> None:
        """See `Observer`."""
        self._tell("stopping workers …")

    def say_at_once(self, text: str) -> None:
        """See `Progress`."""
        if not (self._is_shown.is_set() and self._tell(text)):
            super().say_at_once(text)

    def __enter__(self) -> "ScreenProgress":
        """Give the terminal to the screen."""
        self._attributes = termios.tcgetattr(0)
        self._held = _Held()
        reading, self._pipe = os.pipe()
        words = [*self._command, str(reading), str(os.getpid())]
        self._is_shown.set()
        terminal = self._held.terminal
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with _without_interrupt():
            self._screen = subprocess.Popen(
                words, stdout=terminal, stderr=terminal, pass_fds=[reading], env=environment
            )
        os.close(reading)
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._waiter.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Take the terminal back, and leave the last headline on it."""
        was_shown = self._is_shown.is_set()
        self._is_ending = True
        os.close(self._pipe)
        self._waiter.join(_PATIENCE_S)
        if self._waiter.is_alive():
            self._screen.kill()
            self._waiter.join()
        if self.standing is not None and was_shown:
            print_headline(self.console, self.standing)

    def _wait(self) -> None:
        """Wait until the screen is left, or is gone in any other way, and go on in lines."""
        status = self._screen.wait()
        with suppress(OSError, termios.error):  # a terminal that is gone needs nothing
            if status != 0:
                os.write(self._held.terminal, _GIVE_BACK.encode())
            _set_attributes(self._attributes)
        self._held.release()
        self._is_shown.clear()
        if not self._is_ending:
            why = "the screen is left" if status == 0 else "the screen ended by an error"
            print_line(self.console, f"{why}; the run goes on, Ctrl-C ends it")

    def _tell(self, text: str) -> bool:
        """Tell the screen something; False if it is gone."""
        try:
            os.write(self._pipe, f"{text}\n".encode())
        except OSError:
            return False
        return True


class _Held:
    """Holds back what this process writes to the terminal, until it is released."""

    def __init__(self) -> None:
        self.terminal = os.dup(2)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  `release` closes it
        self._taken = [number for number in (1, 2) if os.isatty(number)]
        _flush()
        for number in self._taken:
            os.dup2(self._file.fileno(), number)

    def release(self) -> None:
        """Write what was held back."""
        _flush()
        for number in self._taken:
            os.dup2(self.terminal, number)
        self._file.seek(0)
        with open(self.terminal, "wb") as terminal, suppress(OSError):
            shutil.copyfileobj(self._file, terminal)
        self._file.close()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()


def _set_attributes(attributes: list[Any]) -> None:
    """Set how the terminal takes keys; this process may have gone to the background meanwhile."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        termios.tcsetattr(0, termios.TCSADRAIN, attributes)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})


@contextmanager
def _without_interrupt() -> Iterator[None]:
    """Have a process start deaf to the terminal's Ctrl-C, which is for this one alone."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
