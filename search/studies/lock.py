"""One driver at a time: a lock on a study's folder that dies with its process.

On one machine the operating system holds the lock and lets go of it with the process. Not
every shared file system passes such locks on to other machines, so a driver also touches its
lock file every few seconds; on another machine the file counts for as long as that goes on.
"""

import fcntl
import json
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from search.errors import StudyError
from search.studies.folder import LOCK_FILE

BEAT_S = 5.0
"""How often a driver touches its lock file."""
SILENCE_S = 30.0
"""After so long without that, another machine takes its driver to be gone."""


@dataclass(frozen=True)
class Driver:
    """The process that runs a study.

    Args:
        pid: Its number.
        host: The machine it is on.
        since: When it took the study over, in seconds since 1970.
    """

    pid: int
    host: str
    since: float = 0.0

    def __str__(self) -> str:
        """Name it for a message."""
        return f"process {self.pid} on {self.host}"


@contextmanager
def driving(folder: Path) -> Iterator[None]:
    """Be the one process that runs a study, or raise an error that names the one that is.

    A lock that a dead process left, here or on another machine, is taken over. Should a
    driver find its own lock taken over, because its machine slept, it ends as by Ctrl-C.
    """
    path = folder / LOCK_FILE
    with _locked(path) as file:
        driver = Driver(os.getpid(), socket.gethostname(), time.time())
        json.dump(asdict(driver), file)
        file.flush()
        done = threading.Event()
        beat = threading.Thread(target=_beat, args=(path, file, done), daemon=True)
        beat.start()
        try:
            yield
        finally:
            done.set()
            beat.join()
            if _is_at(path, file):
                path.unlink()


def _locked(path: Path) -> TextIO:
    """Open and lock a file; one that its former holder has removed meanwhile does not count."""
    while True:
        driver = find_driver(path.parent)
        if driver:
            raise StudyError(f"{path.parent.name} is already running: {driver}")
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # held for a machine that is gone, or taken this very moment
            file.close()
            if _is_silent(path):
                path.unlink(missing_ok=True)
            time.sleep(0.01)
            continue
        if _is_at(path, file):
            file.truncate(0)
            return file
        file.close()


def _beat(path: Path, file: TextIO, done: threading.Event) -> None:
    """Touch the lock file until the driver is done, or the file is not its own any more."""
    while not done.wait(BEAT_S):
        if not _is_at(path, file):
            os.kill(os.getpid(), signal.SIGTERM)
            return
        os.utime(file.fileno())


def _is_at(path: Path, file: TextIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _is_silent(path: Path) -> bool:
    """Tell whether nobody has touched a file for long, by the clock of its file system."""
    try:
        with tempfile.TemporaryFile(dir=path.parent) as now:
            return os.fstat(now.fileno()).st_mtime - path.stat().st_mtime > SILENCE_S
    except FileNotFoundError:
        return True


def find_driver(folder: Path) -> Driver | None:
    """Find the process that runs a study, if any does."""
    path = folder / LOCK_FILE
    try:
        with path.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                is_locked = False
            except BlockingIOError:
                is_locked = True
            driver = Driver(**json.load(file))
    except (FileNotFoundError, ValueError, TypeError):
        return None  # nobody has run it, or the driver is just about to write who it is
    if driver.host == socket.gethostname():
        return driver if is_locked else None
    return None if _is_silent(path) else driver


def stop_driver(folder: Path, *, now: bool) -> Driver:
    """Ask the process that runs a study to end, as Ctrl-C does; `now`, not after its epochs.

    With `now` it has ended once this returns.
    """
    driver = find_driver(folder)
    if driver is None:
        raise StudyError(f"{folder.name} is not running")
    if driver.host != socket.gethostname():
        raise StudyError(f"{folder.name} is running on another machine; stop it on {driver.host}")
    os.kill(driver.pid, signal.SIGTERM)
    if now:
        time.sleep(0.3)
        with suppress(ProcessLookupError):
            os.kill(driver.pid, signal.SIGTERM)
        _wait_for_end(folder, driver)
    return driver


def _wait_for_end(folder: Path, driver: Driver) -> None:
    deadline = time.monotonic() + 10
    while find_driver(folder) == driver:
        if time.monotonic() > deadline:
            raise StudyError(f"{folder.name} is still running, 10 s after {driver} was stopped")
        time.sleep(0.1)
