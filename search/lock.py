"""One driver at a time: a lock on a study's folder that dies with its process."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.errors import StudyError

LOCK_FILE = "lock"


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
    with (folder / LOCK_FILE).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise StudyError(
                f"{folder}: a study has one driver at a time, {holder} runs it"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        try:
            yield
        finally:
            (folder / LOCK_FILE).unlink(missing_ok=True)
