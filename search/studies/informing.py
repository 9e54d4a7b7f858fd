"""Trials of other studies that inform a study's sampler and are no trials of its own.

They lie in a record of their own beside the study's, so that they take none of its numbers:
no list of studies, no space version and no pruner sees them.
"""

import copy
from collections.abc import Iterable, Mapping

import optuna
from optuna.trial import FrozenTrial

from search.spaces.optuna_seam import quiet_optuna
from search.spaces.parameters import Scalar
from search.spaces.space import Space
from search.studies.space_versions import split_version, versioned

_BESIDE = 0
"""In place of the version of a space in the name of a record; those count from 1."""


def add_informing(study: optuna.Study, trials: Iterable[FrozenTrial]) -> None:
    """Give a study trials that inform its sampler.

    Args:
        study: The study's record; it has no such trials yet.
        trials: Trials of its metrics.
    """
    with quiet_optuna():
        beside = optuna.create_study(
            study_name=_name(study), directions=study.directions, storage=study._storage
        )
    beside.add_trials(trials)


def informing_trials(study: optuna.Study, space: Space) -> list[FrozenTrial]:
    """Read the trials that inform a study's sampler.

    Args:
        study: The study's record, in any version of its space.
        space: The study's space.

    Returns:
        Those that lie in the space, numbered from 0.
    """
    try:
        study_id = study._storage.get_study_id_from_name(_name(study))
    except KeyError:
        return []
    found: list[FrozenTrial] = []
    for trial in study._storage.get_all_trials(study_id, deepcopy=False):
        params = translated(trial.params, space)
        if space.contains(params):
            seen = copy.copy(trial)
            seen.number, seen.params = len(found), params
            seen.distributions = {name: space.distributions[name] for name in params}
            found.append(seen)
    return found


def translated(params: Mapping[str, Scalar], space: Space) -> dict[str, Scalar]:
    """Translate a point into another space.

    Args:
        params: A point.
        space: The other space.

    Returns:
        Its values of the parameters that exist there, new ones with their defaults; the space
        may not contain the point.
    """
    known = {name: value for name, value in params.items() if name in space.parameters}
    for name, parameter in space.parameters.items():
        if name not in known and "default" in parameter.model_fields_set:
            known[name] = parameter.default
    return {name: value for name, value in known.items() if space.exists(name, known)}


def _name(study: optuna.Study) -> str:
    return versioned(split_version(study.study_name)[0], _BESIDE)
