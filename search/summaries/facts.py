"""What a list of studies says of each: trials by state, best value, last change."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from search.errors import StudyError
from search.studies import attributes
from search.studies.optuna_privates import study_id
from search.studies.ranking import Directions, knee_trial, pareto_front, ranked
from search.studies.reader import StudyReader
from search.studies.storage import newest_versions, open_storage, storage_file
from search.studies.trials import Trial, has_begun, read_trial

STATES = ("COMPLETE", "PRUNED", "FAIL", "RUNNING", "INTERRUPTED")
_TIME = "%Y-%m-%d %H:%M:%S"


def study_facts(study: StudyReader) -> dict[str, Any]:
    """Count what a study holds.

    Args:
        study: The study.

    Returns:
        Name, trials by state, best value and trial, metric, time of the last change; with
        several metrics also all of these with their directions, the trials of the Pareto
        front, best first, and the knee among them.
    """
    facts = _facts(study.name, study.trials(), study.directions)
    return {**facts, "changed": f"{study.last_change():{_TIME}}"}


def database_facts(url: str) -> list[dict[str, Any]]:
    """Count what the studies of a database hold.

    Args:
        url: The database, as `storage` of a space file has it.

    Returns:
        The facts of each, as `study_facts` gives them.

    Raises:
        StudyError: If it is no database or cannot be reached.
    """
    if storage_file(Path(), url) is not None:
        raise StudyError(f"--storage: the URL of a database must be given, got {url!r}")
    storage = open_storage(Path(), url)
    found = []
    for name, study in newest_versions(storage).items():
        trials = storage.get_all_trials(study_id(study), deepcopy=False)
        names = study.user_attrs.get(attributes.METRICS) or [
            study.user_attrs.get(attributes.METRIC, "?")
        ]
        directions = dict(zip(names, study.directions, strict=True))
        records = ranked([read_trial(t) for t in trials if has_begun(t)], directions)
        times = [t.datetime_complete or t.datetime_start for t in trials]
        facts = _facts(name, records, directions)
        last = max((time for time in times if time), default=None)
        found.append({**facts, "changed": f"{last:{_TIME}}" if last else "–"})
    return sorted(found, key=lambda facts: str(facts["study"]))


def _facts(name: str, records: Sequence[Trial], directions: Directions) -> dict[str, Any]:
    ways = {metric: direction.name.lower() for metric, direction in directions.items()}
    metric = next(iter(ways))
    best = records[0] if records and records[0].state == "COMPLETE" else None
    return {
        "study": name,
        "trials": len(records),
        **{state.lower(): sum(r.state == state for r in records) for state in STATES},
        "best": best.value if best else None,
        "best_trial": best.number if best else None,
        "metric": metric,
        "direction": ways[metric],
        **(_front_facts(records, directions, ways) if len(ways) > 1 else {}),
    }


def _front_facts(
    records: Sequence[Trial], directions: Directions, ways: dict[str, str]
) -> dict[str, Any]:
    front = pareto_front(records, directions)
    return {
        "metrics": ways,
        "front": [record.number for record in front],
        "knee": knee_trial(front, directions),
    }
