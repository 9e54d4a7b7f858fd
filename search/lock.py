"""One driver at a time: a lock on a study's folder that dies with its process."""

import fcntl
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from search.errors import StudyError

LOCK_FILE = "lock"


@dataclass(frozen=True)
class Driver:
    """The process that runs a study.

    Args:
        pid: Its number.
        host: The machine it is on.
    """

    pid: int
    host: str

    def __str__(self) -> str:
        """Name it for a message."""
        return f"process {self.pid} on {self.host}"


@contextmanager
def driving(folder: Path) -> Iterator[None]:
    """Be the one process that runs a study.

    The lock is the operating system's: it is gone with the process, however that ended.

    Args:
        folder: The study's folder.

    Yields:
        While this process drives the study.

    Raises:
        StudyError: If another process does; it is named.
    """
    path = folder / LOCK_FILE
    with _locked(path) as file:
        json.dump({"pid": os.getpid(), "host": socket.gethostname()}, file)
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _locked(path: Path) -> TextIO:
    """Open and lock a file; one that its former holder has removed meanwhile does not count."""
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            holder = find_driver(path.parent) or "another process"
            raise StudyError(
                f"{path.parent}: a study has one driver at a time, {holder} runs it"
            ) from None
        if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):
            file.truncate(0)
            return file
        file.close()


def find_driver(folder: Path) -> Driver | None:
    """Find the process that runs a study.

    Args:
        folder: The study's folder.

    Returns:
        The process, or None if nobody runs the study.
    """
    try:
        with (folder / LOCK_FILE).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Driver(**json.load(file))
    except (FileNotFoundError, ValueError, TypeError):
        pass  # nobody has run it, or the driver is just about to write who it is
    return None


def stop_driver(folder: Path, *, now: bool) -> Driver:
    """Ask the process that runs a study to end, as Ctrl-C in its terminal does.

    Args:
        folder: The study's folder.
        now: Whether not to wait for the running epochs; returns once the process has ended.

    Returns:
        The process.

    Raises:
        StudyError: If nobody runs the study, or a process that cannot be reached from here.
    """
    driver = find_driver(folder)
    if driver is None:
        raise StudyError(f"{folder}: a running study must be given, nobody runs this one")
    if driver.host != socket.gethostname():
        raise StudyError(f"{folder}: it must be stopped on the host that runs it, {driver.host}")
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
            raise StudyError(f"{folder}: {driver} must end within 10 s, it has not")
        time.sleep(0.1)
