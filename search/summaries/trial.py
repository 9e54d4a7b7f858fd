"""One trial in full: its parameters, its end, every epoch, its test metrics, its layers."""

from dataclasses import asdict
from typing import Any, NotRequired, cast

from typing_extensions import TypedDict

from search.errors import SearchError
from search.objective.command import OUTPUT_FILE
from search.objective.loading import extend_import_path
from search.objective.probing import describe
from search.studies.confirmation import read_plan
from search.studies.folder import ERROR_FILE
from search.studies.reader import StudyReader
from search.studies.test_metrics import Evaluation
from search.studies.trials import Failure, History, Metrics, Trial
from search.summaries.evaluation import (
    SplitMetrics,
    evaluation_parts,
    other_metrics,
    split_metrics,
)
from search.summaries.layout import Grid, Part, headings
from search.text import number_text, tenths, value_text

OBJECTIVE_NOT_ASKED = "left out: the objective was not asked (--without-objective)"


class TrialFacts(TypedDict):
    """What a summary says of a trial."""

    trial: int
    state: str
    value: float | None
    best_epoch: int | None
    n_epochs: int
    seconds: float | None
    seed: int
    space: int
    reason: str
    params: dict[str, Any]
    metrics: dict[str, SplitMetrics]
    other_metrics: SplitMetrics


def trial_facts(trial: Trial) -> TrialFacts:
    """Give what a summary says of a trial."""
    return {
        "trial": trial.number,
        "state": trial.state,
        "value": trial.value,
        "best_epoch": trial.best_epoch,
        "n_epochs": trial.n_epochs,
        "seconds": trial.seconds,
        "seed": trial.seed,
        "space": trial.space_version,
        "reason": trial.reason,
        "params": trial.params,
        "metrics": split_metrics(trial),
        "other_metrics": other_metrics(trial),
    }


class WholeTrialFacts(TypedDict):
    """All that is known of a trial, see `search.Trial`.

    `values` holds the (first) metric by epoch, and `history` a row an epoch: `epoch`, `seconds`
    and every metric. `layers` is a text, if it was asked for.
    """

    number: int
    state: str
    params: dict[str, Any]
    value: float | None
    best_epoch: int | None
    n_epochs: int
    metrics: Metrics
    seconds: float | None
    seed: int
    failure: Failure | None
    values: dict[int, float]
    space_version: int
    stop_reason: str
    test: Evaluation | None
    split_seed: int | None
    candidate: int | None
    repetition: int | None
    note: str
    history: History
    layers: NotRequired[str]


def whole_trial_facts(study: StudyReader, trial: Trial) -> WholeTrialFacts:
    """Give all that is known of a trial, with every epoch."""
    facts = {**asdict(trial), "history": study.history(trial.number)}
    return cast(WholeTrialFacts, facts)


def trial_parts(study: StudyReader, trial: Trial) -> list[Part]:
    """Describe one trial: its parameters, its end, every epoch and its test metrics."""
    parts = [Part(fields=_fields(study, trial))]
    epochs = study.history(trial.number)
    if epochs:
        names = headings(list(epochs[0]))
        rows = [[number_text(value) for value in epoch.values()] for epoch in epochs]
        best = [n for n, epoch in enumerate(epochs) if epoch["epoch"] == trial.best_epoch]
        parts.append(Part("Epochs", [], Grid(names, rows, bold=best)))
    return [*parts, *(evaluation_parts(study.name, trial) if trial.test else [])]


def _fields(study: StudyReader, trial: Trial) -> list[tuple[str, str]]:
    main, *others = study.spec.metrics
    epoch = f", epoch {trial.best_epoch}" if trial.best_epoch else ""
    values = [f"{number_text(trial.value)} ({main.name}{epoch})"]
    values += [f"{number_text(trial.metrics.get(m.name))} ({m.name})" for m in others]
    fields = [
        ("trial", f"{trial.number} of {study.name}"),
        ("state", f"{trial.state}{' – ' + trial.reason if trial.reason else ''}"),
        *([("note", trial.note)] if trial.note else []),
        ("value", "\n".join(values)),
        ("seconds", tenths(trial.seconds)),
        ("seed", str(trial.seed)),
        *_repeated(study, trial),
        *[(name, value_text(value)) for name, value in trial.params.items()],
    ]
    folder = study.trial_folder(trial.number)
    files = {"traceback": folder / ERROR_FILE, "output": folder / OUTPUT_FILE}
    return [*fields, *[(name, str(path)) for name, path in files.items() if path.exists()]]


def _repeated(study: StudyReader, trial: Trial) -> list[tuple[str, str]]:
    """Say what a trial of a confirmation repeats."""
    plan = read_plan(study)
    if plan is None or trial.candidate is None or trial.repetition is None:
        return []
    number = plan.candidates[trial.candidate].trial
    what = "the default" if number is None else f"trial {number}"
    of = f"{trial.repetition + 1} of {plan.n_repetitions}"
    return [("repeats", f"{what} of {plan.study}, seed {of}")]


def trial_layers(study: StudyReader, trial: Trial) -> str:
    """Ask the objective, which is imported for it, for a table of a trial's layers."""
    from search.best_trial.trained import as_it_ran

    ran = as_it_ran(study, trial)
    extend_import_path(study.import_folders)
    return describe(ran.objective, ran.settings).layers(ran.params)


def layers_part(study: StudyReader, trial: Trial | None, ask: bool = True) -> Part:
    """Show a trial's network layer by layer, or say why it cannot be shown."""
    if trial is None:
        return Part("Layers", ["no trial is complete"])
    if not ask:
        return Part("Layers", [OBJECTIVE_NOT_ASKED])
    try:
        return Part("Layers", [f"trial {trial.number}"], verbatim=trial_layers(study, trial))
    except SearchError as error:
        return Part("Layers", [f"not available here: {error}"])
