"""A sequence of trials as steps: what each changed from the one before and what it brought."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

from typing_extensions import TypedDict

from search.studies.reader import StudyReader
from search.studies.trials import Trial, is_better
from search.summaries.comparison import differing
from search.summaries.evaluation import SplitMetrics
from search.summaries.layout import Grid, Part, heading
from search.text import number_text, signed, value_text

_HEADINGS = {
    "value": "",
    "n_parameters": "weights",
    "gap": "gap",
    "test_accuracy": "test accuracy",
}
"""Metrics of a step and their headings; that of the first is the study's metric."""


class Changed(TypedDict):
    """A parameter that a step changed, with its values as far as it has them."""

    name: str
    old: NotRequired[Any]
    new: NotRequired[Any]


class StepFacts(TypedDict):
    """A step; `…_change` is the difference to the step before, `better` that of the value."""

    step: int
    trial: int
    state: str
    changed: list[Changed]
    value: float | None
    value_change: float | None
    n_parameters: float | None
    n_parameters_change: float | None
    gap: float | None
    gap_change: float | None
    test_accuracy: float | None
    test_accuracy_change: float | None
    better: bool | None
    reason: str


class LadderFacts(TypedDict):
    """The steps, and as sentences what they do not tell."""

    study: str
    metric: str
    direction: str
    steps: list[StepFacts]
    notes: list[str]


def ladder_facts(study: StudyReader, numbers: Sequence[int]) -> LadderFacts:
    """Put trials in a row, each compared with the one before."""
    trials = [study.trial(number) for number in numbers]
    steps = [
        _step(study, place, old, new)
        for place, (old, new) in enumerate(zip([None, *trials], trials, strict=False))
    ]
    return {
        "study": study.name,
        "metric": study.spec.metric.name,
        "direction": study.spec.metric.direction,
        "steps": steps,
        "notes": _notes(trials),
    }


def _step(study: StudyReader, place: int, old: Trial | None, new: Trial) -> StepFacts:
    now, before = _metrics(new), _metrics(old) if old else {}

    def change(name: str) -> float | None:
        value, earlier = now[name], before.get(name)
        return None if value is None or earlier is None else value - earlier

    better = None
    if old and old.value is not None and new.value is not None and old.value != new.value:
        better = is_better(new.value, old.value, study.direction)
    return {
        "step": place,
        "trial": new.number,
        "state": new.state,
        "changed": _changed(old, new) if old else [],
        "value": now["value"],
        "value_change": change("value"),
        "n_parameters": now["n_parameters"],
        "n_parameters_change": change("n_parameters"),
        "gap": now["gap"],
        "gap_change": change("gap"),
        "test_accuracy": now["test_accuracy"],
        "test_accuracy_change": change("test_accuracy"),
        "better": better,
        "reason": new.reason,
    }


def _metrics(trial: Trial) -> SplitMetrics:
    return {
        "value": trial.value,
        "n_parameters": trial.metrics.get("n_parameters"),
        "gap": _gap(trial),
        "test_accuracy": trial.test.metrics.get("accuracy") if trial.test else None,
    }


def _gap(trial: Trial) -> float | None:
    """Measure how much better a trial does on the images that it trained on."""
    train, val = (trial.metrics.get(f"{split}_accuracy") for split in ("train", "val"))
    return None if train is None or val is None else train - val


def _changed(old: Trial, new: Trial) -> list[Changed]:
    found: list[Changed] = []
    for change in differing(old.params, new.params):
        changed: Changed = {"name": change["name"]}
        if "a" in change:
            changed["old"] = change["a"]
        if "b" in change:
            changed["new"] = change["b"]
        found.append(changed)
    return found


def _notes(trials: Sequence[Trial]) -> list[str]:
    notes = []
    if len(trials) == 1:
        notes.append("a ladder needs at least two trials")
    for trial in trials:
        if trial.state != "COMPLETE":
            notes.append(
                f"trial {trial.number} is {trial.state}: {trial.reason or 'not at its end'}"
            )
    if trials and all(trial.test is None for trial in trials):
        notes.append("no trial is evaluated on the test split, see `search evaluate`")
    return notes


def ladder_part(facts: LadderFacts) -> Part:
    """Put a ladder into words; metrics that no step has are left out."""
    steps: Sequence[Mapping[str, Any]] = facts["steps"]
    shown = [name for name in _HEADINGS if any(step[name] is not None for step in steps)]
    columns = ["step", "trial", "changed"]
    for name in shown:
        title = _HEADINGS[name] or heading(facts["metric"])
        columns += [title, f"+/- {title}"]
    rows = []
    for step, facts_of_step in zip(steps, facts["steps"], strict=True):
        cells = [str(step["step"]), str(step["trial"]), _changed_cell(facts_of_step)]
        for name in shown:
            cells += [number_text(step[name]), signed(step[f"{name}_change"])]
        rows.append(cells)
    lines = [*facts["notes"]]
    if any(step["gap"] is not None for step in steps):
        lines.insert(0, "gap: train accuracy minus validation accuracy, at the best epoch")
    grid = Grid(columns, rows, ["changed"], 2, _best(facts))
    return Part(f"Steps of {facts['study']}", lines, grid)


def _changed_cell(step: StepFacts) -> str:
    if not step["step"]:
        return "(start)"
    changes = []
    for change in step["changed"]:
        old = value_text(change["old"]) if "old" in change else "–"
        new = value_text(change["new"]) if "new" in change else "–"
        changes.append(f"{change['name']}: {old} → {new}")
    return "\n".join(changes) or "nothing"


def _best(facts: LadderFacts) -> list[int]:
    """Find the step of the best value, if there are several to choose from."""
    values = {place: step["value"] for place, step in enumerate(facts["steps"])}
    known = {place: value for place, value in values.items() if value is not None}
    if len(known) < 2:
        return []
    choose = max if facts["direction"] == "maximize" else min
    return [choose(known, key=lambda place: known[place])]
