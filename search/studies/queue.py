"""Where trials come from besides the sampler: points in the queue, failed trials, other studies.

Trials of another study that inform the sampler are no trials of this one. They lie in a study of
Optuna's own beside it, so that they take none of its numbers: no list of studies, no version of
a space and no pruner sees them.
"""

import copy
from collections.abc import Collection, Mapping, Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.errors import StudyError
from search.objective.loading import extend_import_path
from search.spaces.document import dotted
from search.spaces.optuna_privates import quiet_optuna, storage_of
from search.spaces.parameters import Scalar
from search.spaces.points import point_problems
from search.spaces.space import Space
from search.studies import attributes
from search.studies.reader import StudyReader
from search.studies.storage import split_version, versioned
from search.studies.trials import Trial
from search.text import listing

_BESIDE = 0
"""In place of the version of a space, in the name of the study that informs; those are from 1."""


def enqueue_point(study: StudyReader, point: dict[str, Scalar]) -> int:
    """Add a point to be tried before the sampler's own, from any process.

    Args:
        study: The study.
        point: Values of some parameters; the others are sampled.

    Returns:
        The number of the trial that will try it.

    Raises:
        StudyError: If the point is not in the space.
    """
    extend_import_path(study.import_folders)
    problems = point_problems(study.space, point)
    if problems:
        lines = [f"{dotted(path)}: {text}" if path else text for path, text, _ in problems]
        raise StudyError("\n".join(lines))
    study.optuna_study.enqueue_trial(point)
    return len(study.optuna_study.get_trials(deepcopy=False)) - 1


def n_waiting(study: StudyReader) -> int:
    """Count the points that wait to be tried."""
    return len(study.optuna_study.get_trials(deepcopy=False, states=[TrialState.WAITING]))


def keep_checkpoints(study: StudyReader, numbers: Sequence[int]) -> None:
    """Keep the best epoch of some complete trials whatever becomes of their rank."""
    named = dict.fromkeys([*study.named_to_keep(), *numbers])
    study.optuna_study.set_user_attr(attributes.KEPT, list(named))


def retry_trials(study: StudyReader, numbers: Collection[int], kind: str | None) -> list[int]:
    """Queue failed trials to be run again, each as a new trial of the same parameters.

    Args:
        study: The study.
        numbers: Which; empty means all that have not been tried again yet and did not fail twice
            of the same.
        kind: Only failures of this kind; None means every kind but infeasible.

    Returns:
        The failed trials that will be tried again.

    Raises:
        StudyError: If one of the numbers is no failed trial.
    """
    trials = study.optuna_study.get_trials(deepcopy=False)
    retried = {trial.user_attrs.get(attributes.RETRY_OF) for trial in trials}
    here = [t for t in trials if attributes.EARLIER not in t.user_attrs]
    failed = {t.number: t for t in here if t.state is TrialState.FAIL}
    if numbers and not failed:
        raise StudyError(f"{study.name}: no failed trials to retry")
    for number in numbers:
        if number not in failed:
            raise StudyError(
                f"{study.name}: a failed trial must be given, got {number}; "
                f"valid: {listing(failed)}"
            )
    chosen = []
    for number, trial in failed.items():
        of_kind = trial.user_attrs[attributes.FAILURE]["kind"]
        fits = of_kind == kind if kind else of_kind != "infeasible"
        fits = fits and not _failed_alike(trial, failed)
        if number in numbers or (not numbers and number not in retried and fits):
            kept = (attributes.CANDIDATE, attributes.REPETITION)
            attrs = {name: trial.user_attrs[name] for name in kept if name in trial.user_attrs}
            attrs[attributes.RETRY_OF] = number
            study.optuna_study.enqueue_trial(trial.params, user_attrs=attrs)
            chosen.append(number)
    return chosen


def _failed_alike(trial: FrozenTrial, failed: Mapping[int, FrozenTrial]) -> bool:
    """Tell whether a trial tried another one again and failed of the same: so would the next."""
    first = failed.get(trial.user_attrs.get(attributes.RETRY_OF, -1))
    return (
        first is not None
        and first.user_attrs[attributes.FAILURE] == trial.user_attrs[attributes.FAILURE]
    )


def warm_start(study: StudyReader, other: StudyReader) -> int:
    """Let the trials of another study inform the sampler; they are no trials of this one.

    They do not prune: its curves may be of other epochs or data.

    Args:
        study: A study without trials.
        other: A study of the same metric; parameters that only it has are left out.

    Returns:
        How many of its complete and pruned trials lie in this study's space.

    Raises:
        StudyError: If its metrics are others.
    """
    if list(study.directions.items()) != list(other.directions.items()):
        noun = "metric" if len(study.directions) == 1 else "metrics"
        raise StudyError(
            f"--warm-start {other.name}: the {noun} must be {_metrics_text(study)}, "
            f"got {_metrics_text(other)}"
        )
    ended = [trial for trial in other.trials() if trial.state in {"COMPLETE", "PRUNED"}]
    fitting = [
        carried
        for trial in sorted(ended, key=lambda trial: trial.number)
        if (carried := _carried(study, trial, f"{other.name}/{trial.number}"))
    ]
    with quiet_optuna():
        beside = optuna.create_study(
            study_name=_name_beside(study.optuna_study),
            directions=study.optuna_study.directions,
            storage=storage_of(study.optuna_study),
        )
    beside.add_trials(fitting)
    return len(fitting)


def informing_trials(study: optuna.Study, space: Space) -> list[FrozenTrial]:
    """Read the trials that inform a study's sampler and lie in its space, numbered from 0."""
    storage = storage_of(study)
    try:
        study_id = storage.get_study_id_from_name(_name_beside(study))
    except KeyError:
        return []
    found: list[FrozenTrial] = []
    for trial in storage.get_all_trials(study_id, deepcopy=False):
        params = translated(trial.params, space)
        if space.contains(params):
            seen = copy.copy(trial)
            seen.number, seen.params = len(found), params
            seen.distributions = {name: space.distributions[name] for name in params}
            found.append(seen)
    return found


def translated(params: Mapping[str, Scalar], space: Space) -> dict[str, Scalar]:
    """Translate a point into another space, which may not contain what comes out.

    Kept are values of parameters that exist there; new ones get their defaults.
    """
    known = {name: value for name, value in params.items() if name in space.parameters}
    for name, parameter in space.parameters.items():
        if name not in known and "default" in parameter.model_fields_set:
            known[name] = parameter.default
    return {name: value for name, value in known.items() if space.exists(name, known)}


def _carried(study: StudyReader, trial: Trial, source: str) -> FrozenTrial | None:
    """Make what informs a study of another one's trial, if it lies in the study's space."""
    params = {name: v for name, v in trial.params.items() if name in study.space.parameters}
    if not study.space.contains(params):
        return None
    values = [trial.metrics[name] for name in study.directions]
    return create_trial(
        state=TrialState[trial.state],
        values=[float(value) for value in values if value is not None]
        if trial.state == "COMPLETE"
        else None,
        params=params,
        distributions={name: study.space.distributions[name] for name in params},
        intermediate_values=trial.values,
        user_attrs={attributes.CARRIED_FROM: source},
        system_attrs={attributes.GENERATION: 0},
    )


def _metrics_text(study: StudyReader) -> str:
    return "; ".join(f"{m.name}, {m.direction}" for m in study.spec.metrics)


def _name_beside(study: optuna.Study) -> str:
    return versioned(split_version(study.study_name)[0], _BESIDE)
