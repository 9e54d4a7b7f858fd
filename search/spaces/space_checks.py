"""What must hold of parameters, their conditions, constraints and starting points.

Each check looks at what is well-formed by itself, so that no mistake hides another.
"""

import graphlib
import keyword
from collections.abc import Iterator, Mapping

from search.spaces import expressions
from search.spaces.measure_checks import stranger_problems
from search.spaces.parameters import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Scalar,
)
from search.spaces.sampling import sample_points
from search.spaces.sections import Problem, Sections, unknown, valid_values
from search.spaces.space import (
    Space,
    condition_order,
    distribution,
    holds_value,
    step_fits,
    wanted_values,
)
from search.spaces.spec import Spec
from search.text import listing, shown

_RESERVED = {"true", "false", *expressions.FUNCTIONS}
_TRIED_POINTS = 50  # on which a constraint must be computable


def parameter_problems(sections: Sections, *, askable: bool) -> Iterator[Problem]:
    """Check parameters, conditions, constraints and starting points.

    Args:
        sections: What of the file is well-formed.
        askable: Whether the objective can be asked about points, as it takes these parameters.

    Yields:
        Each mistake.
    """
    broken: set[str] = set()
    for name, parameter in sections.parameters.items():
        for text in _range_problems(parameter):
            broken.add(name)
            yield Problem(("parameters", name), text)
    sound = {n: p for n, p in sections.parameters.items() if n not in broken}
    all_sound = sound.keys() == set(sections.names)
    yield from _default_problems(sound)
    yield from _name_problems(sections)
    bonds = [*_condition_problems(sections, sound), *_syntax_problems(sections)]
    bonds += stranger_problems(sections, drawable=askable and all_sound and not bonds)
    if not bonds and all_sound:
        bonds = list(_computation_problems(sections))
    yield from bonds
    yield from _start_value_problems(sections, sound)
    if not bonds and all_sound:
        yield from _start_point_problems(sections)


def point_problems(spec: Spec, point: dict[str, Scalar]) -> Iterator[str]:
    """Check a point that is to be tried.

    Args:
        spec: A valid search.
        point: Values of some parameters.

    Yields:
        Each mistake.
    """
    valid = {"start_from": [point], "constraints": spec.constraints}
    sections = Sections(valid, spec.parameters, spec.parameters.keys())
    problems = [
        *_start_value_problems(sections, spec.parameters),
        *_start_point_problems(sections),
    ]
    for problem in problems:
        name = problem.path[-1]
        yield f"{name}: {problem.text}" if isinstance(name, str) else problem.text


def _range_problems(parameter: Parameter) -> Iterator[str]:
    match parameter:
        case CategoricalParameter(choices=choices):
            if not choices:
                yield "choices must hold at least one value, got []"
            repeated = [c for i, c in enumerate(choices) if _occurs(c, choices[:i])]
            if repeated:
                yield f"choices must differ, got {shown(repeated[0])} twice"
        case FloatParameter() | IntParameter():
            low, high, step = parameter.low, parameter.high, parameter.step
            if low > high:
                yield f"low <= high must hold, got low={low}, high={high}"
            if parameter.log and low <= 0:
                yield f"low > 0 must hold for log: true, got low={low}"
            if parameter.log and step not in (None, 1):
                yield f"log: true and a step exclude each other, got step={step}"
            elif step and low <= high and not step_fits(high - low, step):
                yield f"step must divide high - low, got low={low}, high={high}, step={step}"


def _default_problems(sound: Mapping[str, Parameter]) -> Iterator[Problem]:
    for name, parameter in sound.items():
        given = "default" in parameter.model_fields_set
        if given and not holds_value(distribution(parameter), parameter.default):
            text = f"a value in the space must be given, got {shown(parameter.default)}; "
            yield Problem(("parameters", name, "default"), text + valid_values(parameter))


def _name_problems(sections: Sections) -> Iterator[Problem]:
    for name in sections.names:
        if keyword.iskeyword(name) or name in _RESERVED:
            text = f"a parameter's name must not be a word of the constraints, got {name!r}"
            yield Problem(("parameters", name), text, at_key=True)
        elif not (name.isidentifier() and name.isascii()):
            text = "a parameter's name must be letters, digits and '_' and not start with a digit"
            yield Problem(("parameters", name), f"{text}, got {name!r}", at_key=True)


def _condition_problems(sections: Sections, sound: Mapping[str, Parameter]) -> Iterator[Problem]:
    for name, parameter in sections.parameters.items():
        for parent, wanted in parameter.when.items():
            place = ("parameters", name, "when", parent)
            if parent not in sections.names:
                yield Problem(place, unknown("parameter", parent, sections.names), at_key=True)
            elif not wanted_values(wanted):
                yield Problem(place, "at least one value must be given, got []")
            elif parent in sound:
                for value in wanted_values(wanted):
                    if not holds_value(distribution(sound[parent]), value):
                        text = f"{parent} can never be {shown(value)}; "
                        yield Problem(place, text + valid_values(sound[parent]))
    try:
        condition_order(sections.parameters)
    except graphlib.CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        text = f"conditions must not form a circle, got {circle}"
        yield Problem(("parameters", error.args[1][0], "when"), text)


def _syntax_problems(sections: Sections) -> Iterator[Problem]:
    for i, text in enumerate(sections.valid.get("constraints", [])):
        try:
            expressions.parse(text)
        except expressions.ExpressionError as error:
            yield Problem(("constraints", i), f"{error}, got {text!r:.200}")


def _computation_problems(sections: Sections) -> Iterator[Problem]:
    """Find constraints that some points do not suit, as a string compared with a number."""
    points = sample_points(Space(sections.parameters, []), _TRIED_POINTS)
    for i, text in enumerate(sections.valid.get("constraints", [])):
        constraint = expressions.parse(text)
        try:
            for point in points:
                constraint.holds(point)
        except expressions.ExpressionError as error:
            yield Problem(("constraints", i), str(error))


def _start_value_problems(sections: Sections, sound: Mapping[str, Parameter]) -> Iterator[Problem]:
    for i, point in enumerate(sections.valid.get("start_from", [])):
        for name, value in point.items():
            place = ("start_from", i, name)
            if name not in sections.names:
                yield Problem(place, unknown("parameter", name, sections.names), at_key=True)
            elif name in sound and not holds_value(distribution(sound[name]), value):
                text = f"a value in the space must be given, got {shown(value)}; "
                yield Problem(place, text + valid_values(sound[name]))


def _start_point_problems(sections: Sections) -> Iterator[Problem]:
    """Check starting points, whose values may be wrong, against conditions and constraints."""
    space = Space(sections.parameters, sections.valid.get("constraints", []))
    for i, point in enumerate(sections.valid.get("start_from", [])):
        known = {n: v for n, v in point.items() if n in space.parameters}
        if known != point or any(not holds_value(space.distributions[n], known[n]) for n in known):
            continue
        for name in known:
            parents = space.parameters[name].when
            if parents.keys() <= known.keys() and not space.exists(name, known):
                text = "must be left out, as its 'when' does not hold here"
                yield Problem(("start_from", i, name), text, at_key=True)
        for constraint in space.constraints:
            if constraint.names <= known.keys() and not constraint.holds(known):
                got = listing(f"{name}={shown(known[name])}" for name in sorted(constraint.names))
                text = f"the constraint {constraint.text!r} must hold, got {got}"
                yield Problem(("start_from", i), text)


def _occurs(value: Scalar, group: list[Scalar]) -> bool:
    return any(
        value == item and isinstance(value, bool) == isinstance(item, bool) for item in group
    )
