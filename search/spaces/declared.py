"""What must hold between a space file and its objective: settings, parameters and metrics."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from search.columns import metric_name_problem
from search.errors import ObjectiveError
from search.objective.loading import COMMAND
from search.objective.probing import describe, may_describe
from search.objective.source import accepted_settings
from search.spaces.command_line import command_problems
from search.spaces.document import KeyPath, Problem
from search.spaces.spec import Spec
from search.text import unknown

Declared = Mapping[str, Sequence[str]]
"""Names of parameters and of metrics; an objective may leave either out."""


def declared_problems(spec: Spec) -> Iterator[Problem]:
    """Check names against those that the objective takes and reports.

    Of most objectives only the source is read; one that may declare names is asked.
    """
    problems = list(_settings_problems(spec))
    problems += command_problems(spec) if spec.objective == COMMAND else []
    yield from problems
    if problems or not may_describe(spec.objective):
        return
    try:
        declared = _declared_names(spec.objective, spec.settings)
    except ObjectiveError as error:
        yield _settings_problem(str(error).removeprefix("objective: "), spec.settings)
    else:
        yield from _name_problems(declared, spec)


def _settings_problem(text: str, settings: Mapping[str, Any]) -> Problem:
    """Place what an objective says: at the key that it begins with, or at one that it names."""
    key, _, rest = text.partition(": ")
    path = tuple(key.split("."))
    if rest and path[0] in settings:
        return Problem(("settings", *path), rest)
    place = place_in(text, {("settings", name): name for name in settings})
    return Problem(place or ("objective",), text, at_key=place is not None)


def place_in(text: str, names: Mapping[KeyPath, str]) -> KeyPath | None:
    """Find the key of a space file whose name stands first in the text of an error."""
    found = {
        path: match.start()
        for path, name in names.items()
        if (match := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))
    }
    return min(found, key=lambda path: found[path], default=None)


def first_line(error: BaseException) -> str:
    """Write what an objective raised, with its type unless it was raised to be read by people."""
    line = (str(error).strip().splitlines() or ["no message"])[0]
    return line if getattr(error, "fatal", False) else f"{type(error).__name__}: {line}"


def _declared_names(objective: str, settings: Mapping[str, Any]) -> Declared:
    """Ask an objective for the parameters it takes and the metrics it reports."""
    description = describe(objective, settings)
    told = {"parameters": description.parameters(), "metrics": description.metrics()}
    return {key: names for key, names in told.items() if names is not None}


def _settings_problems(spec: Spec) -> Iterator[Problem]:
    accepted = accepted_settings(spec.objective)
    if accepted is None:
        return
    for name in spec.settings.keys() - {*accepted.names, *spec.parameters}:
        if not accepted.others:
            text = unknown("setting of the objective", name, accepted.names)
            yield Problem(("settings", name), text, at_key=True)
    for name in accepted.required:
        if name not in spec.settings:
            text = f"the key {name!r} must be given, {spec.objective} has no default for it"
            yield Problem(("settings",), text, at_key=True)


def _name_problems(declared: Declared, spec: Spec) -> Iterator[Problem]:
    if "parameters" in declared:
        valid = declared["parameters"]
        for name in spec.parameters:
            if name not in valid:
                text = unknown("parameter of the objective", name, valid)
                yield Problem(("parameters", name), text, at_key=True)
    if "metrics" in declared:
        valid = declared["metrics"]
        for problem in filter(None, map(metric_name_problem, valid)):
            yield Problem(("objective",), problem)
        for i, metric in enumerate(spec.metrics):
            if metric.name not in valid:
                text = unknown("metric of the objective", metric.name, valid)
                yield Problem(("metrics", i, "name"), text)
