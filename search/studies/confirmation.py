"""Confirming a study: its best trials are trained again with new seeds, in a study of its own.

That study, `NAME.confirm`, is like any other, but that its trials repeat candidates of the first
one: all of them with the first seed, then all with the next. A seed is also that of a new split
into training and validation images, where the objective takes a `split_seed`; validating on new
images each time is worth cross-validation (Nagler et al. 2024, arXiv:2405.15393).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from search.errors import SearchError, StudyError
from search.spaces.parameters import Scalar
from search.spaces.spec import BudgetSpec, PrunerSpec, SamplerSpec, Spec, study_name
from search.studies import attributes
from search.studies.folder import SPACE_FILE, study_command
from search.studies.lead import lead_of
from search.studies.ranking import pareto_front
from search.studies.reader import StudyReader
from search.studies.trials import Trial

SUFFIX = ".confirm"
"""What the name of a confirmation ends with, after that of the study."""


@dataclass(frozen=True)
class Candidate:
    """What is trained again.

    Args:
        params: Its point.
        trial: The number of the trial of the study that tried it; None if none did.
        said: The value that the study says it has; None if it says none.
        is_default: Whether it is the first given point, or that of all defaults.
    """

    params: dict[str, Scalar]
    trial: int | None
    said: float | None
    is_default: bool = False


@dataclass(frozen=True)
class Plan:
    """What a confirmation is to do; it stands in the storage.

    Args:
        study: The study that is confirmed.
        candidates: What is trained again.
        n_repetitions: With how many seeds, at most.
        precision: The width of an interval at which candidates that are tied need no more seeds.
        splits_anew: Whether each seed has a split of its own.
        n_images: How many images are divided anew by each; None if that is not known.
    """

    study: str
    candidates: tuple[Candidate, ...]
    n_repetitions: int
    precision: float | None = None
    splits_anew: bool = False
    n_images: int | None = None


def confirmation_name(study: str) -> str:
    """Name the study that confirms another one."""
    try:
        return study_name(study + SUFFIX)
    except ValueError as error:
        raise StudyError(str(error)) from None


def open_confirmation(study: StudyReader) -> StudyReader | None:
    """Open what confirms a study; a confirmation is its own, and None means that none can be read.

    One that is damaged is no reason to keep anything of the study from its user.
    """
    if read_plan(study):
        return study
    name, studies = study.name + SUFFIX, study.folder.parent
    if not (studies / name / SPACE_FILE).exists():
        return None
    try:
        found = StudyReader.open(name, studies)
        plan = read_plan(found)
    except SearchError:
        return None
    return found if plan and is_of(plan, study) else None


def refuse_confirmation(study: StudyReader, what: str) -> None:
    """Refuse a confirmation for what only other studies are for."""
    plan = read_plan(study)
    if plan:
        command = study_command(study.folder.with_name(plan.study), "confirm")
        raise StudyError(f"{study.name} confirms {plan.study}: {what}; see `{command}`")


def is_of(plan: Plan, study: StudyReader) -> bool:
    """Tell whether a plan is of a study, and not of one that had its name before."""
    params = {trial.number: trial.params for trial in study.trials()}
    numbered = [one for one in plan.candidates if one.trial is not None]
    return all(params.get(one.trial or 0) == one.params for one in numbered)


def confirmation_spec(study: StudyReader) -> Spec:
    """Make the search of a confirmation: the study's, but that nothing is sampled nor pruned."""
    spec = study.spec
    return spec.model_copy(
        update={
            "study": confirmation_name(study.name),
            # A fixed seed would be that of every repetition.
            "settings": {key: value for key, value in spec.settings.items() if key != "seed"},
            "sampler": SamplerSpec(name="random", seed=spec.sampler.seed),
            "pruner": PrunerSpec(name="none"),
            "budget": BudgetSpec(trial_time=spec.budget.trial_time),
            "keep": "all",
            "start_from": [],
        }
    )


def read_plan(study: StudyReader) -> Plan | None:
    """Read what a study is to confirm; None if it is no confirmation."""
    stored = study.optuna_study.user_attrs.get(attributes.CONFIRMS)
    if stored is None:
        return None
    candidates = tuple(Candidate(**candidate) for candidate in stored["candidates"])
    return Plan(**{**stored, "candidates": candidates})


def write_plan(study: StudyReader, plan: Plan) -> None:
    """Set what a study is to confirm; only its driver may call it."""
    study.optuna_study.set_user_attr(attributes.CONFIRMS, asdict(plan))


def choose_candidates(
    study: StudyReader, top: int, include: Sequence[int] = ()
) -> tuple[Candidate, ...]:
    """Choose what to train again.

    Args:
        study: The study.
        top: How many of the best trials; those that cannot be told from the best one come
            besides, up to twice as many. Of several metrics up to twice as many of the front.
        include: Numbers of trials that come besides.

    Returns:
        Candidates of different points, best first; the default comes last if it is none of them.

    Raises:
        StudyError: If no trial is complete, or one to include is not in the space.
    """
    trials = study.trials()
    complete = [trial for trial in trials if trial.state == "COMPLETE"]
    if not complete:
        raise StudyError(f"{study.name}: a trial must be COMPLETE to be confirmed, none is")
    fitting = [trial for trial in complete if study.space.contains(trial.params)]
    if len(study.directions) > 1:
        chosen = pareto_front(fitting, study.directions)[: 2 * top]
    else:
        tied = set(lead_of(study).tied)
        also = [trial for trial in fitting[top:] if trial.number in tied]
        chosen = [*fitting[:top], *also[:top]]
    chosen += [_included(study, number) for number in include]
    default = _default_candidate(study, trials)
    found: dict[str, Candidate] = {}
    for trial in chosen:
        found.setdefault(_key(trial.params), _candidate(trial))
    if default:
        key = _key(default.params)
        found[key] = replace(found.get(key, default), is_default=True)
    return tuple(found.values())


def merged(known: Sequence[Candidate], more: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Join candidates of different points; those known keep their places."""
    found = {_key(candidate.params): candidate for candidate in [*more, *known]}
    order = dict.fromkeys(_key(candidate.params) for candidate in [*known, *more])
    return tuple(found[key] for key in order)


def _included(study: StudyReader, number: int) -> Trial:
    try:
        trial = study.trial(number)
    except StudyError as error:
        raise StudyError(f"--include: {error}") from None
    if not study.space.contains(trial.params):
        raise StudyError(
            f"--include: a trial of the present space must be given, got {number}, which ran in "
            f"version {trial.space_version} of {study.version}"
        )
    return trial


def _default_candidate(study: StudyReader, trials: Sequence[Trial]) -> Candidate | None:
    """Find what a search is measured by: the first given point, else that of all defaults."""
    given = next(iter(study.spec.start_from), None) or {
        name: parameter.default
        for name, parameter in study.space.parameters.items()
        if "default" in parameter.model_fields_set
    }
    by_number = sorted(trials, key=lambda trial: trial.number)
    for trial in by_number:
        if given and given.items() <= trial.params.items() and study.space.contains(trial.params):
            return _candidate(trial)
    return Candidate(dict(given), None, None) if study.space.contains(given) else None


def _candidate(trial: Trial) -> Candidate:
    said = trial.value if trial.state == "COMPLETE" else None
    return Candidate(trial.params, trial.number, said)


def _key(params: Mapping[str, Scalar]) -> str:
    return repr(sorted(params.items()))
