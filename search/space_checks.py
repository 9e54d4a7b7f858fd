"""What must hold within and between the sections of a space file.

Each check looks at the sections that are well-formed by themselves and yields, for each
mistake, its key path and what must hold.
"""

import graphlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from search import expressions
from search.document import KeyPath
from search.errors import did_you_mean, listing
from search.objective import objective_problem
from search.pruners import PRUNERS, pruner_problems
from search.samplers import SAMPLERS, sampler_problems
from search.space import (
    Space,
    condition_order,
    distribution,
    holds_value,
    step_fits,
    wanted_values,
)
from search.spec import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    PrunerSpec,
    SamplerSpec,
    Scalar,
)

Problem = tuple[KeyPath, str]


@dataclass
class Sections:
    """The parts of a space file that are well-formed by themselves.

    Args:
        valid: The sections by key.
        parameters: The well-formed parameters, also where others are not.
        names: The names of all parameters, well-formed or not.
    """

    valid: Mapping[str, Any]
    parameters: dict[str, Parameter]
    names: Collection[str]


def problems_between(sections: Sections) -> Iterator[Problem]:
    """Run every check.

    Args:
        sections: What of the file is well-formed.

    Yields:
        Key path and text of each mistake.
    """
    broken: set[str] = set()
    for name, parameter in sections.parameters.items():
        for problem in _range_problems(parameter):
            broken.add(name)
            yield ("parameters", name), problem
    sound = {n: p for n, p in sections.parameters.items() if n not in broken}
    yield from _condition_problems(sections, sound)
    yield from _constraint_problems(sections)
    yield from _start_problems(sections, sound)
    yield from _sampler_problems(sections, sound)
    yield from _pruner_problems(sections)
    yield from _settings_problems(sections)
    yield from _budget_problems(sections)
    objective = sections.valid.get("objective")
    if objective is not None and (text := objective_problem(objective)):
        yield ("objective",), text


def _range_problems(parameter: Parameter) -> Iterator[str]:
    match parameter:
        case CategoricalParameter(choices=choices):
            if not choices:
                yield "choices must hold at least one value, got []"
            repeated = [c for i, c in enumerate(choices) if _occurs(c, choices[:i])]
            if repeated:
                yield f"choices must differ, got {repeated[0]!r} twice"
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


def _condition_problems(sections: Sections, sound: Mapping[str, Parameter]) -> Iterator[Problem]:
    for name, parameter in sections.parameters.items():
        for parent, wanted in parameter.when.items():
            place = ("parameters", name, "when", parent)
            if parent not in sections.names:
                yield place, _unknown("parameter", parent, sections.names)
            elif parent in sound:
                for value in wanted_values(wanted):
                    if not holds_value(distribution(sound[parent]), value):
                        yield (
                            place,
                            f"{parent} can never be {value!r}; {_range_text(sound[parent])}",
                        )
    try:
        condition_order(sections.parameters)
    except graphlib.CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        name = error.args[1][0]
        yield ("parameters", name, "when"), f"conditions must not form a circle, got {circle}"


def _constraint_problems(sections: Sections) -> Iterator[Problem]:
    for i, text in enumerate(sections.valid.get("constraints", [])):
        try:
            unknown = sorted(expressions.parse(text).names - set(sections.names))
        except expressions.ExpressionError as error:
            yield ("constraints", i), f"{error}, got {text!r}"
            continue
        for name in unknown:
            yield ("constraints", i), _unknown("parameter", name, sections.names)


def _start_problems(sections: Sections, sound: Mapping[str, Parameter]) -> Iterator[Problem]:
    for i, point in enumerate(sections.valid.get("start_from", [])):
        wrong = False
        for name, value in point.items():
            text = ""
            if name not in sections.names:
                text = _unknown("parameter", name, sections.names)
            elif name in sound and not holds_value(distribution(sound[name]), value):
                text = f"a value in the space must be given, got {value!r}; "
                text += _range_text(sound[name])
            if text:
                wrong = True
                yield ("start_from", i, name), text
        if not wrong and sound.keys() == set(sections.names):
            yield from _start_fits(i, point, sections)


def _start_fits(i: int, point: Mapping[str, Scalar], sections: Sections) -> Iterator[Problem]:
    """Check a starting point, sound by itself, against conditions and constraints."""
    try:
        space = Space(sections.parameters, sections.valid.get("constraints", []))
    except (expressions.ExpressionError, graphlib.CycleError):
        return
    for name in point:
        parents = space.parameters[name].when
        if parents.keys() <= point.keys() and not space.exists(name, point):
            yield ("start_from", i, name), f"{name} does not exist in this point; see its 'when'"
    for constraint in space.constraints:
        if constraint.names <= point.keys() and not constraint.holds(point):
            yield ("start_from", i), f"the constraint {constraint.text!r} must hold, it does not"


def _sampler_problems(sections: Sections, sound: Mapping[str, Parameter]) -> Iterator[Problem]:
    sampler = sections.valid.get("sampler")
    if not isinstance(sampler, SamplerSpec):
        return
    if sampler.name not in SAMPLERS:
        yield ("sampler", "name"), _unknown("sampler", sampler.name, SAMPLERS)
        return
    for option, text in sampler_problems(sampler.name, sampler.options):
        yield ("sampler", option) if option else ("sampler",), text
    if SAMPLERS[sampler.name].build is None:
        yield from _listing_problems(sampler, sound)


def _listing_problems(sampler: SamplerSpec, sound: Mapping[str, Parameter]) -> Iterator[Problem]:
    values = sampler.options.get("values", {})
    if not isinstance(values, Mapping):
        yield (
            ("sampler", "values"),
            f"a list of values per parameter must be given, got {values!r}",
        )
        return
    for name, points in values.items():
        place = ("sampler", "values", name)
        if name not in sound:
            yield place, _unknown("parameter", name, sound)
        elif not isinstance(points, list) or not points:
            yield place, f"a list of values must be given, got {points!r}"
        else:
            for value in points:
                if not holds_value(distribution(sound[name]), value):
                    yield place, f"{name} can never be {value!r}; {_range_text(sound[name])}"
    space = Space(_without_conditions(sound), [])
    continuous = [name for name in space.continuous() if name not in values]
    if continuous:
        or_values = ", or its points under sampler.values" if sampler.name == "grid" else ""
        yield (
            ("sampler", "name"),
            f"{sampler.name} needs a finite space; give each of these a step{or_values}: "
            f"{listing(continuous)}",
        )


def _without_conditions(parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Drop conditions, which do not matter for the values of a single parameter."""
    return {name: p.model_copy(update={"when": {}}) for name, p in parameters.items()}


def _pruner_problems(sections: Sections) -> Iterator[Problem]:
    pruner = sections.valid.get("pruner")
    if not isinstance(pruner, PrunerSpec):
        return
    if pruner.name not in PRUNERS:
        yield ("pruner", "name"), _unknown("pruner", pruner.name, PRUNERS)
        return
    for option, text in pruner_problems(pruner.name, pruner.options):
        yield ("pruner", option) if option else ("pruner",), text
    epochs = sections.valid.get("settings", {}).get("epochs")
    if isinstance(epochs, int) and pruner.min_epochs > epochs >= 1:
        yield (
            ("pruner", "min_epochs"),
            f"min_epochs <= settings.epochs must hold, got min_epochs={pruner.min_epochs}, "
            f"epochs={epochs}",
        )


def _settings_problems(sections: Sections) -> Iterator[Problem]:
    settings = sections.valid.get("settings", {})
    epochs = settings.get("epochs")
    if isinstance(epochs, int | float) and epochs < 1:
        yield ("settings", "epochs"), f"epochs >= 1 must hold, got epochs={epochs}"
    for name in settings.keys() & sections.parameters.keys():
        yield ("settings", name), f"{name} must be a setting or a parameter, got both"


def _budget_problems(sections: Sections) -> Iterator[Problem]:
    budget = sections.valid.get("budget")
    if budget and budget.trials is None and budget.time is None:
        yield ("budget",), "trials, time or both must be given"


def _unknown(noun: str, name: str, valid: Collection[str]) -> str:
    return f"unknown {noun} {name!r}{did_you_mean(name, valid)}; valid: {listing(valid)}"


def _range_text(parameter: Parameter) -> str:
    if isinstance(parameter, CategoricalParameter):
        return f"valid: {listing(map(repr, parameter.choices))}"
    step = f" in steps of {parameter.step}" if parameter.step not in (None, 1) else ""
    return f"valid: {parameter.type} from {parameter.low} to {parameter.high}{step}"


def _occurs(value: Scalar, group: list[Scalar]) -> bool:
    return any(value == item and type(value) is type(item) for item in group)
