"""Finds parameters of the best trials at the end of their range, where the space may be too small.

Low and high ends are those of floats and integers, and of categorical parameters whose choices are
all numbers; a parameter of fewer than three values has no ends, as one of two is always at one.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from search.spaces.parameters import CategoricalParameter, FloatParameter, IntParameter, Parameter
from search.studies.trials import Trial
from search.summaries.layout import Grid, Part
from search.text import bound_text

NEAR = 0.02
"""Share of a range (of its logarithm, if that is searched) that counts as its end."""


class EdgeFacts(TypedDict):
    """An end of a parameter's range, which of how many best trials are there, what to do."""

    parameter: str
    end: str
    limit: float
    trials: list[int]
    n_best: int
    suggestion: str


def edge_facts(
    parameters: Mapping[str, Parameter], best: Sequence[Trial], are_front: bool
) -> list[EdgeFacts]:
    """Find parameters at the end of their range.

    Args:
        parameters: Those of the space.
        best: The best trials, best first.
        are_front: Whether they are a Pareto front, of which half must be at an end, and not one
            alone; otherwise it is also enough that the first one is.

    Returns:
        A parameter may be at both ends.
    """
    found = []
    for name, parameter in parameters.items() if best else ():
        having = [trial for trial in best if name in trial.params]
        ends = {trial.number: _end(parameter, trial.params[name]) for trial in having}
        for end in ("low", "high"):
            there = [number for number, at in ends.items() if at == end]
            leads = not are_front and there[:1] == [best[0].number]
            enough = min(2, len(best)) <= len(there) and 2 * len(there) >= len(having)
            if (leads or enough) and not _is_natural(parameter, end):
                found.append(_edge(name, parameter, end, there, len(best)))
    return found


def _edge(name: str, parameter: Parameter, end: str, trials: list[int], n_best: int) -> EdgeFacts:
    limit = _range(parameter)[0 if end == "low" else 1]
    side = "below" if end == "low" else "above"
    return {
        "parameter": name,
        "end": end,
        "limit": limit,
        "trials": trials,
        "n_best": n_best,
        "suggestion": f"allow {name} {side} {bound_text(limit)}",
    }


def _is_natural(parameter: Parameter, end: str) -> bool:
    """Tell whether a range ends where a quantity does: at 0, or at 1 for what is counted."""
    if end == "high" or isinstance(parameter, CategoricalParameter):
        return False
    return parameter.low == 0 or (isinstance(parameter, IntParameter) and parameter.low == 1)


def _end(parameter: Parameter, value: Any) -> str | None:
    """Name the end of its range that a value is at; None for neither."""
    low, high = _range(parameter)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if _n_values(parameter) < 3 or not number or not low <= value <= high:
        return None
    if isinstance(parameter, CategoricalParameter):
        return "low" if value == low else "high" if value == high else None
    place = (value - low) / (high - low)
    if parameter.log:
        place = math.log(value / low) / math.log(high / low)
    return "low" if place <= NEAR else "high" if place >= 1 - NEAR else None


def _range(parameter: Parameter) -> tuple[float, float]:
    if not isinstance(parameter, CategoricalParameter):
        return parameter.low, parameter.high
    numbers = [c for c in parameter.choices if isinstance(c, int | float)]
    return (min(numbers), max(numbers)) if numbers else (0, 0)


def _n_values(parameter: Parameter) -> float:
    """Count the values of a range; 0 where there is none."""
    match parameter:
        case CategoricalParameter(choices=choices):
            numeric = all(isinstance(c, int | float) and not isinstance(c, bool) for c in choices)
            return len(set(choices)) if numeric else 0
        case IntParameter(low=low, high=high, step=step):
            return (high - low) // step + 1
        case FloatParameter(low=low, high=high, step=None):
            return math.inf if high > low else 1
        case FloatParameter(low=low, high=high, step=float(step)):
            return round((high - low) / step) + 1
    raise TypeError(parameter)


def edges_part(edges: Sequence[EdgeFacts]) -> Part | None:
    """Put the edges of the space into words; None if there is none."""
    if not edges:
        return None
    rows = [
        [
            edge["parameter"],
            edge["end"],
            bound_text(edge["limit"]),
            f"{len(edge['trials'])} of {edge['n_best']}",
            ", ".join(map(str, edge["trials"])),
            edge["suggestion"],
        ]
        for edge in edges
    ]
    columns = ["parameter", "end", "at", "best trials", "which", "suggestion"]
    lines = [
        "parameters whose best values lie at an end of their range: the space may be too small"
    ]
    left = ["parameter", "end", "which", "suggestion"]
    return Part("Edges of the space", lines, Grid(columns, rows, left))
