"""What this room needs of Optuna that has no public name, each with its reason.

A release that moves one of these fails `tests/test_optuna_privates.py`.
"""

from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.storages.journal._file import BaseJournalFileLock as JournalFileLock
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial

__all__ = ["FrozenStudy", "JournalFileLock"]
# The type of what a storage lists, and the base of a lock that `JournalFileBackend` takes: both
# are given out or taken by public names and have none themselves.

RUNG_NOTES = "completed_rung_"
"""How the keys begin that successive halving notes in a trial, so that a copy keeps them."""
FIXED_PARAMS = "fixed_params"
"""The key under which a waiting trial has the values that `enqueue_trial` was given."""


def storage_of(study: optuna.Study) -> BaseStorage:
    """Give a study's storage: a study does not name it, and the others beside it need it."""
    return study._storage


def study_id(study: optuna.Study | FrozenStudy) -> int:
    """Give the number by which a storage knows a study; its methods take no other name."""
    return study._study_id


def take_up(study: optuna.Study, trial: FrozenTrial) -> optuna.Trial:
    """Make a handle of a trial that another process began; Optuna's own are made by `ask`."""
    return optuna.Trial(study, trial._trial_id)


def find_trial(study: optuna.Study, number: int) -> FrozenTrial | None:
    """Read a trial by its number; in public, only by reading all of them."""
    try:
        found = study._storage.get_trial_id_from_study_id_trial_number(study._study_id, number)
    except KeyError:
        return None
    return study._storage.get_trial(found)


def stored_trial(trial: optuna.Trial) -> FrozenTrial:
    """Read a trial by its handle: the public ways copy every trial, or none of the attributes."""
    return trial.storage.get_trial(trial._trial_id)


def set_intermediate_value(trial: optuna.Trial, step: int, value: float) -> None:
    """Report a value: `Trial.report` refuses to where a study has several metrics."""
    trial.storage.set_trial_intermediate_value(trial._trial_id, step, value)


def set_system_attr(trial: optuna.Trial, key: str, value: Any) -> None:
    """Note something that Optuna's dashboard does not list; `Trial.set_system_attr` is to go."""
    trial.storage.set_trial_system_attr(trial._trial_id, key, value)
