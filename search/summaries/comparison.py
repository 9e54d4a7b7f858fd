"""Two trials side by side, of one study or of two."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NotRequired

from optuna.study import StudyDirection
from typing_extensions import TypedDict

from search.columns import TEST_METRICS
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.class_changes import (
    ClassChange,
    ConfusionFacts,
    Difference,
    change_cells,
    class_changes,
    class_changes_part,
    confusion_changes,
    confusion_parts,
    difference,
    same_images,
)
from search.summaries.evaluation import SHOWN_SPLITS, SplitMetrics, other_metrics, split_metrics
from search.summaries.layout import Grid, Part, heading
from search.summaries.paired import PairedFacts, Side, paired_facts, paired_sentence
from search.text import number_text, value_text

_DirectionOf = Callable[[str, str], StudyDirection | None]
"""Tells by split (empty for none) and name which direction of a metric is better."""


class SideFacts(TypedDict):
    """What is said of one of the two trials."""

    study: str
    trial: int
    state: str
    metric: str
    value: float | None
    best_epoch: int | None
    n_epochs: int


class Differing(TypedDict):
    """A parameter or setting that differs; a side that does not have it has no entry."""

    name: str
    a: NotRequired[Any]
    b: NotRequired[Any]


class MetricChange(Difference):
    """The change of a metric that is of no split."""

    metric: str


class SplitChange(MetricChange):
    """The change of a metric of a split."""

    split: str


class ComparisonFacts(TypedDict):
    """Two trials compared; every difference is that of b less a.

    `paired` is None where the two have no answers on the same images; `notes` are sentences on
    what could not be compared.
    """

    trials: dict[str, SideFacts]
    parameters: list[Differing]
    settings: list[Differing]
    paired: PairedFacts | None
    metrics: list[SplitChange]
    others: list[MetricChange]
    classes: list[ClassChange]
    confusion: ConfusionFacts | None
    notes: list[str]


def comparison_facts(a: Side, b: Side) -> ComparisonFacts:
    """Compare two trials: parameters, settings, metrics, classes and confusions."""
    (_, first), (_, second) = a, b
    direction_of = _directions(a[0], b[0])
    paired = paired_facts(a, b)
    untested = [f"{paired}: whether they differ is not tested"] if isinstance(paired, str) else []
    return {
        "trials": {"a": _side_facts(*a), "b": _side_facts(*b)},
        "parameters": differing(first.params, second.params),
        "settings": differing(settings_of(*a), settings_of(*b)),
        "paired": None if isinstance(paired, str) else paired,
        "metrics": _split_changes(first, second, direction_of),
        "others": _other_changes(first, second, direction_of),
        "classes": class_changes(first.test, second.test),
        "confusion": confusion_changes(first.test, second.test),
        "notes": [*_notes(first, second), *untested],
    }


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Differing]:
    """List what two mappings hold differently."""
    found: list[Differing] = []
    for name in dict.fromkeys([*a, *b]):
        if name not in b:
            found.append({"name": name, "a": a[name]})
        elif name not in a:
            found.append({"name": name, "b": b[name]})
        elif a[name] != b[name]:
            found.append({"name": name, "a": a[name], "b": b[name]})
    return found


def _side_facts(study: StudyReader, trial: Trial) -> SideFacts:
    return {
        "study": study.name,
        "trial": trial.number,
        "state": trial.state,
        "metric": study.spec.metric.name,
        "value": trial.value,
        "best_epoch": trial.best_epoch,
        "n_epochs": trial.n_epochs,
    }


def settings_of(study: StudyReader, trial: Trial) -> dict[str, Any]:
    """List what the objective was given beside parameters, in the space that the trial ran in."""
    spec = study.spec_of(trial.space_version)
    return {"objective": spec.objective, **dict(_flat(spec.settings, "settings"))}


def _flat(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        yield key, value
        return
    for name, inner in value.items():
        yield from _flat(inner, f"{key}.{name}")


def _directions(a: StudyReader, b: StudyReader) -> _DirectionOf:
    """Take directions from the studies where these agree, of our own metrics else."""

    def direction_of(split: str, name: str) -> StudyDirection | None:
        whole = f"{split}_{name}" if split else name
        told = {study.directions[whole] for study in (a, b) if whole in study.directions}
        if len(told) == 1:
            return told.pop()
        if told or name not in TEST_METRICS:
            return None
        return StudyDirection.MINIMIZE if name == "loss" else StudyDirection.MAXIMIZE

    return direction_of


def _split_changes(a: Trial, b: Trial, direction_of: _DirectionOf) -> list[SplitChange]:
    old, new = split_metrics(a), split_metrics(b)
    changes: list[SplitChange] = []
    for name in TEST_METRICS:
        for split in SHOWN_SPLITS:
            a_value, b_value = (of.get(split, {}).get(name) for of in (old, new))
            if a_value is not None or b_value is not None:
                change = difference(a_value, b_value, direction_of(split, name))
                changes.append({"metric": name, "split": split, **change})
    return changes


def _other_changes(a: Trial, b: Trial, direction_of: _DirectionOf) -> list[MetricChange]:
    old, new = _others(a), _others(b)
    return [
        {"metric": name, **difference(old.get(name), new.get(name), direction_of("", name))}
        for name in dict.fromkeys([*old, *new])
    ]


def _others(trial: Trial) -> SplitMetrics:
    epochs: SplitMetrics = {"best_epoch": trial.best_epoch, "n_epochs": trial.n_epochs}
    return {**other_metrics(trial), **epochs, "seconds": trial.seconds}


def _notes(a: Trial, b: Trial) -> list[str]:
    notes = [
        f"{side} (trial {trial.number}) is {trial.state}: {trial.reason or 'not at its end'}"
        for side, trial in (("a", a), ("b", b))
        if trial.state != "COMPLETE"
    ]
    lacking = [side for side, trial in (("a", a), ("b", b)) if trial.test is None]
    if lacking:
        notes.append(
            f"no test metrics of {' and '.join(lacking)}: confusions and recall by class "
            "cannot be compared"
        )
    elif a.test and b.test and not same_images(a.test, b.test):
        notes.append("the test splits differ: their confusions cannot be compared")
    elif not confusion_changes(a.test, b.test):
        notes.append("too many classes: no confusion matrices are kept")
    return notes


def comparison_parts(facts: ComparisonFacts) -> list[Part]:
    """Put a comparison into words: a part for each thing there is something to say of."""
    names = side_names(facts)
    titles = list(names.values())
    sides = [f"{names[side]} = {side}: {_side_text(facts['trials'][side])}" for side in names]
    parts = [
        Part(f"Trials {' and '.join(titles)}", [*sides, *facts["notes"]]),
        _differing_part("Parameters that differ", facts["parameters"], titles),
        _differing_part("Settings that differ", facts["settings"], titles)
        if facts["settings"]
        else None,
        _metrics_part(facts, titles),
        class_changes_part(facts["classes"], titles),
        *confusion_parts(facts["confusion"]),
    ]
    return [part for part in parts if part]


def side_names(facts: ComparisonFacts) -> dict[str, str]:
    """Name the two trials by side: `STUDY:NUMBER`, with the letter where these are the same."""
    names = {side: f"{trial['study']}:{trial['trial']}" for side, trial in facts["trials"].items()}
    if len(set(names.values())) == 1:
        return {side: f"{name} ({side})" for side, name in names.items()}
    return names


def _side_text(trial: SideFacts) -> str:
    best = trial["best_epoch"]
    epoch = "no epoch" if best is None else f"epoch {best} of {trial['n_epochs']}"
    return f"{trial['state']}, {trial['metric']} {number_text(trial['value'])} at {epoch}"


def _differing_part(title: str, rows: Sequence[Differing], sides: Sequence[str]) -> Part:
    cells = [
        [
            row["name"],
            value_text(row["a"]) if "a" in row else "–",
            value_text(row["b"]) if "b" in row else "–",
        ]
        for row in rows
    ]
    return Part(title, [] if rows else ["none"], Grid(["name", *sides], cells, ["name"]))


def _metrics_part(facts: ComparisonFacts, sides: Sequence[str]) -> Part:
    rows = [
        [f"{row['split']} {heading(row['metric'])}", *change_cells(row)]
        for row in facts["metrics"]
    ]
    rows += [[heading(row["metric"]), *change_cells(row)] for row in facts["others"]]
    columns = ["metric", *sides, "difference", "relative", "better"]
    lines = ["differences are b minus a"]
    if facts["paired"]:
        lines.append(paired_sentence(facts["paired"], facts["trials"]["a"]["metric"]))
    return Part(
        "Metrics at the best epoch",
        lines,
        Grid(columns, rows, ["metric", "better"]),
    )
