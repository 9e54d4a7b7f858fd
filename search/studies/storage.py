"""Opens the record of a study: an Optuna storage, made to survive kills and power cuts.

The default is Optuna's journal file. Optuna's own lock for it is a link beside the file; a
driver killed while it writes leaves it behind, and the next one waits half a minute. Ours is
the operating system's.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial

from search.errors import StudyError
from search.spaces.optuna_logs import quiet_optuna

Direction = Literal["minimize", "maximize"]
"""Which way a metric is better."""
JOURNAL, SQLITE = "journal", "sqlite"
"""Storages that are a file in the study's folder; any other is an URL."""
WHOLE = "whole"
"""Attribute of a record that was carried over: all of its trials are there."""
_FILES = {JOURNAL: "study.journal", SQLITE: "study.db"}
_LONGEST_LINE_BYTES = 2**20


def record_file(folder: Path, storage: str) -> Path | None:
    """Name the file that holds a study's record.

    Args:
        folder: The study's folder.
        storage: As the space file says.

    Returns:
        A path in the folder; None for a record that lies elsewhere.
    """
    return folder / _FILES[storage] if storage in _FILES else None


def create_record(
    folder: Path, storage: str, name: str, directions: Sequence[Direction]
) -> optuna.Study:
    """Begin the record of a new study.

    Args:
        folder: The study's folder; it exists.
        storage: As the space file says.
        name: The study's name.
        directions: Which way each of its metrics is better, `minimize` or `maximize`.

    Returns:
        A record without trials.

    Raises:
        StudyError: If the storage cannot be reached or knows a study of that name.
    """
    opened = open_storage(folder, storage)
    with quiet_optuna():
        try:
            return optuna.create_study(study_name=name, directions=directions, storage=opened)
        except optuna.exceptions.DuplicatedStudyError:
            raise StudyError(
                f"{shown_url(storage)}: a new study needs a free name, {name} exists there; "
                "give another by `--name NAME`"
            ) from None


def versioned(name: str, version: int) -> str:
    """Name the record of a version of a study's space.

    Args:
        name: The study's name.
        version: From 1.

    Returns:
        The name itself for the first one.

    Example:
        >>> versioned("toy", 1), versioned("toy", 2)
        ('toy', 'toy@2')
    """
    return name if version == 1 else f"{name}@{version}"


def split_version(record_name: str) -> tuple[str, int]:
    """Take the name of a record apart.

    Args:
        record_name: What `versioned` made.

    Returns:
        The study's name, and the version of its space.

    Example:
        >>> split_version("toy"), split_version("toy@2")
        (('toy', 1), ('toy', 2))
    """
    name, _, version = record_name.partition("@")
    return name, int(version or 1)


def record_version(optuna_study: optuna.Study) -> int:
    """Tell of which version of its study's space a record is.

    Args:
        optuna_study: The record.

    Returns:
        A number from 1.
    """
    return split_version(optuna_study.study_name)[1]


def create_next_record(study: optuna.Study, trials: Iterable[FrozenTrial]) -> optuna.Study:
    """Begin the record of a study in a changed space, beside the present one.

    Args:
        study: The present record; it stays as it is.
        trials: What the new record begins with.

    Returns:
        The new record; until `WHOLE` is set in it, the present one stays the newest.
    """
    storage = study._storage
    base, version = split_version(study.study_name)
    names = {other.study_name for other in storage.get_all_studies()}
    next_version = version + 1
    while versioned(base, next_version) in names:  # left by a driver that was killed here
        next_version += 1
    with quiet_optuna():
        created = optuna.create_study(
            study_name=versioned(base, next_version),
            directions=study.directions,
            storage=storage,
        )
    for name, value in study.user_attrs.items():
        if name != WHOLE:
            created.set_user_attr(name, value)
    created.add_trials(trials)
    return created


def load_record(folder: Path, storage: str, name: str) -> optuna.Study:
    """Open the record of a study in the newest version of its space.

    Args:
        folder: The study's folder.
        storage: As the space file says.
        name: The study's name; not looked at where the record holds one study only.

    Returns:
        The record.

    Raises:
        StudyError: If it is missing, damaged or out of reach.
    """
    file = record_file(folder, storage)
    if file and not file.exists():
        raise StudyError(f"{file}: the record of trials must exist, none found")
    opened = open_storage(folder, storage)
    records = newest_records(opened)
    if file:
        name = next(iter(records), name)
    if name not in records:
        place = file or shown_url(storage)
        raise StudyError(f"{place}: the record must hold the study {name}, it does not")
    with quiet_optuna():
        return optuna.load_study(study_name=records[name].study_name, storage=opened)


def newest_records(storage: BaseStorage) -> dict[str, FrozenStudy]:
    """Find the record of each study in the newest version of its space.

    Args:
        storage: The storage.

    Returns:
        Records by the name of their study; one that was not written to its end is left out.
    """
    newest: dict[str, tuple[int, FrozenStudy]] = {}
    for study in storage.get_all_studies():
        name, version = split_version(study.study_name)
        whole = version == 1 or study.user_attrs.get(WHOLE)
        if whole and version > newest.get(name, (0, study))[0]:
            newest[name] = version, study
    return {name: study for name, (_, study) in newest.items()}


def whole_records(study: optuna.Study) -> Iterator[optuna.Study]:
    """Open the records of a study in every version of its space.

    Args:
        study: The newest one.

    Yields:
        Records from the oldest on; one that was not written to its end is left out.
    """
    base, newest = split_version(study.study_name)
    known = {other.study_name for other in study._storage.get_all_studies()}
    for version in range(1, newest + 1):
        name = versioned(base, version)
        if name in known:
            with quiet_optuna():
                found = optuna.load_study(study_name=name, storage=study._storage)
            if version == 1 or found.user_attrs.get(WHOLE):
                yield found


def open_storage(folder: Path, storage: str) -> BaseStorage:
    """Open a storage, making an empty one if there is none.

    Args:
        folder: The study's folder.
        storage: `journal`, `sqlite` or an URL.

    Returns:
        The storage.

    Raises:
        StudyError: If it cannot be reached, or a line of a journal is damaged; a torn last
            line is passed over.
    """
    file = record_file(folder, storage)
    if storage == JOURNAL:
        assert file
        try:
            return JournalStorage(_WholeLinesBackend(str(file), _JournalLock(file)))
        except (ValueError, KeyError, TypeError) as error:
            raise _damage(file, error) from None
    url = f"sqlite:///{file.resolve()}" if file else storage
    try:
        with quiet_optuna():
            return RDBStorage(url)
    except Exception as error:  # noqa: BLE001  each database has errors of its own
        reason = " ".join(str(error).split())[:200]
        raise StudyError(
            f"storage: a database within reach must be given, got {shown_url(url)}: {reason}"
        ) from None


def delete_record(folder: Path, storage: str, name: str) -> None:
    """Delete a record that lies outside its study's folder.

    Args:
        folder: The study's folder.
        storage: As the space file says.
        name: The study's name.
    """
    if record_file(folder, storage) is None:
        with quiet_optuna():
            opened = open_storage(folder, storage)
            for study in opened.get_all_studies():
                if split_version(study.study_name)[0] == name:
                    optuna.delete_study(study_name=study.study_name, storage=opened)


def shown_url(url: str) -> str:
    """Write an URL without its password.

    Args:
        url: The URL.

    Returns:
        The same with stars in it.

    Example:
        >>> shown_url("postgresql://me:secret@host/db")
        'postgresql://me:***@host/db'
    """
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


def cut_torn_line(folder: Path, storage: str) -> str | None:
    """Cut off a last line that a power cut or a full disk left unfinished.

    Args:
        folder: The study's folder.
        storage: As the space file says; only a journal has lines.

    Returns:
        What was cut off, in words, or None if the last line is whole.
    """
    if storage != JOURNAL:
        return None
    path = folder / _FILES[JOURNAL]
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
                return StudyError(
                    f"{path}:{number}: each line of the record must be a JSON object, got "
                    f"{line[:40]!r}; to go on with what stands before it, keep a copy and run: "
                    f"head -n {number - 1} {path} > whole && mv whole {path}"
                )
    return StudyError(f"{path}: the record must be one that Optuna can read, got: {error}")
