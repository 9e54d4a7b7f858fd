"""Asks an objective that declares no names about a few points, before a trial fails of them."""

from collections.abc import Iterator

from search.errors import ObjectiveError
from search.objective.probing import describe, point_probe
from search.spaces.declared_checks import place_in, worded_error
from search.spaces.document import KeyPath
from search.spaces.sampling import sample_points
from search.spaces.sections import Problem
from search.spaces.space import Space
from search.spaces.spec import Spec
from search.text import listing, shown

_DRAWN_POINTS = 3


def probing_problems(spec: Spec) -> Iterator[Problem]:
    """Have the whole points of `start_from` and a few drawn ones measured or described.

    Args:
        spec: A valid search.

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
    space = Space.of(spec)
    keys: dict[KeyPath, str] = {("parameters", key): key for key in space.parameters}
    keys |= {("settings", key): key for key in spec.settings}
    given = [point for point in spec.start_from if space.is_whole(point)]
    for point in [*given, *sample_points(space, _DRAWN_POINTS, spec.sampler.seed)]:
        try:
            ask(dict(point))
        except Exception as error:  # noqa: BLE001  it is the user's code
            if getattr(error, "infeasible", False):
                continue
            reason = worded_error(error)
            values = listing(f"{key}={shown(value)}" for key, value in point.items())
            place = place_in(reason, keys)
            text = f"{spec.objective}.{name} must take this point, got {reason}, at {values}"
            yield Problem(place or ("objective",), text, at_key=place is not None)
            return
