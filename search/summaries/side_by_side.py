"""Several studies of one metric side by side: the best trial of each, and whether one is ahead.

A ranking is claimed only where these trials were validated on the same images; whether a lead is
real is told by the same paired tests that compare two trials.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from optuna.study import StudyDirection

from search.errors import StudyError
from search.statistics.paired import LEVEL, holm
from search.studies.lead import data_of, lead_of
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.comparison import settings_of
from search.summaries.layout import Grid, Part, headings
from search.summaries.paired import PairedFacts, paired_facts
from search.summaries.space import range_text
from search.summaries.study import StudyFacts, study_counts
from search.text import (
    counted,
    difference_texts,
    format_duration,
    listing,
    number_text,
    two_digits,
    value_text,
)

_MANY_MORE = 2.0
"""Times as many complete trials as another study has, from which on the luck of more is said."""


@dataclass(frozen=True)
class Side:
    """A study, how it is called beside the others, and its best trial, if any is complete."""

    name: str
    study: StudyReader
    trials: Sequence[Trial]
    best: Trial | None

    @property
    def title(self) -> str:
        """Name the best trial: `STUDY:NUMBER`."""
        return f"{self.name}:{self.best.number}" if self.best else self.name


class SideFacts(TypedDict):
    """A study and its best trial; `seconds` is the time of all trials, of all workers."""

    name: str
    counts: StudyFacts
    seconds: float
    sampler: str
    pruner: str
    best_trial: int | None
    value: float | None
    value_se: float | None
    best_epoch: int | None
    n_parameters: float | None
    test_accuracy: float | None
    params: dict[str, Any]


class LeadFacts(TypedDict):
    """How far the best trial of a study is behind the leader, p-value adjusted by Holm."""

    name: str
    paired: PairedFacts
    p_value: float
    is_shown: bool


class SideBySideFacts(TypedDict):
    """Several studies, best first where `leader` is not None, else as they were named.

    `unranked` and `untested` say why there is no leader, or no test of its lead; `space` and
    `settings` hold what differs, by name and then by study.
    """

    metric: str
    direction: str
    studies: list[SideFacts]
    leader: str | None
    leads: list[LeadFacts]
    unranked: list[str]
    untested: list[str]
    notes: list[str]
    space: dict[str, dict[str, str]]
    settings: dict[str, dict[str, Any]]


def sides_of(studies: Sequence[StudyReader]) -> list[Side]:
    """Take studies to be seen side by side; those of several metrics are refused."""
    folders = [study.folder.resolve() for study in studies]
    if len(set(folders)) < len(folders) or len(folders) < 2:
        raise StudyError(
            f"two studies or more must be named, each once, got {listing(s.name for s in studies)}"
        )
    metrics = {(study.spec.metric.name, study.direction.name.lower()) for study in studies}
    if len(metrics) > 1:
        told = (f"{s.name}: {s.spec.metric.name} ({s.direction.name.lower()})" for s in studies)
        raise StudyError(f"studies of one metric must be named, got {listing(told)}")
    are_alike = len({study.name for study in studies}) < len(studies)
    names = [str(study.folder) if are_alike else study.name for study in studies]
    return [_side(name, study) for name, study in zip(names, studies, strict=True)]


def _side(name: str, study: StudyReader) -> Side:
    trials = study.trials()
    complete = [trial for trial in trials if trial.state == "COMPLETE"]
    sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
    best = max(complete, key=lambda trial: sign * (trial.value or 0.0), default=None)
    return Side(name, study, trials, best)


def side_by_side_facts(sides: Sequence[Side]) -> SideBySideFacts:
    """Compare studies by their best trials."""
    first = sides[0].study
    unranked = _unranked(sides)
    ranked = _ranked(sides) if not unranked else list(sides)
    leads, untested = ([], []) if unranked else _leads(ranked)
    return {
        "metric": first.spec.metric.name,
        "direction": first.direction.name.lower(),
        "studies": [_side_facts(side) for side in ranked],
        "leader": None if unranked else ranked[0].name,
        "leads": leads,
        "unranked": unranked,
        "untested": untested,
        "notes": _notes(sides),
        "space": _differing({side.name: _ranges(side.study) for side in ranked}),
        "settings": _differing({side.name: _settings(side) for side in ranked}),
    }


def _side_facts(side: Side) -> SideFacts:
    study, best = side.study, side.best
    return {
        "name": side.name,
        "counts": study_counts(study.name, side.trials, study.directions),
        "seconds": sum(trial.seconds or 0.0 for trial in side.trials),
        "sampler": study.spec.sampler.name,
        "pruner": study.spec.pruner.name,
        "best_trial": best.number if best else None,
        "value": best.value if best else None,
        "value_se": lead_of(study).errors.get(best.number) if best else None,
        "best_epoch": best.best_epoch if best else None,
        "n_parameters": best.metrics.get("n_parameters") if best else None,
        "test_accuracy": best.test.metrics.get("accuracy") if best and best.test else None,
        "params": best.params if best else {},
    }


def _unranked(sides: Sequence[Side]) -> list[str]:
    """Say what forbids to rank the best trials: nothing tells that they saw the same images."""
    complete = [side for side in sides if side.best]
    if len(complete) < 2:
        return ["fewer than two of these studies have a complete trial"]
    found = []
    if len({side.study.spec.metric.reduce for side in complete}) > 1:
        found.append("a value is that of the best epoch in some of them, of the last in others")
    data = [data_of(side.study, side.best.space_version) for side in complete if side.best]
    if any(objective != data[0][0] for objective, _ in data):
        found.append(
            "the objectives differ, so that nothing tells whether the images are the same"
        )
    elif any(settings != data[0][1] for _, settings in data):
        found.append("their data settings differ, so that trials were validated on other images")
    if len({side.best.split_seed for side in complete if side.best}) > 1:
        found.append("the images were split with other seeds")
    return found


def _ranked(sides: Sequence[Side]) -> list[Side]:
    sign = 1 if sides[0].study.direction == StudyDirection.MAXIMIZE else -1

    def key(side: Side) -> tuple[bool, float]:
        value = side.best.value if side.best else None
        return value is None, -sign * (value or 0.0)

    return sorted(sides, key=key)


def _leads(ranked: Sequence[Side]) -> tuple[list[LeadFacts], list[str]]:
    """Test the lead of the first one over each other one, all comparisons together."""
    (leader, *others) = [(side, side.best) for side in ranked if side.best]
    found, untested = list[tuple[Side, PairedFacts]](), []
    for side, best in others:
        paired = paired_facts((side.study, best), (leader[0].study, leader[1]))
        if isinstance(paired, str):
            untested.append(_untested(paired, side.title, leader[0].title))
        else:
            found.append((side, paired))
    adjusted = holm([paired["p_value"] for _, paired in found]) if found else []
    leads: list[LeadFacts] = [
        {"name": side.name, "paired": paired, "p_value": p_value, "is_shown": p_value < LEVEL}
        for (side, paired), p_value in zip(found, adjusted, strict=True)
    ]
    return leads, untested


def _untested(why: str, a: str, b: str) -> str:
    return f"whether {b} is really better than {a} is not tested: {why} (a = {a}, b = {b})"


def _notes(sides: Sequence[Side]) -> list[str]:
    notes = [f"{side.name} has no complete trial" for side in sides if not side.best]
    notes += [
        f"{side.name} has several metrics; its best trial here goes by the first one alone"
        for side in sides
        if len(side.study.spec.metrics) > 1
    ]
    notes += [
        f"{side.name} is still running"
        for side in sides
        if any(trial.state == "RUNNING" for trial in side.trials)
    ]
    counts = [sum(t.state == "COMPLETE" for t in side.trials) for side in sides if side.best]
    if counts and max(counts) >= _MANY_MORE * min(counts):
        notes.append(
            "each value is that of the luckiest trial of its study, and a study of more complete "
            f"trials has more luck: here they have {listing(f'{n:,}' for n in counts)}"
        )
    return notes


def _ranges(study: StudyReader) -> dict[str, str]:
    return {name: range_text(parameter) for name, parameter in study.spec.parameters.items()}


def _settings(side: Side) -> dict[str, Any]:
    best = side.best or (side.trials[0] if side.trials else None)
    return settings_of(side.study, best) if best else {}


def _differing(by_study: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Keep what studies do not all have alike: by name, then by those studies that have it."""
    names = dict.fromkeys(name for of_study in by_study.values() for name in of_study)
    rows = {n: {s: of[n] for s, of in by_study.items() if n in of} for n in names}
    return {
        name: row
        for name, row in rows.items()
        if len(row) < len(by_study) or len({repr(value) for value in row.values()}) > 1
    }


def side_by_side_parts(facts: SideBySideFacts) -> list[Part]:
    """Put several studies into words: their best trials, who is ahead, what differs."""
    names = [side["name"] for side in facts["studies"]]
    parts = [
        Part("Best trials", _verdict(facts), _best_grid(facts)),
        _leads_part(facts),
        _parameters_part(facts),
        _differing_part("Differences in space", facts["space"], names, str),
        _differing_part("Differences in settings", facts["settings"], names, value_text),
    ]
    return [part for part in parts if part]


def _verdict(facts: SideBySideFacts) -> list[str]:
    lines = [f"no ranking: {why}" for why in facts["unranked"]]
    if facts["leader"]:
        tied = [lead["name"] for lead in facts["leads"] if not lead["is_shown"]]
        behind = [lead["name"] for lead in facts["leads"] if lead["is_shown"]]
        if tied:
            told = listing([facts["leader"], *tied])
            lines.append(f"the best trials of {told} cannot be told apart on the same images")
        if behind:
            told = listing(behind)
            lines.append(f"the best trial of {facts['leader']} is better than that of {told}")
    return [*lines, *facts["untested"], *facts["notes"]]


def _best_grid(facts: SideBySideFacts) -> Grid:
    """Lay out the best trials; what none of them has is left out."""
    tied = {lead["name"] for lead in facts["leads"] if not lead["is_shown"]}
    if tied and facts["leader"]:
        tied.add(facts["leader"])
    rows = [_best_row(facts["metric"], side, tied) for side in facts["studies"]]
    columns = [name for name in rows[0] if any(row[name] not in {"–", ""} for row in rows)]
    cells = [[row[name] for name in columns] for row in rows]
    bold = [0] if facts["leader"] else []
    return Grid(headings(columns), cells, ["study", "sampler", "pruner"], bold=bold)


def _best_row(metric: str, side: SideFacts, tied: Collection[str]) -> dict[str, str]:
    error, counts = side["value_se"], side["counts"]
    return {
        "study": side["name"],
        "trial": number_text(side["best_trial"]),
        metric: number_text(side["value"]),
        "value_se": "–" if error is None else two_digits(error),
        "tied_with_best": "=" if side["name"] in tied else "",
        "test_accuracy": number_text(side["test_accuracy"]),
        "best_epoch": number_text(side["best_epoch"]),
        "n_parameters": number_text(side["n_parameters"]),
        "trials": number_text(counts["trials"]),
        "complete": number_text(counts["complete"]),
        "trial_time": format_duration(side["seconds"]),
        "sampler": side["sampler"],
        "pruner": side["pruner"],
    }


def _leads_part(facts: SideBySideFacts) -> Part | None:
    if not facts["leads"]:
        return None
    rows = []
    for lead in facts["leads"]:
        paired = lead["paired"]
        by, low, high = difference_texts(paired["difference"], paired["low"], paired["high"])
        chance = "< 0.001" if lead["p_value"] < 0.001 else f"{lead['p_value']:.3f}"
        verdict = "real" if lead["is_shown"] else "not shown"
        rows.append([lead["name"], by, f"{low} to {high}", chance, verdict])
    n_images = counted(facts["leads"][0]["paired"]["n_images"], "image")
    lines = [
        f"{facts['metric']} of the best trial of {facts['leader']} less that of each other one, "
        f"on the same {n_images}; p-values are adjusted by Holm"
    ]
    columns = ["study", "difference", "95 % interval", "p", "lead"]
    return Part("Is the lead real?", lines, Grid(columns, rows, ["study", "lead"]))


def _parameters_part(facts: SideBySideFacts) -> Part | None:
    sides = [side for side in facts["studies"] if side["best_trial"] is not None]
    names = dict.fromkeys(name for side in sides for name in side["params"])
    shared = [name for name in names if all(name in side["params"] for side in sides)]
    ordered = [*shared, *(name for name in names if name not in shared)]
    rows = [
        [n, *(value_text(s["params"][n]) if n in s["params"] else "–" for s in sides)]
        for n in ordered
    ]
    if not rows:
        return None
    titles = [f"{side['name']}:{side['best_trial']}" for side in sides]
    return Part(
        "Parameters of the best trials", [], Grid(["parameter", *titles], rows, ["parameter"])
    )


def _differing_part(
    title: str,
    rows: Mapping[str, Mapping[str, Any]],
    names: Sequence[str],
    write: Callable[[Any], str],
) -> Part:
    cells = [
        [name, *(write(row[study]) if study in row else "–" for study in names)]
        for name, row in rows.items()
    ]
    return Part(title, [] if rows else ["none"], Grid(["name", *names], cells, ["name", *names]))
