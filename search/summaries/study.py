"""A study as a whole, and the list of those there are: trials by state, best value, change."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NotRequired

from optuna.study import StudyDirection
from typing_extensions import TypedDict

from search.errors import StudyError
from search.spaces.optuna_privates import study_id
from search.spaces.spec import Spec
from search.studies import attributes
from search.studies.confirmation import read_plan
from search.studies.database import shown_url
from search.studies.folder import read_provenance, study_command
from search.studies.ranking import Directions, knee_trial, pareto_front, ranked
from search.studies.reader import StudyReader
from search.studies.storage import newest_versions, open_storage, storage_file
from search.studies.trials import Trial, has_begun, is_better, read_trial
from search.summaries.layout import Grid, Part
from search.summaries.leaderboard import front_facts, front_part, leaderboard_findings
from search.text import counted, number_text

STATES = {
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "running",
    "INTERRUPTED": "interrupted",
}
"""What the states are called where trials are counted."""
_MOST_REASONS = 5
_TIME = "%Y-%m-%d %H:%M:%S"


class StudyFacts(TypedDict):
    """What a study holds; the last three only where it has several metrics.

    `paused` says whether a session rests as a user asked for.
    """

    study: str
    trials: int
    complete: int
    pruned: int
    fail: int
    running: int
    interrupted: int
    best: float | None
    best_trial: int | None
    metric: str
    direction: str
    changed: NotRequired[str]
    paused: NotRequired[bool]
    tags: NotRequired[list[str]]
    metrics: NotRequired[dict[str, str]]
    front: NotRequired[list[int]]
    knee: NotRequired[int | None]


def study_facts(study: StudyReader) -> StudyFacts:
    """Count what a study holds, and tell when it last changed."""
    facts = study_counts(study.name, study.trials(), study.directions)
    facts["changed"] = f"{study.last_change():{_TIME}}"
    facts["paused"] = study.paused_since() is not None
    facts["tags"] = study.tags()
    return facts


def database_facts(url: str) -> list[StudyFacts]:
    """Count what the studies of a database hold, as `study_facts` does of each."""
    if storage_file(Path(), url) is not None:
        raise StudyError(f"--storage: the URL of a database must be given, got {url!r}")
    storage = open_storage(Path(), url)
    found = []
    for name, study in newest_versions(storage).items():
        trials = storage.get_all_trials(study_id(study), deepcopy=False)
        names = study.user_attrs.get(attributes.METRIC_NAMES) or [
            study.user_attrs.get(attributes.METRIC, "?")
        ]
        directions = dict(zip(names, study.directions, strict=True))
        facts = study_counts(
            name, ranked([read_trial(t) for t in trials if has_begun(t)], directions), directions
        )
        times = [t.datetime_complete or t.datetime_start for t in trials]
        last = max((time for time in times if time), default=None)
        facts["changed"] = f"{last:{_TIME}}" if last else "–"
        facts["tags"] = list(study.user_attrs.get(attributes.TAGS, []))
        found.append(facts)
    return sorted(found, key=lambda facts: facts["study"])


def study_counts(name: str, trials: Sequence[Trial], directions: Directions) -> StudyFacts:
    """Count trials, best first, as those of a study."""
    ways = {metric: direction.name.lower() for metric, direction in directions.items()}
    metric = next(iter(ways))
    best = trials[0] if trials and trials[0].state == "COMPLETE" else None
    met = Counter(trial.state for trial in trials)
    facts: StudyFacts = {
        "study": name,
        "trials": len(trials),
        "complete": met["COMPLETE"],
        "pruned": met["PRUNED"],
        "fail": met["FAIL"],
        "running": met["RUNNING"],
        "interrupted": met["INTERRUPTED"],
        "best": best.value if best else None,
        "best_trial": best.number if best else None,
        "metric": metric,
        "direction": ways[metric],
    }
    if len(ways) > 1:
        front = pareto_front(trials, directions)
        facts["metrics"] = ways
        facts["front"] = [trial.number for trial in front]
        facts["knee"] = knee_trial(front, directions)
    return facts


def counts_text(trials: Iterable[Trial]) -> str:
    """Count trials by state: `12 trials: 7 complete, 4 pruned, 1 failed`."""
    states = Counter(trial.state for trial in trials)
    parts = [f"{states[state]} {word}" for state, word in STATES.items() if states[state]]
    return f"{counted(states.total(), 'trial')}: {', '.join(parts)}" if parts else "no trials"


def failure_lines(trials: Iterable[Trial]) -> list[str]:
    """Count the commonest reasons of failures: `3 x infeasible: the kernel …`."""
    counts = Counter(trial.reason for trial in trials if trial.failure)
    return [f"{count} x {reason}" for reason, count in counts.most_common(_MOST_REASONS)]


def ahead_lines(study: StudyReader) -> list[str]:
    """Say so where a trial that an earlier run left is ahead of all complete ones."""
    if len(study.spec.metrics) > 1 or read_plan(study):
        return []
    trials = study.trials()
    values = {
        t.number: t.value for t in trials if t.state == "INTERRUPTED" and t.value is not None
    }
    is_running = any(trial.state == "RUNNING" for trial in trials)
    if is_running or not values or trials[0].state != "COMPLETE":
        return []
    sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
    first = study.trial(max(values, key=lambda number: sign * values[number]))
    if not is_better(values[first.number], trials[0].value, study.direction):
        return []
    epochs = f"epoch {first.n_epochs}" + (f" of {study.spec.epochs}" if study.spec.epochs else "")
    return [
        f"trial {first.number} is ahead of what is complete: {number_text(first.value)} when it "
        f"was interrupted at {epochs}; a resumed study goes on with it"
    ]


def studies_part(studies: Sequence[StudyFacts]) -> Part:
    """Lay out studies, one row each; no interrupted trials nor tags where there are none."""
    left_out = {name for name in ("interrupted", "tags") if not any(f.get(name) for f in studies)}
    cells = [
        {name: text for name, text in _cells(facts).items() if name not in left_out}
        for facts in studies
    ]
    columns = list(cells[0]) if cells else []
    rows = [list(row.values()) for row in cells]
    return Part("", [], Grid(columns, rows, ["study", "metric", "tags"]))


def plain_rows(studies: Sequence[StudyFacts]) -> list[dict[str, Any]]:
    """Give what is told of every study, as rows of a table without lists."""
    told = ["study", "trials", *(state.lower() for state in STATES)]
    told += ["best", "best_trial", "metric", "direction", "changed"]
    return [
        {**{name: dict(facts).get(name) for name in told}, "tags": " ".join(facts.get("tags", []))}
        for facts in studies
    ]


def _cells(facts: StudyFacts) -> dict[str, str]:
    return {
        "study": facts["study"],
        "trials": number_text(facts["trials"]),
        "complete": number_text(facts["complete"]),
        "pruned": number_text(facts["pruned"]),
        "failed": number_text(facts["fail"]),
        "running": "paused" if facts.get("paused") else number_text(facts["running"]),
        "interrupted": number_text(facts["interrupted"]),
        "best": number_text(facts["best"]),
        "metric": ", ".join(facts.get("metrics", [facts["metric"]])),
        "changed": facts.get("changed", "–"),
        "tags": ", ".join(facts.get("tags", [])),
    }


def study_parts(study: StudyReader) -> list[Part]:
    """Describe a study: what is searched, what came of it, its best trials."""
    trials = study.trials()
    failures = failure_lines(trials)
    fields = [
        ("study", f"{study.name}  ({study.folder})"),
        ("objective", study.spec.objective),
        metrics_field(study.spec),
        ("sampler", f"{study.spec.sampler.name}, seed {study.spec.sampler.seed}"),
        ("pruner", study.spec.pruner.name),
        ("trials", "\n".join([counts_text(trials), *ahead_lines(study)])),
        *_paused_field(study),
        ("changed", f"{study.last_change():{_TIME}}"),
        *([("tags", ", ".join(study.tags()))] if study.tags() else []),
        *([("failures", "\n".join(failures))] if failures else []),
    ]
    parts = [Part(fields=fields)]
    front = front_facts(study)
    if front:
        parts.append(front_part(front, {m.name: m.direction for m in study.spec.metrics}))
    return [*parts, *(leaderboard_findings(study).parts if trials else [])]


def _paused_field(study: StudyReader) -> list[tuple[str, str]]:
    since = study.paused_since()
    again = study_command(study.folder, "resume")
    return [("paused", f"since {since:{_TIME}}; go on by `{again}`")] if since else []


def metrics_field(spec: Spec) -> tuple[str, str]:
    """Name the metrics of a search and their directions, as a line of its description."""
    name = "metric" if len(spec.metrics) == 1 else "metrics"
    return name, "; ".join(f"{metric.name}, {metric.direction}" for metric in spec.metrics)


def environment_part(study: StudyReader) -> Part:
    """Tell where and with what the study was made, as its space file has it."""
    facts = read_provenance(study.space_file)
    if not facts:
        return Part("Environment", [f"{study.space_file.name} does not say"])
    rows = [[name, shown_url(text)] for name, text in facts.items()]
    grid = Grid(["what", "value"], rows, ["what", "value"])
    return Part("Environment", [f"when {study.space_file.name} was written"], grid)
