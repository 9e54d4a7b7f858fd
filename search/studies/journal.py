"""A study's journal: a file of JSON lines, made to survive kills, power cuts and full disks.

Optuna's own lock for its journal is a link beside the file; a driver killed while it writes leaves
it behind, and the next one waits half a minute. Ours is the operating system's.
"""

import fcntl
import json
import os
import shlex
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock

from search.errors import StudyError

_LONGEST_LINE_BYTES = 2**20


def open_journal(path: Path) -> JournalStorage:
    """Open a journal, making an empty one if there is none.

    Args:
        path: The file.

    Returns:
        The storage; a torn last line is passed over.

    Raises:
        StudyError: If a line is damaged.
    """
    try:
        return JournalStorage(_WholeLinesBackend(str(path), _JournalLock(path)))
    except (ValueError, KeyError, TypeError) as error:
        raise _damage(path, error) from None


def cut_torn_line(path: Path) -> str | None:
    """Cut off a last line that a power cut or a full disk left unfinished.

    Args:
        path: The journal.

    Returns:
        What was cut off, in words, or None if the last line is whole.
    """
    with path.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        tail_start = max(0, file.seek(0, os.SEEK_END) - _LONGEST_LINE_BYTES)
        file.seek(tail_start)
        tail = file.read()
        line = tail[tail.rfind(b"\n", 0, -1) + 1 :]
        if not line or (line.endswith(b"\n") and _is_entry(line)):
            return None
        file.truncate(tail_start + len(tail) - len(line))
        file.flush()
        os.fsync(file.fileno())
    return f"{path}: the last line was torn and is cut off, {len(line)} bytes"


class _WholeLinesBackend(JournalFileBackend):
    """A journal that a failed write leaves as it was, so that what follows is not damaged."""

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        size = os.path.getsize(self._file_path)
        try:
            super().append_logs(logs)
        except OSError as error:
            os.truncate(self._file_path, size)
            error.filename = error.filename or self._file_path
            raise


class _JournalLock(BaseJournalFileLock):
    """A lock on the journal itself; it is gone with the process that held it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def acquire(self) -> bool:
        self._descriptor = os.open(self._path, os.O_RDONLY)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        os.close(self._descriptor)


def _is_entry(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _damage(path: Path, error: Exception) -> StudyError:
    """Say where a journal is damaged and how to save what stands before."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not _is_entry(line):
                file_name = shlex.quote(str(path))
                return StudyError(
                    f"{path}:{number}: each line of the record must be a JSON object, got "
                    f"{line[:40]!r}; to go on with what stands before it, keep a copy and run: "
                    f"head -n {number - 1} {file_name} > whole && mv whole {file_name}"
                )
    return StudyError(f"{path}: the record must be one that Optuna can read, got: {error}")
