"""How large a space may be: what is beyond would take long, or not work as it says.

Only a file that is to be run is held to these; a study that exists is opened as it is. What a text
may hold at all is a matter of `search.spaces.document`.
"""

from collections.abc import Iterator

from search.spaces.document import Problem
from search.spaces.parameters import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    wanted_values,
)
from search.spaces.spec import Spec

MAX_PARAMETERS = 100
"""A thousand points, as are drawn before a space counts as infeasible, take a second then."""
MAX_CHOICES = 1_000
"""Of a parameter, or of a condition. Every trial is recorded with all of them, and samplers that
learn give each a column, in which they look up the others."""
MAX_CHARACTERS = 5_000
"""Of all constraints: a thousand points are held to them before a space counts as infeasible."""
LARGEST = 2**53
"""Whole numbers beyond it floats do not tell apart, and so neither do samplers and databases."""
MAX_STEPS = 1_000_000
"""In the range of a float: beyond it rounding hides which step a value is on."""


def limit_problems(spec: Spec) -> Iterator[Problem]:
    """Find what of a space is too much; the costlier checks take for granted that nothing is."""
    n_parameters, n_characters = len(spec.parameters), sum(map(len, spec.constraints))
    if n_parameters > MAX_PARAMETERS:
        yield Problem(("parameters",), _at_most(MAX_PARAMETERS, "parameters", n_parameters))
        return
    if n_characters > MAX_CHARACTERS:
        text = _at_most(MAX_CHARACTERS, "characters", n_characters)
        yield Problem(("constraints",), text)
    for name, parameter in spec.parameters.items():
        for problem in _parameter_problems(parameter):
            yield problem._replace(path=("parameters", name, *problem.path))


def _parameter_problems(parameter: Parameter) -> Iterator[Problem]:
    for name, wanted in parameter.when.items():
        if (n := len(wanted_values(wanted))) > MAX_CHOICES:
            yield Problem(("when", name), _at_most(MAX_CHOICES, "values", n))
    match parameter:
        case CategoricalParameter(choices=choices) if len(choices) > MAX_CHOICES:
            yield Problem(("choices",), _at_most(MAX_CHOICES, "choices", len(choices)))
        case IntParameter(low=low, high=high):
            for key, value in (("low", low), ("high", high)):
                if abs(value) > LARGEST:
                    text = f"a whole number from -{LARGEST} to {LARGEST} must be given"
                    yield Problem((key,), f"{text}, got {value}")
        case FloatParameter(low=low, high=high, step=float(step)):
            if high - low > MAX_STEPS * step:
                got = f"low={low}, high={high}, step={step}"
                yield Problem(("step",), f"high - low <= {MAX_STEPS:,} steps must hold, got {got}")


def _at_most(limit: int, noun: str, got: int) -> str:
    return f"at most {limit:,} {noun} must be given, got {got:,}"
