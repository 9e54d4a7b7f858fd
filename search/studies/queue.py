"""Where trials come from besides the sampler: a queue of points, failed trials, another study."""

from collections.abc import Collection, Mapping, Sequence

from optuna.trial import FrozenTrial, TrialState, create_trial

from search.errors import StudyError
from search.objective.loading import extend_import_path
from search.spaces.document import dotted
from search.spaces.parameters import Scalar
from search.spaces.points import point_problems
from search.studies import attributes
from search.studies.informing import add_informing
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.text import listing


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


def keep_checkpoints(study: StudyReader, numbers: Sequence[int]) -> None:
    """Keep the best epoch of some complete trials whatever becomes of their rank."""
    named = dict.fromkeys([*study.named_to_keep(), *numbers])
    study.optuna_study.set_user_attr(attributes.KEPT, list(named))


def n_waiting(study: StudyReader) -> int:
    """Count the points that wait to be tried.

    Args:
        study: The study.

    Returns:
        Their number.
    """
    return len(study.optuna_study.get_trials(deepcopy=False, states=[TrialState.WAITING]))


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
            attrs = {attributes.RETRY_OF: number}
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
    ended = [r for r in other.trials() if r.state in {"COMPLETE", "PRUNED"}]
    fitting = [
        trial
        for old in sorted(ended, key=lambda r: r.number)
        if (trial := _carried(study, old, f"{other.name}/{old.number}"))
    ]
    add_informing(study.optuna_study, fitting)
    return len(fitting)


def _carried(study: StudyReader, old: Trial, source: str) -> FrozenTrial | None:
    """Make what informs a study of another one's trial, if it lies in the study's space."""
    params = {name: v for name, v in old.params.items() if name in study.space.parameters}
    if not study.space.contains(params):
        return None
    return create_trial(
        state=TrialState[old.state],
        values=_values(study, old) if old.state == "COMPLETE" else None,
        params=params,
        distributions={name: study.space.distributions[name] for name in params},
        intermediate_values=old.values,
        user_attrs={attributes.CARRIED_FROM: source},
        system_attrs={attributes.GENERATION: 0},
    )


def _values(study: StudyReader, trial: Trial) -> list[float]:
    values = [trial.metrics[name] for name in study.directions]
    return [float(value) for value in values if value is not None]


def _metrics_text(study: StudyReader) -> str:
    return "; ".join(f"{m.name}, {m.direction}" for m in study.spec.metrics)
