"""What must hold between the keys of a space file, as far as no point is needed to tell.

What needs one is checked after this, in `points`.
"""

import graphlib
import keyword
from collections.abc import Iterator, Mapping, Sequence

from search.columns import metric_name_problem
from search.errors import ObjectiveError
from search.objective.loading import objective_problem
from search.objective.probing import Measure
from search.spaces import expressions
from search.spaces.declared import declared_problems
from search.spaces.document import Problem
from search.spaces.limits import limit_problems
from search.spaces.parameters import Parameter, Scalar, valid_values, wanted_values
from search.spaces.plugins import is_plugin, plugin_problem
from search.spaces.pruners import PRUNERS, PrunerKind, pruner_problems
from search.spaces.samplers import SAMPLERS, SamplerKind, sampler_kind, sampler_problems
from search.spaces.space import condition_order, distribution_of, finite_values, holds_value
from search.spaces.spec import TRACKER_NAMES, MetricSpec, Spec
from search.text import listing, shown, unknown

_RESERVED = {"true", "false", *expressions.FUNCTIONS}


def relation_problems(spec: Spec, *, ask: bool = True) -> Iterator[Problem]:
    """Find every mistake between keys.

    Args:
        spec: A search whose keys are right each for itself.
        ask: Whether what the file names may be looked for and imported: objective and plug-ins.

    Yields:
        Each mistake. Once there is none, its space can be built.
    """
    too_much = list(limit_problems(spec))
    yield from too_much
    if too_much:
        return
    yield from _metric_problems(spec.metrics)
    if spec.budget.trials is None and spec.budget.time is None:
        yield Problem(("budget",), "trials, time or both must be given")
    if spec.budget.until and len(spec.metrics) > 1:
        text = f"{spec.budget.until} needs one metric, got {len(spec.metrics)}"
        yield Problem(("budget", "until"), text)
    if ask or not is_plugin(spec.sampler.name):
        yield from _sampler_problems(spec)
    if ask or not is_plugin(spec.pruner.name):
        yield from _pruner_problems(spec)
    yield from _settings_problems(spec)
    yield from _tracker_problems(spec.trackers, ask)
    yield from _parameter_problems(spec.parameters)
    yield from _condition_problems(spec.parameters)
    yield from _constraint_problems(spec, ask)
    for i, point in enumerate(spec.start_from):
        for problem in value_problems(spec.parameters, point):
            yield problem._replace(path=("start_from", i, *problem.path))
    if not ask:
        return
    problem_text = objective_problem(spec.objective)
    if problem_text:
        yield Problem(("objective",), problem_text)
    else:
        yield from declared_problems(spec)


def value_problems(
    parameters: Mapping[str, Parameter], point: Mapping[str, Scalar]
) -> Iterator[Problem]:
    """Find names in a point that are no parameters, and values outside their ranges."""
    for name, value in point.items():
        if name not in parameters:
            yield Problem((name,), unknown("parameter", name, parameters), at_key=True)
        elif not holds_value(distribution_of(parameters[name]), value):
            yield Problem((name,), _outside(value, parameters[name]))


def _metric_problems(metrics: Sequence[MetricSpec]) -> Iterator[Problem]:
    names = [metric.name for metric in metrics]
    for i, metric in enumerate(metrics):
        problem = metric_name_problem(metric.name)
        if problem:
            yield Problem(("metrics", i, "name"), problem)
        if metric.name in names[:i]:
            text = f"names must differ, got {metric.name!r} twice"
            yield Problem(("metrics", i, "name"), text)
        if "reduce" in metric.model_fields_set and metric.reduce != metrics[0].reduce:
            text = (
                "reduce must be that of the first metric, which decides for all which epoch of a "
                f"trial counts, got {metric.reduce}, {names[0]} has {metrics[0].reduce}"
            )
            yield Problem(("metrics", i, "reduce"), text)


def _sampler_problems(spec: Spec) -> Iterator[Problem]:
    name, options = spec.sampler.name, spec.sampler.options
    if not is_plugin(name) and name not in SAMPLERS:
        yield Problem(("sampler", "name"), _unknown_kind("sampler", name, SAMPLERS))
        return
    problems = list(sampler_problems(name, options))
    yield from problems
    if problems:
        return
    kind = sampler_kind(name)
    if not kind.several and len(spec.metrics) > 1:
        able = listing(other for other, kind in SAMPLERS.items() if kind.several)
        text = f"{name} can optimise one metric only; valid for several: {able}"
        yield Problem(("sampler", "name"), text)
    if kind.lists:
        yield from _listing_problems(spec)


def _listing_problems(spec: Spec) -> Iterator[Problem]:
    """Check a sampler that needs a finite space."""
    values = spec.sampler.options.get("values", {})
    if not isinstance(values, Mapping):
        text = f"a list of values per parameter must be given, got {shown(values)}"
        yield Problem(("sampler", "values"), text)
        return
    for name, points in values.items():
        yield from _axis_problems(name, points, spec.parameters)
    continuous = [
        name
        for name, parameter in spec.parameters.items()
        if name not in values and not finite_values(distribution_of(parameter))
    ]
    if continuous and values.keys() <= spec.parameters.keys():
        name = spec.sampler.name
        or_values = ", or its points under sampler.values" if name == "grid" else ""
        text = f"{name} needs a finite space; give each of these a step{or_values}: "
        yield Problem(("sampler", "name"), text + listing(continuous))


def _axis_problems(
    name: str, points: object, parameters: Mapping[str, Parameter]
) -> Iterator[Problem]:
    place = ("sampler", "values", name)
    if name not in parameters:
        yield Problem(place, unknown("parameter", name, parameters), at_key=True)
    elif not isinstance(points, list) or not points:
        yield Problem(place, f"a list of values must be given, got {shown(points)}")
    else:
        for value in points:
            if not holds_value(distribution_of(parameters[name]), value):
                yield Problem(place, _never(name, value, parameters[name]))


def _pruner_problems(spec: Spec) -> Iterator[Problem]:
    pruner, epochs = spec.pruner, spec.epochs
    if not is_plugin(pruner.name) and pruner.name not in PRUNERS:
        yield Problem(("pruner", "name"), _unknown_kind("pruner", pruner.name, PRUNERS))
        return
    yield from pruner_problems(pruner.name, pruner.options)
    if pruner.name != "none" and epochs and pruner.min_epochs > epochs >= 1:
        got = f"min_epochs={pruner.min_epochs}, epochs={epochs}"
        text = f"min_epochs <= settings.epochs must hold, got {got}"
        yield Problem(("pruner", "min_epochs"), text)


def _unknown_kind(
    noun: str, name: str, table: Mapping[str, SamplerKind] | Mapping[str, PrunerKind]
) -> str:
    letters = "".join(character for character in name.lower() if character.isalnum())
    return unknown(noun, name, table, [n for n, kind in table.items() if letters in kind.also])


def _settings_problems(spec: Spec) -> Iterator[Problem]:
    epochs = spec.settings.get("epochs")
    if isinstance(epochs, int | float) and epochs < 1:
        yield Problem(("settings", "epochs"), f"epochs >= 1 must hold, got epochs={epochs}")
    for name in spec.settings.keys() & spec.parameters.keys():
        text = "a setting must not also be a parameter; give it in one of the two"
        yield Problem(("settings", name), text, at_key=True)


def _tracker_problems(trackers: Sequence[str], ask: bool) -> Iterator[Problem]:
    for i, name in enumerate(trackers):
        if name in trackers[:i]:
            yield Problem(("trackers", i), f"names must differ, got {name!r} twice")
        elif is_plugin(name):
            text = plugin_problem(name) if ask else None
            if text:
                yield Problem(("trackers", i), text)
        elif name not in TRACKER_NAMES:
            yield Problem(("trackers", i), unknown("tracker", name, TRACKER_NAMES))


def _parameter_problems(parameters: Mapping[str, Parameter]) -> Iterator[Problem]:
    for name, parameter in parameters.items():
        if keyword.iskeyword(name) or name in _RESERVED:
            text = f"a parameter's name must not be a word of the constraints, got {name!r}"
            yield Problem(("parameters", name), text, at_key=True)
        elif not (name.isidentifier() and name.isascii()):
            text = "a parameter's name must be letters, digits and '_' and not start with a digit"
            yield Problem(("parameters", name), f"{text}, got {name!r}", at_key=True)
        if "default" in parameter.model_fields_set:
            default = parameter.default
            if not holds_value(distribution_of(parameter), default):
                yield Problem(("parameters", name, "default"), _outside(default, parameter))


def _condition_problems(parameters: Mapping[str, Parameter]) -> Iterator[Problem]:
    for name, parameter in parameters.items():
        for parent, wanted in parameter.when.items():
            place = ("parameters", name, "when", parent)
            if parent not in parameters:
                yield Problem(place, unknown("parameter", parent, parameters), at_key=True)
            elif not wanted_values(wanted):
                yield Problem(place, "at least one value must be given, got []")
            else:
                for value in wanted_values(wanted):
                    if not holds_value(distribution_of(parameters[parent]), value):
                        yield Problem(place, _never(parent, value, parameters[parent]))
    try:
        condition_order(parameters)
    except graphlib.CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        text = f"conditions must not form a circle, got {circle}"
        yield Problem(("parameters", error.args[1][0], "when"), text)


def _constraint_problems(spec: Spec, ask: bool) -> Iterator[Problem]:
    strange = {}
    for i, text in enumerate(spec.constraints):
        try:
            names = expressions.parse(text).names - spec.parameters.keys()
        except expressions.ExpressionError as error:
            yield Problem(("constraints", i), f"{error}, got {text!r:.200}")
        else:
            strange[i] = sorted(names)
    try:
        if not any(strange.values()) or not ask or _is_measurable(spec):
            return
    except ObjectiveError as error:
        yield Problem(("objective",), str(error).removeprefix("objective: "))
        return
    for i, unknown_names in strange.items():
        for name in unknown_names:
            yield Problem(("constraints", i), unknown("parameter", name, spec.parameters))


def _is_measurable(spec: Spec) -> bool:
    """Tell whether the objective measures points; it is imported to tell."""
    return not objective_problem(spec.objective) and (
        Measure(spec.objective, spec.settings).exists()
    )


def _outside(value: Scalar, parameter: Parameter) -> str:
    return f"a value in the space must be given, got {shown(value)}; {valid_values(parameter)}"


def _never(name: str, value: Scalar, parameter: Parameter) -> str:
    return f"{name} can never be {shown(value)}; {valid_values(parameter)}"
