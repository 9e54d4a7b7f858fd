"""Opens the Optuna storage of a study, by default a journal in the study's folder.

Optuna holds one of its studies to the distributions of its first trials. So a study whose
space was changed has one of Optuna's for each version of the space; the newest one counts.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from search.errors import StudyError
from search.spaces.optuna_privates import FrozenStudy, quiet_optuna, storage_of
from search.studies import attributes, journal
from search.studies.database import DatabaseError, open_database, shown_url
from search.studies.folder import JOURNAL_FILE, SQLITE_FILE

Direction = Literal["minimize", "maximize"]
"""Which direction of a metric is better."""
JOURNAL, SQLITE = "journal", "sqlite"
"""Storages that are a file in the study's folder; any other is an URL."""
WRITING_ERRORS = (OSError, DatabaseError)
"""What a storage raises that cannot be written: a file's error, or a database's."""
_PATIENCE_S = 5.0
"""For how many seconds a command that runs no trials waits for a database."""
_FILES = {JOURNAL: JOURNAL_FILE, SQLITE: SQLITE_FILE}


def storage_file(folder: Path, storage: str) -> Path | None:
    """Name the file of a storage as a space file gives it; None for a database's URL."""
    return folder / _FILES[storage] if storage in _FILES else None


def open_storage(folder: Path, storage: str, patience_s: float = _PATIENCE_S) -> BaseStorage:
    """Open a storage, making an empty one if there is none; a database is waited for later on."""
    file = storage_file(folder, storage)
    if file and storage == JOURNAL:
        return journal.open_journal(file)
    return open_database(f"sqlite:///{file.resolve()}" if file else storage, patience_s)


def create_optuna_study(
    opened: BaseStorage, name: str, directions: Sequence[Direction], shown: str
) -> optuna.Study:
    """Create a study without trials in a storage, which messages call as it is shown."""
    with quiet_optuna():
        try:
            return optuna.create_study(study_name=name, directions=directions, storage=opened)
        except optuna.exceptions.DuplicatedStudyError:
            raise StudyError(
                f"{shown}: a study named {name} exists there; give another name by `--name NAME`"
            ) from None


def load_optuna_study(
    folder: Path, storage: str, name: str, patience_s: float = _PATIENCE_S
) -> optuna.Study:
    """Open a study in the newest version of its space; a file in its folder holds no other."""
    file = storage_file(folder, storage)
    if file and not file.exists():
        raise StudyError(f"{file}: the storage of the study is missing")
    opened = open_storage(folder, storage, patience_s)
    found = newest_versions(opened)
    if file:
        name = next(iter(found), name)
    if name not in found:
        raise StudyError(f"{file or shown_url(storage)}: there is no study named {name}")
    with quiet_optuna():
        return optuna.load_study(study_name=found[name].study_name, storage=opened)


def delete_optuna_study(folder: Path, storage: str, name: str) -> None:
    """Delete a study from a database; a file goes with its folder."""
    if storage_file(folder, storage) is None:
        with quiet_optuna():
            opened = open_storage(folder, storage)
            for study in opened.get_all_studies():
                if split_version(study.study_name)[0] == name:
                    optuna.delete_study(study_name=study.study_name, storage=opened)


def cut_torn_line(folder: Path, storage: str) -> str | None:
    """Cut off what a power cut left of a journal's last line; only the driver may call it."""
    file = storage_file(folder, storage)
    return journal.cut_torn_entry(file) if file and storage == JOURNAL else None


def versioned(name: str, version: int) -> str:
    """Name Optuna's study of a version of a study's space: `toy`, then `toy@2`."""
    return name if version == 1 else f"{name}@{version}"


def split_version(optuna_name: str) -> tuple[str, int]:
    """Take a name that `versioned` made apart."""
    name, _, version = optuna_name.partition("@")
    return name, int(version or 1)


def space_version(study: optuna.Study) -> int:
    """Tell the version of the space, from 1, that one of Optuna's studies is of."""
    return split_version(study.study_name)[1]


def create_next_version(study: optuna.Study, trials: Iterable[FrozenTrial]) -> optuna.Study:
    """Create a study for a changed space beside the present one, which stays as it is.

    Until `attributes.WHOLE` is set in it, the present one stays the newest.
    """
    storage = storage_of(study)
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
        if name != attributes.WHOLE:
            created.set_user_attr(name, value)
    if study.metric_names:
        name_metrics(created, study.metric_names)
    created.add_trials(trials)
    return created


def newest_versions(storage: BaseStorage) -> dict[str, FrozenStudy]:
    """Find each study in the newest version of its space that was written to its end, by name."""
    newest: dict[str, tuple[int, FrozenStudy]] = {}
    for study in storage.get_all_studies():
        name, version = split_version(study.study_name)
        whole = version == 1 or study.user_attrs.get(attributes.WHOLE)
        if whole and version > newest.get(name, (0, study))[0]:
            newest[name] = version, study
    return {name: study for name, (_, study) in newest.items()}


def whole_versions(study: optuna.Study) -> Iterator[optuna.Study]:
    """Open each version of a study up to the given one that was written to its end, in order."""
    storage = storage_of(study)
    base, newest = split_version(study.study_name)
    known = {other.study_name for other in storage.get_all_studies()}
    for version in range(1, newest + 1):
        name = versioned(base, version)
        if name in known:
            with quiet_optuna():
                found = optuna.load_study(study_name=name, storage=storage)
            if version == 1 or found.user_attrs.get(attributes.WHOLE):
                yield found


def name_metrics(study: optuna.Study, names: Sequence[str]) -> None:
    """Say what a study's values are, for Optuna's own plots and dashboard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.set_metric_names(list(names))
