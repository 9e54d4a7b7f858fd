"""A study's journal: a file of JSON lines, made to survive kills, power cuts and full disks.

Optuna's own lock for its journal is a link beside the file; a driver killed while it writes leaves
it behind, and the next one waits half a minute. Ours is the operating system's.
"""

import fcntl
import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend

from search.errors import StudyError
from search.spaces.optuna_privates import JournalFileLock
from search.studies.durable import flush_folder

_LONGEST_LINE_BYTES = 2**20


def open_journal(path: Path) -> JournalStorage:
    """Open a journal, making an empty one if there is none; a torn last line is passed over."""
    try:
        return _Journal(path)
    except (ValueError, KeyError, TypeError) as error:
        raise _damage(path, error) from None


def cut_torn_entry(path: Path) -> str | None:
    """Cut off a last line that a power cut or a full disk left unfinished; say what, if any."""
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


@contextmanager
def in_one_write(storage: BaseStorage) -> Iterator[None]:
    """Write to a journal all at once what is set meanwhile, in this order; nothing if that fails.

    A database has a transaction for each; there the order alone says what a kill leaves.
    """
    if isinstance(storage, _Journal):
        with storage.backend.held_back():
            yield
    else:
        yield


class _WholeLinesBackend(JournalFileBackend):
    """A journal that a failed write leaves as it was, so that what follows is not damaged."""

    def __init__(self, path: Path) -> None:
        is_new = not path.exists()
        super().__init__(str(path), _JournalLock(path))
        if is_new:
            flush_folder(path.parent)
        self._path = path
        self._held: list[dict[str, Any]] | None = None

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        if self._held is not None:
            self._held += logs
            return
        size = self._path.stat().st_size
        try:
            super().append_logs(logs)
        except OSError as error:
            os.truncate(self._path, size)
            error.filename = error.filename or str(self._path)
            raise

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Hold back what is appended, and flush it to the disk once at the end."""
        held: list[dict[str, Any]] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
        if held:
            self.append_logs(held)


class _Journal(JournalStorage):
    """Optuna's storage, with its backend within reach."""

    def __init__(self, path: Path) -> None:
        self.backend = _WholeLinesBackend(path)
        super().__init__(self.backend)


class _JournalLock(JournalFileLock):
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
                    f"{path}:{number}: each line of the journal must be a JSON object, got "
                    f"{line[:40]!r}; to go on with what stands before it, keep a copy and run: "
                    f"head -n {number - 1} {file_name} > whole && mv whole {file_name}"
                )
    return StudyError(f"{path}: the journal must be one that Optuna can read, got: {error}")
