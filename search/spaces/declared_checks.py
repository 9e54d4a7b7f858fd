"""What must hold between a space file and its objective: settings, parameters and metrics."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from search.errors import ObjectiveError
from search.objective.loading import objective_problem
from search.objective.probing import describe, may_describe
from search.objective.source import accepted_settings
from search.spaces.document import KeyPath
from search.spaces.sections import Problem, Sections, unknown

Declared = Mapping[str, Sequence[str]]
"""Names of parameters and of metrics; an objective may leave either out."""


def declared_problems(sections: Sections) -> Iterator[Problem]:
    """Check names against those that the objective takes and reports.

    Of most objectives only the source is read; one that may declare names is asked.

    Args:
        sections: What of the file is well-formed.

    Yields:
        Each mistake.
    """
    path, settings = sections.valid.get("objective"), sections.valid.get("settings")
    if path is None or settings is None or objective_problem(path):
        return  # said elsewhere
    problems = list(_settings_problems(path, settings, sections))
    yield from problems
    if problems or not may_describe(path):
        return
    try:
        declared = declared_names(path, settings)
    except ObjectiveError as error:
        text = str(error).removeprefix("objective: ")
        place = place_in(text, {("settings", name): name for name in settings})
        yield Problem(place or ("objective",), text, at_key=place is not None)
    else:
        yield from _name_problems(declared, sections)


def declared_names(objective: str, settings: Mapping[str, Any]) -> Declared:
    """Ask an objective for the parameters it takes and the metrics it reports.

    Args:
        objective: Its import path; it is imported, or only what tells these names.
        settings: What it is given.

    Returns:
        The names; nothing if it declares none.

    Raises:
        ObjectiveError: If it cannot be loaded, or not tell.
    """
    description = describe(objective, settings)
    told = {"parameters": description.parameters(), "metrics": description.metrics()}
    return {key: names for key, names in told.items() if names is not None}


def place_in(text: str, names: Mapping[KeyPath, str]) -> KeyPath | None:
    """Find the key of a space file that an error speaks of.

    Args:
        text: The error.
        names: How each key is called.

    Returns:
        The key whose name stands first in the text, if any does.
    """
    found = {
        path: match.start()
        for path, name in names.items()
        if (match := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))
    }
    return min(found, key=lambda path: found[path], default=None)


def worded_error(error: Exception) -> str:
    """Write what an objective raised in one line.

    Args:
        error: The error.

    Returns:
        Its first line, with its type unless it was raised to be read by people.
    """
    line = (str(error).strip().splitlines() or ["no message"])[0]
    return line if getattr(error, "fatal", False) else f"{type(error).__name__}: {line}"


def _settings_problems(
    path: str, settings: Mapping[str, Any], sections: Sections
) -> Iterator[Problem]:
    accepted = accepted_settings(path)
    if accepted is None:
        return
    for name in settings.keys() - {*accepted.names, *sections.names}:
        if not accepted.others:
            text = unknown("setting of the objective", name, accepted.names)
            yield Problem(("settings", name), text, at_key=True)
    for name in accepted.required:
        if name not in settings:
            text = f"the key {name!r} must be given, {path} has no default for it"
            yield Problem(("settings",), text, at_key=True)


def _name_problems(declared: Declared, sections: Sections) -> Iterator[Problem]:
    if "parameters" in declared:
        valid = declared["parameters"]
        for name in sections.names:
            if name not in valid:
                text = unknown("parameter of the objective", name, valid)
                yield Problem(("parameters", name), text, at_key=True)
    if "metrics" in declared:
        valid = declared["metrics"]
        for place, name in _metric_names(sections):
            if name not in valid:
                yield Problem(place, unknown("metric of the objective", name, valid))


def _metric_names(sections: Sections) -> Iterable[tuple[KeyPath, str]]:
    if "metrics" in sections.valid and sections.valid["metrics"]:
        for i, metric in enumerate(sections.valid["metrics"]):
            yield ("metrics", i, "name"), metric.name
    elif "metric" in sections.valid:
        yield ("metric", "name"), sections.valid["metric"].name
