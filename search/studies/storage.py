"""Opens the record of a study: an Optuna storage, by default a journal in the study's folder."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import optuna
from optuna.storages import BaseStorage, RDBStorage

from search.errors import StudyError
from search.spaces.optuna_seam import quiet_optuna
from search.studies import journal
from search.studies.space_versions import newest_versions, split_version

Direction = Literal["minimize", "maximize"]
"""Which way a metric is better."""
JOURNAL, SQLITE = "journal", "sqlite"
"""Storages that are a file in the study's folder; any other is an URL."""
_FILES = {JOURNAL: "study.journal", SQLITE: "study.db"}


def storage_file(folder: Path, storage: str) -> Path | None:
    """Name the file that holds a study's record.

    Args:
        folder: The study's folder.
        storage: As the space file says.

    Returns:
        A path in the folder; None for a record that lies elsewhere.
    """
    return folder / _FILES[storage] if storage in _FILES else None


def create_optuna_study(
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


def load_optuna_study(folder: Path, storage: str, name: str) -> optuna.Study:
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
    file = storage_file(folder, storage)
    if file and not file.exists():
        raise StudyError(f"{file}: the record of trials must exist, none found")
    opened = open_storage(folder, storage)
    records = newest_versions(opened)
    if file:
        name = next(iter(records), name)
    if name not in records:
        place = file or shown_url(storage)
        raise StudyError(f"{place}: the record must hold the study {name}, it does not")
    with quiet_optuna():
        return optuna.load_study(study_name=records[name].study_name, storage=opened)


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
    file = storage_file(folder, storage)
    if storage == JOURNAL:
        assert file
        return journal.open_journal(file)
    url = f"sqlite:///{file.resolve()}" if file else storage
    try:
        with quiet_optuna():
            return RDBStorage(url)
    except Exception as error:  # noqa: BLE001  each database has errors of its own
        reason = " ".join(str(error).split())[:200]
        raise StudyError(
            f"storage: a database within reach must be given, got {shown_url(url)}: {reason}"
        ) from None


def cut_torn_line(folder: Path, storage: str) -> str | None:
    """Cut off what a power cut left of a journal's last line; only the driver may call it.

    Args:
        folder: The study's folder.
        storage: As the space file says.

    Returns:
        What was cut off, in words, or None if the storage is whole.
    """
    file = storage_file(folder, storage)
    return journal.cut_torn_line(file) if file and storage == JOURNAL else None


def delete_optuna_study(folder: Path, storage: str, name: str) -> None:
    """Delete a record that lies outside its study's folder.

    Args:
        folder: The study's folder.
        storage: As the space file says.
        name: The study's name.
    """
    if storage_file(folder, storage) is None:
        with quiet_optuna():
            opened = open_storage(folder, storage)
            for study in opened.get_all_studies():
                if split_version(study.study_name)[0] == name:
                    optuna.delete_study(study_name=study.study_name, storage=opened)


def shown_url(text: str) -> str:
    """Write an URL without its password.

    Args:
        text: The URL, or a text with URLs in it.

    Returns:
        The same with stars in it.

    Example:
        >>> shown_url("postgresql://me:secret@host/db")
        'postgresql://me:***@host/db'
    """
    return re.sub(r"(://[^:/@\s]*):\S*@", r"\1:***@", text)
