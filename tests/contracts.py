"""Holds what commands print against its schema, more strictly than its readers must."""

import copy
import json
from typing import Any

from jsonschema import Draft202012Validator

from search.api.outputs import schema


def read_strictly(text: str) -> Any:
    """Read JSON as strict parsers do: one document, no NaN, no infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def assert_keeps_to_schema(data: Any, output: str) -> None:
    """Require that data is as the schema of an output says, with no key that it does not name."""
    strict = closed(schema(output))
    Draft202012Validator.check_schema(strict)
    problems = [
        f"{error.json_path}: {error.message:.300}"
        for error in Draft202012Validator(strict).iter_errors(data)
    ]
    assert problems == []


def closed(part: Any) -> Any:
    """Allow objects of a schema no keys beside those that it names, unless it says so itself."""
    if isinstance(part, list):
        return [closed(inner) for inner in part]
    if not isinstance(part, dict):
        return copy.copy(part)
    inside = {key: closed(inner) for key, inner in part.items()}
    if "properties" in part:
        inside.setdefault("additionalProperties", False)
    return inside
