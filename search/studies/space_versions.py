"""The records of a study whose space was changed: one a version, the newest one counts."""

import warnings
from collections.abc import Iterable, Iterator, Sequence

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial

from search.spaces.optuna_seam import quiet_optuna

WHOLE = "whole"
"""Attribute of a record that was carried over: all of its trials are there."""


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


def space_version(optuna_study: optuna.Study) -> int:
    """Tell of which version of its study's space a record is.

    Args:
        optuna_study: The record.

    Returns:
        A number from 1.
    """
    return split_version(optuna_study.study_name)[1]


def create_next_version(study: optuna.Study, trials: Iterable[FrozenTrial]) -> optuna.Study:
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
    if study.metric_names:
        name_metrics(created, study.metric_names)
    created.add_trials(trials)
    return created


def name_metrics(study: optuna.Study, names: Sequence[str]) -> None:
    """Say what a record's values are, for Optuna's own plots and dashboard.

    Args:
        study: The record.
        names: Of its metrics, in the order of its directions.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.set_metric_names(list(names))


def newest_versions(storage: BaseStorage) -> dict[str, FrozenStudy]:
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


def whole_versions(study: optuna.Study) -> Iterator[optuna.Study]:
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
