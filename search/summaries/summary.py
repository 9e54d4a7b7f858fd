"""The summary of a study: its best trials, what mattered, edges of the space, endings."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from search.columns import PARAMETER_PREFIX
from search.studies.confirmation import open_confirmation
from search.studies.lead import lead_of
from search.studies.leaderboard import Row, leaderboard_rows
from search.studies.ranking import pareto_front
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.confirmation import ConfirmationFacts, confirmation_facts
from search.summaries.edges import EdgeFacts, edge_facts, edges_part
from search.summaries.endings import (
    EndingFacts,
    SavingFacts,
    ending_facts,
    endings_part,
    lost_best_note,
    saving_facts,
)
from search.summaries.evaluation import splits_grid
from search.summaries.importance import ImportanceFacts, importance_facts, importance_part
from search.summaries.layout import Grid, Part, headings
from search.summaries.leaderboard import (
    best_rows,
    front_facts,
    front_part,
    leaderboard_grid,
    usual_columns,
)
from search.summaries.study import StudyFacts, study_counts
from search.summaries.trial import TrialFacts, trial_facts
from search.summaries.trust import TrustFacts, trust_facts, trust_part
from search.summaries.verdict import confirmation_part
from search.text import did_you_mean, listing, number_text, tenths, value_text

N_BEST = 5
"""How many of the best trials are looked at for the edges of the space."""


class SummaryFacts(TypedDict):
    """What a summary tells; `notes` and `problems` (columns that do not exist) are sentences.

    `front` and `knee` are None with one metric, `best` is None without a complete trial,
    `confirmation` if there is none, and `trust` where nothing tells what the best trial's lead is
    worth.
    """

    study: StudyFacts
    leaderboard: list[Row]
    front: list[Row] | None
    knee: int | None
    confirmation: ConfirmationFacts | None
    trust: TrustFacts | None
    best: TrialFacts | None
    importance: list[ImportanceFacts]
    edges: list[EdgeFacts]
    endings: EndingFacts
    savings: SavingFacts | None
    notes: list[str]
    problems: list[str]


def summary_facts(
    study: StudyReader, top: int = 10, columns: Sequence[str] | None = None
) -> SummaryFacts:
    """Gather the summary of a study.

    Args:
        study: The study.
        top: Number of rows of the leaderboard.
        columns: Columns of the leaderboard, those of parameters with or without `params_`;
            None for the usual ones.

    Returns:
        Plain data.
    """
    trials = study.trials()
    complete = [trial for trial in trials if trial.state == "COMPLETE"]
    lead = lead_of(study)
    rows = best_rows(leaderboard_rows(study, lead=lead), top)
    chosen, problems = _columns(study, rows, columns)
    front = front_facts(study)
    several = len(study.directions) > 1
    return {
        "study": study_counts(study.name, trials, study.directions),
        "leaderboard": [{name: row[name] for name in chosen} for row in rows],
        "front": front["front"] if front else [] if several else None,
        "knee": front["knee"] if front else None,
        "confirmation": _confirmation(study),
        "trust": trust_facts(lead, trials),
        "best": trial_facts(complete[0]) if complete else None,
        "importance": importance_facts(study) if complete else [],
        "edges": _edges(study, complete),
        "endings": ending_facts(trials),
        "savings": saving_facts(trials, study.spec.epochs),
        "notes": _notes(study, trials),
        "problems": problems,
    }


def _confirmation(study: StudyReader) -> ConfirmationFacts | None:
    confirmation = open_confirmation(study)
    return confirmation_facts(confirmation) if confirmation else None


def _edges(study: StudyReader, complete: Sequence[Trial]) -> list[EdgeFacts]:
    """Find where the space may be too small, once there are trials enough to say so."""
    front = pareto_front(complete, study.directions) if len(study.directions) > 1 else []
    best = front or complete[:N_BEST]
    enough = len(best) >= (2 if front else N_BEST)
    return edge_facts(study.spec.parameters, best, bool(front)) if enough else []


def _columns(
    study: StudyReader, rows: list[Row], wanted: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """Choose columns; those that do not exist become problems and the others are kept."""
    if not rows:
        return [], []
    if wanted is None:
        return usual_columns(study, rows), []
    chosen, problems = [], []
    for name in wanted:
        column = name if name in rows[0] else PARAMETER_PREFIX + name
        if column in rows[0]:
            chosen.append(column)
            continue
        hint = did_you_mean(name, rows[0])
        problems.append(f"--columns: a column must be given, got {name!r}{hint}")
    if problems:
        problems[-1] += f"; valid: {listing(rows[0])}"
    return list(dict.fromkeys(chosen)) or usual_columns(study, rows), problems


def _notes(study: StudyReader, trials: Sequence[Trial]) -> list[str]:
    """Say what there is too little of to tell."""
    if not trials:
        return [f"{study.name}: no trial has begun"]
    complete = [trial for trial in trials if trial.state == "COMPLETE"]
    if complete:
        lost = lost_best_note(trials, study.directions)
        alone = ["only one trial is complete, so there is nothing to compare it with"]
        return [*([lost] if lost else []), *(alone if len(complete) == 1 else [])]
    if all(trial.state == "FAIL" for trial in trials):
        return [f"no trial is complete: all {len(trials)} failed"]
    first = trials[0]
    note = "no trial is complete, so there is no best trial"
    if first.value is None:
        return [note]
    value = f"{study.spec.metric.name} {number_text(first.value)} at epoch {first.best_epoch}"
    return [f"{note}; the best of the others is trial {first.number} ({first.state}), {value}"]


def summary_parts(facts: SummaryFacts) -> list[Part]:
    """Put the facts of a study into words: a part for each thing there is something to say of."""
    study = facts["study"]
    board = leaderboard_grid(facts["leaderboard"], study["metric"])
    parts = [
        Part(f"Best trials of {study['study']}", facts["notes"], board),
        front_part({"front": facts["front"], "knee": facts["knee"]}, study["metrics"])
        if facts["front"]
        else None,
        confirmation_part(facts["confirmation"]) if facts["confirmation"] else None,
        trust_part(facts["trust"], study["metric"]),
        *(_best_parts(facts["best"], study["metric"]) if facts["best"] else []),
        *map(importance_part, facts["importance"]),
        edges_part(facts["edges"]),
        endings_part(facts["endings"], facts["savings"]),
    ]
    return [part for part in parts if part]


def _best_parts(best: TrialFacts, metric: str) -> list[Part]:
    of_epochs = f"epoch {best['best_epoch']} of {best['n_epochs']}"
    lines = [f"{metric} {number_text(best['value'])} at {of_epochs}"]
    if best["reason"]:
        lines.append(f"ended early: {best['reason']}")
    others = best["other_metrics"]
    parameters = [PARAMETER_PREFIX + name for name in best["params"]]
    for name, value in zip(headings([*others, *parameters]), others.values(), strict=False):
        lines.append(f"{name} {number_text(value)}")
    if best["seconds"] is not None:
        lines.append(f"seconds {tenths(best['seconds'])}")
    lines.append(f"seed {best['seed']}")
    rows = [[name, value_text(value)] for name, value in best["params"].items()]
    grid = Grid(["parameter", "value"], rows, ["parameter"])
    return [
        Part(f"Best trial: {best['trial']}", lines, splits_grid(best["metrics"])),
        Part(f"Parameters of trial {best['trial']}", [], grid),
    ]
