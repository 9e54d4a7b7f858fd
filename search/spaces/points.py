"""What only points show of a space file: constraints that hold nowhere, bad starting points."""

from collections.abc import Callable, Iterator

from search.errors import ObjectiveError, SpaceError
from search.objective.probing import Measured, describe, point_probe
from search.spaces.declared import first_line, place_in
from search.spaces.document import KeyPath, Problem
from search.spaces.expressions import Expression, ExpressionError
from search.spaces.plugins import is_plugin
from search.spaces.relations import value_problems
from search.spaces.samplers import SAMPLERS
from search.spaces.sampling import sample_points
from search.spaces.space import MAX_LISTED, Params, Space
from search.spaces.spec import Spec
from search.text import listing, shown, unknown

_COMPUTED_POINTS = 50  # on which a constraint over parameters must be computable
_MEASURED_POINTS = 20  # of which one at least must be measurable
_PROBED_POINTS = 3


def space_problems(spec: Spec, space: Space) -> list[Problem]:
    """Find what is wrong with constraints and starting points.

    Args:
        spec: A search in which nothing is wrong between keys.
        space: Its space.

    Returns:
        The mistakes that the first check to find any found: each takes for granted what those
        before it have looked at.
    """
    checks: tuple[Callable[[Spec, Space], Iterator[Problem]], ...] = (
        _computation_problems,
        _measure_problems,
        _start_problems,
        _feasibility_problems,
    )
    try:
        return next(filter(None, (list(check(spec, space)) for check in checks)), [])
    except SpaceError as error:  # no point could be drawn
        return [Problem(("constraints",), str(error).removeprefix("constraints: "))]
    except ObjectiveError as error:
        return [Problem(("objective",), str(error).removeprefix("objective: "))]


def point_problems(space: Space, point: Params) -> list[Problem]:
    """Find what is wrong with a point that is to be tried, which may leave parameters out.

    Args:
        space: What it is to lie in; an objective that cannot measure it is an `ObjectiveError`.
        point: The point.

    Returns:
        Each mistake, at a parameter or, where it is about several, at no place.
    """
    problems = list(value_problems(space.parameters, point))
    return problems or list(_binding_problems(space, point))


def _binding_problems(space: Space, point: Params) -> Iterator[Problem]:
    """Check a point whose values are right each for itself."""
    names = point.keys()
    for name in names:
        if space.parameters[name].when.keys() <= names and not space.exists(name, point):
            yield Problem((name,), "must be left out, as its 'when' does not hold here", True)
    broken = [c for c in space.constraints if c.names <= names and not c.holds(point)]
    for constraint in broken:
        got = listing(f"{name}={shown(point[name])}" for name in sorted(constraint.names))
        yield Problem((), f"the constraint {constraint.text!r} must hold, got {got}")
    if broken or not space.measured_constraints or not space.is_whole(point):
        return
    if not space.satisfies(point):
        texts = listing(repr(constraint.text) for constraint in space.measured_constraints)
        text = f"the point must be one that the objective can measure and that satisfies {texts}"
        yield Problem((), text)


def _computation_problems(spec: Spec, space: Space) -> Iterator[Problem]:
    """Find constraints that some points do not suit, as a string compared with a number."""
    if space.constraints:
        points = sample_points(space.bound_by([]), _COMPUTED_POINTS)
        yield from _incomputable(spec, space.constraints, points)


def _incomputable(
    spec: Spec, constraints: list[Expression], points: list[dict[str, object]] | list[Params]
) -> Iterator[Problem]:
    for constraint in constraints:
        try:
            for point in points:
                constraint.holds(point)
        except ExpressionError as error:
            yield Problem(("constraints", spec.constraints.index(constraint.text)), str(error))


def _measure_problems(spec: Spec, space: Space) -> Iterator[Problem]:
    """Check the names in constraints that are no parameters: the objective measures them."""
    strange, measure = space.measured_constraints, space.measure
    if not strange or measure is None:
        return
    points = sample_points(space.bound_by(space.constraints), _MEASURED_POINTS)
    measured = [(point, values) for point in points if (values := measure(point)) is not None]
    if not measured:
        place = ("constraints", spec.constraints.index(strange[0].text))
        text = f"some point must be measurable, none of {_MEASURED_POINTS} sampled ones is"
        yield Problem(place, text)
        return
    names = {name: value for _, values in measured for name, value in values.items()}
    problems = list(_unmeasured(spec, strange, names))
    yield from problems or _incomputable(
        spec, strange, [{**values, **point} for point, values in measured]
    )


def _unmeasured(spec: Spec, strange: list[Expression], measured: Measured) -> Iterator[Problem]:
    for constraint in strange:
        for name in sorted(constraint.names - spec.parameters.keys() - measured.keys()):
            text = unknown("name", name, [*spec.parameters, *measured])
            place = ("constraints", spec.constraints.index(constraint.text))
            yield Problem(place, f"{text}; of these the objective measures {listing(measured)}")


def _start_problems(spec: Spec, space: Space) -> Iterator[Problem]:
    for i, point in enumerate(spec.start_from):
        for problem in point_problems(space, point):
            yield problem._replace(path=("start_from", i, *problem.path))


def _feasibility_problems(spec: Spec, space: Space) -> Iterator[Problem]:
    """Make sure that there is a point to try."""
    sample_points(space, 1)
    if is_plugin(spec.sampler.name) or not SAMPLERS[spec.sampler.name].lists:
        return
    values = spec.sampler.options.get("values")
    if not space.is_listable(values):
        text = f"{spec.sampler.name} lists every point; at most {MAX_LISTED:,} must be there"
        yield Problem(("sampler", "name"), f"{text} before constraints, got more")
    elif values and next(space.points(values), None) is None:
        text = "some of the listed points must satisfy the constraints, none does"
        yield Problem(("sampler", "values"), text)


def probing_problems(spec: Spec, space: Space) -> Iterator[Problem]:
    """Have an objective that declares no names measure or describe a few points.

    Args:
        spec: A search in which nothing else is wrong.
        space: Its space.

    Yields:
        The first mistake of all points.
    """
    try:
        if describe(spec.objective, spec.settings).parameters() is not None:
            return  # it was asked
        probe = point_probe(spec.objective, spec.settings)
    except ObjectiveError:
        return  # an objective that cannot be imported here may be where trials run
    if probe is None:
        return
    name, ask = probe
    keys: dict[KeyPath, str] = {("parameters", key): key for key in space.parameters}
    keys |= {("settings", key): key for key in spec.settings}
    given = [point for point in spec.start_from if space.is_whole(point)]
    for point in [*given, *sample_points(space, _PROBED_POINTS, spec.sampler.seed)]:
        try:
            ask(dict(point))
        except (Exception, SystemExit) as error:  # noqa: BLE001  it is the user's code
            if getattr(error, "infeasible", False):
                continue
            reason = first_line(error)
            values = listing(f"{key}={shown(value)}" for key, value in point.items())
            place = place_in(reason, keys)
            text = f"{spec.objective}.{name} must take this point, got {reason}, at {values}"
            yield Problem(place or ("objective",), text, at_key=place is not None)
            return
