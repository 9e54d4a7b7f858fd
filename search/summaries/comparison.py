"""Two trials side by side as plain data, of one study or of two."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from optuna.study import StudyDirection

from search.errors import SearchError, StudyError
from search.spaces.space_file import read_space_file
from search.studies.folder import space_file_name
from search.studies.reader import StudyReader
from search.studies.test_metrics import TEST_METRICS
from search.studies.trials import Trial
from search.summaries.class_changes import (
    class_changes,
    confusion_changes,
    difference,
    same_images,
)
from search.summaries.trial_facts import SPLITS, other_metrics, split_metrics

Side = tuple[StudyReader, Trial]
"""A trial and its study."""
_Ways = Callable[[str, str], StudyDirection | None]
"""Tells by split (empty for none) and name which way a metric is better."""


def choose_sides(names: Sequence[str], studies: Path) -> tuple[Side, Side]:
    """Find the two trials that a user named.

    Args:
        names: Twice `STUDY` (its best trial) or `STUDY:NUMBER`; or a study and two numbers.
        studies: The folder of all studies.

    Returns:
        Both trials.

    Raises:
        SearchError: If two trials are not what is named.
        StudyError: If a study or trial does not exist, or no trial is complete.
    """
    if len(names) == 3 and all(name.isdigit() for name in names[1:]):
        names = [f"{names[0]}:{number}" for number in names[1:]]
    if len(names) != 2:
        raise SearchError(
            f"search compare: two trials must be named, got {' '.join(names)}; valid: "
            "STUDY or STUDY:NUMBER twice, or STUDY NUMBER NUMBER"
        )
    first, second = (_side(name, studies) for name in names)
    return first, second


def _side(name: str, studies: Path) -> Side:
    match = re.fullmatch(r"(.+):(\d+)", name)
    if match:
        study = StudyReader.open(match[1], studies)
        return study, study.trial(int(match[2]))
    study = StudyReader.open(name, studies)
    records = study.trials()
    if not records or records[0].state != "COMPLETE":
        valid = f"{name}:NUMBER for one of its {len(records)} trials" if records else "none"
        raise StudyError(
            f"{study.name}: a complete trial must exist to be its best one, none does; "
            f"valid: {valid}"
        )
    return study, records[0]


def comparison_facts(a: Side, b: Side) -> dict[str, Any]:
    """Compare two trials; every difference is that of b less a.

    Args:
        a: The first.
        b: The second.

    Returns:
        Plain data: the two `trials`, the `parameters` and `settings` that differ (a side that
        does not have one has no entry), `metrics` by split with their differences and which
        side is better, `others`, `classes` (change of recall), `confusion`, and `notes` on what
        could not be compared.
    """
    (_, first), (_, second) = a, b
    ways = _directions(a[0], b[0])
    old, new = split_metrics(first), split_metrics(second)
    pairs = {
        (name, split): (old.get(split, {}).get(name), new.get(split, {}).get(name))
        for name in TEST_METRICS
        for split in SPLITS
    }
    metrics = [
        {"metric": name, "split": split, **difference(*pair, ways(split, name))}
        for (name, split), pair in pairs.items()
        if pair != (None, None)
    ]
    return {
        "trials": {"a": _trial(*a), "b": _trial(*b)},
        "parameters": differing(first.params, second.params),
        "settings": differing(_settings(*a), _settings(*b)),
        "metrics": metrics,
        "others": _others(first, second, ways),
        "classes": class_changes(first.test, second.test),
        "confusion": confusion_changes(first.test, second.test),
        "notes": _notes(first, second),
    }


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List what two mappings hold differently.

    Args:
        a: The first.
        b: The second.

    Returns:
        For each such key its `name`, and `a` and `b` as far as they have it.

    Example:
        >>> differing({"x": 1, "y": 2}, {"x": 1, "z": 3})
        [{'name': 'y', 'a': 2}, {'name': 'z', 'b': 3}]
    """
    found = []
    for name in dict.fromkeys([*a, *b]):
        sides = {side: values[name] for side, values in (("a", a), ("b", b)) if name in values}
        if len(sides) == 1 or sides["a"] != sides["b"]:
            found.append({"name": name, **sides})
    return found


def _trial(study: StudyReader, record: Trial) -> dict[str, Any]:
    return {
        "study": study.name,
        "trial": record.number,
        "state": record.state,
        "metric": study.spec.metric.name,
        "value": record.value,
        "best_epoch": record.best_epoch,
        "n_epochs": record.n_epochs,
    }


def _settings(study: StudyReader, record: Trial) -> dict[str, Any]:
    """List what the objective was given beside parameters, in the space that the trial ran in."""
    spec = study.spec
    if record.space_version != study.version:
        spec = read_space_file(study.folder / space_file_name(record.space_version))
    return {"objective": spec.objective, **dict(_flat(spec.settings, "settings"))}


def _flat(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        yield key, value
        return
    for name, inner in value.items():
        yield from _flat(inner, f"{key}.{name}")


def _directions(a: StudyReader, b: StudyReader) -> _Ways:
    """Give a function that tells which way a metric is better; None where that is not known."""

    def direction(split: str, name: str) -> StudyDirection | None:
        whole = f"{split}_{name}" if split else name
        ways = {study.directions[whole] for study in (a, b) if whole in study.directions}
        if len(ways) == 1:
            return ways.pop()
        if ways or name not in TEST_METRICS:
            return None
        return StudyDirection.MINIMIZE if name == "loss" else StudyDirection.MAXIMIZE

    return direction


def _others(a: Trial, b: Trial, ways: _Ways) -> list[dict[str, Any]]:
    sides: list[dict[str, Any]] = []
    for record in (a, b):
        run = {name: getattr(record, name) for name in ("best_epoch", "n_epochs", "seconds")}
        sides.append({**other_metrics(record), **run})
    return [
        {"metric": name, **difference(sides[0].get(name), sides[1].get(name), ways("", name))}
        for name in dict.fromkeys([*sides[0], *sides[1]])
    ]


def _notes(a: Trial, b: Trial) -> list[str]:
    notes = [
        f"{side} (trial {record.number}) is {record.state}: {record.reason or 'not at its end'}"
        for side, record in (("a", a), ("b", b))
        if record.state != "COMPLETE"
    ]
    lacking = [side for side, record in (("a", a), ("b", b)) if record.test is None]
    if lacking:
        notes.append(
            f"no test figures of {' and '.join(lacking)}: confusions and recalls of classes "
            "cannot be compared"
        )
    elif a.test and b.test and not same_images(a.test, b.test):
        notes.append("the test splits differ: their confusions cannot be compared")
    elif not confusion_changes(a.test, b.test):
        notes.append("too many classes: no confusion matrices are kept")
    return notes
