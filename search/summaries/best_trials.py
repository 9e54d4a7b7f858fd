"""The summary of a study as plain data: its best trials, what mattered, how the others ended."""

from collections.abc import Sequence
from typing import Any

from search.studies.leaderboard import FRONT, PARAMETER_PREFIX, Row, leaderboard_rows
from search.studies.ranking import knee_trial, pareto_front
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.edges import edge_facts
from search.summaries.endings import ending_facts, lost_best_note, saving_facts
from search.summaries.facts import study_facts
from search.summaries.importance import importance_facts
from search.summaries.trial_facts import trial_facts
from search.text import did_you_mean, listing

N_BEST = 5
"""So many of the best trials are looked at for the edges of the space."""
_ACCURACIES = ["train_accuracy", "val_accuracy", "test_accuracy"]
_RESULTS = [
    *("best_epoch", "val_loss", "val_f1", "val_auroc", "n_parameters", "seconds"),
]


def summary_facts(
    study: StudyReader, top: int = 10, columns: Sequence[str] | None = None
) -> dict[str, Any]:
    """Gather the summary of a study.

    Args:
        study: The study.
        top: So many rows of the leaderboard.
        columns: Columns of the leaderboard, those of parameters with or without `params_`;
            None for the usual ones.

    Returns:
        Plain data: `study`, `leaderboard`, `front` and `knee` (None with one metric), `best`
        (None without a complete trial), `importance`, `edges`, `endings`, `savings`, and as
        sentences `notes` (what could not be told) and `problems` (columns that do not exist).
    """
    records = study.trials()
    complete = [record for record in records if record.state == "COMPLETE"]
    several = len(study.directions) > 1
    front = pareto_front(records, study.directions) if several else None
    rows = leaderboard_rows(study)
    rows = [row for row in rows if row["value"] is not None][:top] or rows[:top]
    chosen, problems = _columns(study, rows, columns)
    facts = study_facts(study)
    facts.pop("changed")
    return {
        "study": facts,
        "leaderboard": [{name: row[name] for name in chosen} for row in rows],
        "front": front and [_front_row(record, study) for record in front],
        "knee": knee_trial(front, study.directions) if front else None,
        "best": trial_facts(complete[0]) if complete else None,
        "importance": importance_facts(study) if complete else [],
        "edges": _edges(study, front or complete[:N_BEST], several),
        "endings": ending_facts(records),
        "savings": saving_facts(records, study.spec.epochs),
        "notes": _notes(study, records),
        "problems": problems,
    }


def _edges(study: StudyReader, best: Sequence[Trial], are_front: bool) -> list[dict[str, Any]]:
    """Find where the space may be too small, once there are trials enough to say so."""
    enough = len(best) >= (2 if are_front else N_BEST)
    return edge_facts(study.spec.parameters, best, are_front) if enough else []


def _front_row(record: Trial, study: StudyReader) -> dict[str, Any]:
    return {"trial": record.number, **{name: record.metrics[name] for name in study.directions}}


def _columns(
    study: StudyReader, rows: list[Row], wanted: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """Choose columns; those that do not exist become problems and the others are kept."""
    if not rows:
        return [], []
    if wanted is None:
        return _usual_columns(study, rows), []
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
    return list(dict.fromkeys(chosen)) or _usual_columns(study, rows), problems


def _usual_columns(study: StudyReader, rows: list[Row]) -> list[str]:
    """Name rank, trial, metrics and parameters; `value` stands for the main metric."""
    main, *others = study.directions
    parameters = [column for column in rows[0] if column.startswith(PARAMETER_PREFIX)]
    wanted = [*_ACCURACIES, *others, *_RESULTS]
    names = ["value" if name == main else name for name in wanted]
    first = ["rank", FRONT, "trial", "state", *([] if "value" in names else ["value"])]
    columns = dict.fromkeys([*first, *names, *parameters])
    if all(row["state"] == "COMPLETE" for row in rows):
        columns.pop("state")
    return [column for column in columns if column in rows[0]]


def _notes(study: StudyReader, records: Sequence[Trial]) -> list[str]:
    """Say what there is too little of to tell."""
    if not records:
        return [f"{study.name}: no trial has begun"]
    complete = [record for record in records if record.state == "COMPLETE"]
    if complete:
        lost = lost_best_note(records, study.directions)
        alone = ["one trial is complete: there is none to compare it with"]
        return [*([lost] if lost else []), *(alone if len(complete) == 1 else [])]
    if all(record.state == "FAIL" for record in records):
        return [f"no trial is complete: all {len(records)} failed"]
    first = records[0]
    note = "no trial is complete, so there is no best trial"
    if first.value is None:
        return [note]
    value = f"{study.spec.metric.name} {first.value:.4g} at epoch {first.best_epoch}"
    return [f"{note}; the best of the others is trial {first.number} ({first.state}), {value}"]
