"""Words what pydantic finds wrong with the shape of a space file, each mistake at its place."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from search.spaces.document import KeyPath, Problem
from search.spaces.parameters import PARAMETER_TYPES
from search.spaces.spec import Spec
from search.text import did_you_mean, listing, nearest, shown

_WANTED_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "string_type": "a string",
}


def shape_problems(error: ValidationError) -> Iterator[Problem]:
    """Word the errors of a whole space file; a misspelt key is not missing as well."""
    meant: set[KeyPath] = set()
    for details in sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden"):
        path = details["loc"]
        if path[0] == "parameters" and len(path) > 2:
            path = (*path[:2], *path[3:])  # pydantic puts the type of the parameter between
        if details["type"] == "extra_forbidden":
            valid = _valid_keys(details["loc"])
            meant.add((*path[:-1], nearest(str(path[-1]), valid) or ""))
            yield _unknown_key(path, valid)
        elif details["type"] != "missing":
            yield _worded(path, details)
        elif path == ("metrics",):
            if not meant & {("metric",), ("metrics",)}:
                yield Problem((), _either("none"))
        elif path not in meant:
            yield Problem(path[:-1], f"the key {path[-1]!r} must be given", at_key=True)


def _unknown_key(path: KeyPath, valid: list[str]) -> Problem:
    if path == ("metric",):  # it is known unless there are `metrics`
        return Problem(("metrics",), _either("both"), at_key=True)
    hint = did_you_mean(str(path[-1]), valid)
    return Problem(path, f"unknown key{hint}; valid: {listing(valid)}", at_key=True)


def _either(got: str) -> str:
    return f"exactly one of the keys 'metric' and 'metrics' must be given, got {got}"


def _valid_keys(place: KeyPath) -> list[str]:
    """List the keys of the model that pydantic's path leads into."""
    if len(place) == 1:
        keys = [*Spec.model_fields]
        keys.insert(keys.index("metrics"), "metric")
        return keys
    if place[0] == "parameters":
        return [*PARAMETER_TYPES[str(place[2])].model_fields]
    section: Any = Spec.model_fields[str(place[0])].annotation
    (model,) = get_args(section) or (section,)  # a list of models, or one
    return [*model.model_fields]


def _worded(path: KeyPath, details: ErrorDetails) -> Problem:
    given, context = shown(details["input"]), details.get("ctx", {})
    match details["type"]:
        case "union_tag_not_found":
            text = f"the key 'type' must be given; valid: {listing(PARAMETER_TYPES)}"
            return Problem(path, text, at_key=True)
        case "union_tag_invalid":
            hint = did_you_mean(context["tag"], PARAMETER_TYPES)
            text = f"float, int or categorical must be given, got {context['tag']!r}{hint}"
            return Problem((*path, "type"), text)
        case "literal_error":
            hint = did_you_mean(str(details["input"]), _quoted(context))
            return Problem(path, f"{context['expected']} must be given, got {given}{hint}")
        case "value_error":
            return Problem(path, str(context["error"]))
        case "greater_than":
            return Problem(path, f"a value above {context['gt']:g} must be given, got {given}")
        case "greater_than_equal":
            text = f"a value of at least {context['ge']} must be given, got {given}"
            return Problem(path, text)
        case "too_short":
            noun = str(path[0]).removesuffix("s")
            return Problem(path, f"at least one {noun} must be given", at_key=True)
        case other:
            wanted = _WANTED_TYPES.get(other, details["msg"])
            return Problem(path, f"{wanted} must be given, got {given}")


def _quoted(context: Mapping[str, Any]) -> list[str]:
    return [part.strip(" '") for part in str(context["expected"]).replace(" or ", ",").split(",")]
