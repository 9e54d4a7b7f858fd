"""What must hold of names in constraints that are no parameters: the objective measures them."""

from collections.abc import Iterator

from search.errors import ObjectiveError, SpaceError
from search.objective.loading import objective_problem
from search.objective.probing import Measure, Measured
from search.spaces.expressions import Expression, ExpressionError, parse
from search.spaces.sampling import sample_points
from search.spaces.sections import Problem, Sections, unknown
from search.spaces.space import Params, Space
from search.text import listing

_TRIED_POINTS = 20  # of which one at least must be measurable


def stranger_problems(sections: Sections, *, drawable: bool) -> Iterator[Problem]:
    """Check names in constraints that are no parameters.

    The objective is imported only if there is such a name, and asked about a few points.

    Args:
        sections: What of the file is well-formed.
        drawable: Whether points can be drawn, as nothing is wrong with the parameters.

    Yields:
        Each mistake.
    """
    strange = dict(_strange_constraints(sections))
    if not strange:
        return
    try:
        measure = _find_measure(sections)
        if measure is None:
            yield from _unknown_names(strange, sections, {})
        elif drawable:
            yield from _measured_problems(strange, sections, measure)
    except ObjectiveError as error:
        yield Problem(("objective",), str(error).removeprefix("objective: "))
    except (SpaceError, ExpressionError):
        return  # said elsewhere: of the constraints over parameters alone


def measured_problem(space: Space, point: Params) -> str | None:
    """Check a given point against the constraints over measured names.

    Args:
        space: The space.
        point: Values of parameters; one that leaves some out is not checked.

    Returns:
        What must hold, or None if it does.

    Raises:
        ObjectiveError: If the objective cannot measure it.
    """
    if not space.measured_constraints or not space.is_whole(point) or space.satisfies(point):
        return None
    texts = listing(repr(constraint.text) for constraint in space.measured_constraints)
    return f"the point must be one that the objective can measure and that satisfies {texts}"


def _strange_constraints(sections: Sections) -> Iterator[tuple[int, Expression]]:
    for i, text in enumerate(sections.valid.get("constraints", [])):
        try:
            constraint = parse(text)
        except ExpressionError:
            continue  # said elsewhere
        if not constraint.names <= set(sections.names):
            yield i, constraint


def _find_measure(sections: Sections) -> Measure | None:
    path = sections.valid.get("objective")
    if path is None or objective_problem(path):
        return None  # said elsewhere
    measure = Measure(path, sections.valid.get("settings", {}))
    return measure if measure.exists() else None


def _measured_problems(
    strange: dict[int, Expression], sections: Sections, measure: Measure
) -> Iterator[Problem]:
    space = Space(sections.parameters, sections.valid.get("constraints", []))
    points = sample_points(space, _TRIED_POINTS)
    found = [(point, values) for point in points if (values := measure(point)) is not None]
    if not found:
        text = f"some point must be measurable, none of {_TRIED_POINTS} drawn ones is"
        yield Problem(("constraints", next(iter(strange))), text)
        return
    names = {name: value for _, values in found for name, value in values.items()}
    problems = list(_unknown_names(strange, sections, names))
    yield from problems or _computation_problems(strange, found)


def _computation_problems(
    strange: dict[int, Expression], found: list[tuple[Params, Measured]]
) -> Iterator[Problem]:
    for i, constraint in strange.items():
        try:
            for point, values in found:
                constraint.holds({**values, **point})
        except ExpressionError as error:
            yield Problem(("constraints", i), str(error))


def _unknown_names(
    strange: dict[int, Expression], sections: Sections, measured: Measured
) -> Iterator[Problem]:
    """Name what is neither a parameter nor measured."""
    for i, constraint in strange.items():
        for name in sorted(constraint.names - set(sections.names) - measured.keys()):
            if not measured:
                text = unknown("parameter", name, sections.names)
            else:
                text = unknown("name", name, [*sections.names, *measured])
                text += f"; of these the objective measures {listing(measured)}"
            yield Problem(("constraints", i), text)
