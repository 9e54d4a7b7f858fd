"""What the JSON schema of the space file says beside types: patterns, rules, options by name.

It cannot say what must hold between two values, such as `low` and `high`; loading does.
"""

import keyword
from collections.abc import Collection, Mapping
from typing import Any

from search.spaces.expressions import FUNCTIONS
from search.spaces.pruners import PRUNERS, PrunerKind
from search.spaces.samplers import SAMPLERS, SamplerKind

Schema = dict[str, Any]

DURATION: Schema = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {
            "type": "string",
            "pattern": r"^\s*(?=.*[1-9])([\d.]+d)?([\d.]+h)?([\d.]+m)?([\d.]+s)?\s*$",
        },
    ],
    "examples": ["30m", "1h30m", 90],
}
"""A time: seconds, or a text such as `1h30m`."""

_EPOCHS: Schema = {
    "minimum": 1,
    "description": "How many epochs a full trial has, if the objective takes it.",
}
_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_RESERVED = sorted({*keyword.kwlist, "true", "false", *FUNCTIONS})
_TYPES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string", "None": "null"}
_PATTERNS = {
    "study": r"^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$",
    # `command` runs a script as it is.
    "objective": r"^(command|[^\s:/\\]+:[^\s:/\\.]+)$",
    "storage": r"^((journal|sqlite)$|[a-z0-9+]+://)",
}


def add_rules(schema: Schema) -> Schema:
    """Add to the schema of a space file what pydantic does not know; gives it back."""
    parts, keys = schema["$defs"], schema["properties"]
    for key, pattern in _PATTERNS.items():
        keys[key]["pattern"] = pattern
    keys["trackers"]["uniqueItems"] = True
    keys["settings"]["properties"] = {"epochs": dict(_EPOCHS)}
    keys["parameters"]["propertyNames"] = {"pattern": rf"^(?!({'|'.join(_RESERVED)})$){_NAME}$"}
    keys["parameters"]["description"] = "What is searched: each parameter by its name."
    parts["BudgetSpec"]["anyOf"] = [{"required": ["trials"]}, {"required": ["time"]}]
    for name in ("FloatParameter", "IntParameter"):
        parts[name]["allOf"] = [_log_rule()]
    parts["CategoricalParameter"]["properties"]["choices"] |= {"minItems": 1, "uniqueItems": True}
    for name in ("FloatParameter", "IntParameter", "CategoricalParameter"):
        wanted = parts[name]["properties"]["when"]["additionalProperties"]
        wanted |= {"items": _SCALAR, "minItems": 1}
    parts["SamplerSpec"]["allOf"] = _option_rules(SAMPLERS, ("forest", "tpe"), "seed")
    parts["PrunerSpec"]["allOf"] = _option_rules(PRUNERS, ("asha",), "min_epochs")
    schema["allOf"] = [_several_rule()]
    _describe_sections(schema)
    return schema


def _log_rule() -> Schema:
    """Say that a logarithm is searched above 0 and without steps."""
    return {
        "if": {"properties": {"log": {"const": True}}, "required": ["log"]},
        "then": {"properties": {"low": {"exclusiveMinimum": 0}, "step": {"enum": [None, 1]}}},
    }


def _several_rule() -> Schema:
    """Say what a search for several metrics cannot have."""
    one_only = [name for name, kind in SAMPLERS.items() if not kind.several]
    cannot = {
        "budget": {"properties": {"until": {"type": "null"}}},
        "sampler": {"properties": {"name": {"not": {"enum": one_only}}}},
    }
    several = {"properties": {"metrics": {"minItems": 2}}, "required": ["metrics"]}
    return {"if": several, "then": {"properties": cannot}}


def _option_rules(
    kinds: Mapping[str, SamplerKind] | Mapping[str, PrunerKind],
    defaults: Collection[str],
    beside: str,
) -> list[Schema]:
    """Say which options each sampler or pruner has; without a name those of the defaults."""
    unnamed = {name: type_ for one in defaults for name, type_ in kinds[one].options.items()}
    rules = [{"if": {"not": {"required": ["name"]}}, "then": _options(unnamed, beside)}]
    for name, kind in kinds.items():
        named = {"properties": {"name": {"const": name}}, "required": ["name"]}
        rules.append({"if": named, "then": _options(kind.options, beside)})
    return rules


def _options(types: Mapping[str, str], beside: str) -> Schema:
    known = {name: _type_of(written) for name, written in types.items() if name != "**"}
    properties = {"name": {}, beside: {}, **known}
    return {"properties": properties, "additionalProperties": "**" in types}


def _type_of(written: str) -> Schema:
    """Turn the type of an option as a signature has it into a schema; one that is strange, any."""
    if written == "a mapping of lists":
        points = {"type": "array", "items": _SCALAR, "minItems": 1}
        return {"type": "object", "additionalProperties": points}
    parts = written.replace(" ", "").split("|")
    return {"type": [_TYPES[part] for part in parts]} if set(parts) <= _TYPES.keys() else {}


def _describe_sections(schema: Schema) -> None:
    """Describe a section where it is used, too, by what its model says of itself."""
    for key in schema["properties"].values():
        part = schema["$defs"].get(str(key.get("$ref", "")).rpartition("/")[2])
        if part and "description" not in key:
            key["description"] = part["description"]
