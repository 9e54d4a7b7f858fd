"""A sequence of trials as steps: what each changed and what it brought, as plain data."""

from collections.abc import Sequence
from typing import Any

from search.errors import StudyError
from search.studies.reader import StudyReader
from search.studies.trials import Trial, is_better
from search.summaries.comparison import differing
from search.summaries.trial_facts import overfitting_gap


def ladder_facts(study: StudyReader, numbers: Sequence[int]) -> dict[str, Any]:
    """Put trials in a row, each compared with the one before.

    Args:
        study: The study.
        numbers: The trials, in the order of the steps.

    Returns:
        Plain data: `study`, `metric`, the `steps`, and as sentences `notes` (what the steps
        do not tell) and `problems` (trials that do not exist; they are left out). A step's
        `changed` lists parameters by `name`, with `old` and `new` as far as they exist.
    """
    records, problems = [], []
    has_trials = bool(study.trials())
    for number in numbers:
        if not has_trials:
            problems.append(f"{study.name}: no trial has begun, got trial {number}")
            continue
        try:
            records.append(study.trial(number))
        except StudyError as error:
            problems.append(str(error))
    earlier = [None, *records]
    steps = [
        _step(study, place, old, new)
        for place, (old, new) in enumerate(zip(earlier, records, strict=False))
    ]
    return {
        "study": study.name,
        "metric": study.spec.metric.name,
        "direction": study.spec.metric.direction,
        "steps": steps,
        "notes": _notes(records),
        "problems": problems,
    }


def _step(study: StudyReader, place: int, old: Trial | None, new: Trial) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "step": place,
        "trial": new.number,
        "state": new.state,
        "changed": _changed(old, new) if old else [],
    }
    better = None
    if old and old.value is not None and new.value is not None and old.value != new.value:
        better = is_better(new.value, old.value, study.direction)
    figures, before = _figures(new), _figures(old) if old else {}
    for name, value in figures.items():
        facts[name] = value
        earlier = before.get(name)
        known = value is not None and earlier is not None
        facts[f"{name}_change"] = value - earlier if known else None
    return {**facts, "better": better, "reason": new.reason}


def _figures(record: Trial) -> dict[str, Any]:
    return {
        "value": record.value,
        "n_parameters": record.metrics.get("n_parameters"),
        "gap": overfitting_gap(record),
        "test_accuracy": record.test.metrics.get("accuracy") if record.test else None,
    }


def _changed(old: Trial, new: Trial) -> list[dict[str, Any]]:
    sides = {"name": "name", "a": "old", "b": "new"}
    return [
        {sides[key]: value for key, value in change.items()}
        for change in differing(old.params, new.params)
    ]


def _notes(records: Sequence[Trial]) -> list[str]:
    notes = []
    if len(records) == 1:
        notes.append("one trial is no ladder: name at least two")
    for record in records:
        if record.state != "COMPLETE":
            notes.append(
                f"trial {record.number} is {record.state}: {record.reason or 'not at its end'}"
            )
    if records and all(record.test is None for record in records):
        notes.append("no trial is evaluated on the test split, see search evaluate")
    return notes
