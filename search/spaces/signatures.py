"""Checks options from a space file against the signature of the class they are for."""

import inspect
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from search.text import did_you_mean, listing, shown

_NOT_IN_YAML = ("Callable", "Sampler", "Trial")
_TYPES: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "bool": ("true or false", bool),
    "int": ("a whole number", int),
    "float": ("a number", (int, float)),
    "str": ("a text", str),
    "None": ("null", type(None)),
}

Problem = tuple[str, str]
"""An option (empty for all of them together) and what must hold."""


def option_types(owner: type, ours: Collection[str] = ()) -> dict[str, str]:
    """List the options of a class that a space file can hold.

    Args:
        owner: The class.
        ours: Arguments that are not the user's to set.

    Returns:
        The type of each as the signature writes it, such as `int | None`.
    """
    return {
        name: str(getattr(argument.annotation, "__name__", argument.annotation))
        for name, argument in inspect.signature(owner).parameters.items()
        if name not in ours and not any(word in str(argument.annotation) for word in _NOT_IN_YAML)
    }


def option_problems(
    options: Mapping[str, Any], types: Mapping[str, str], owner: str, others: Collection[str]
) -> Iterator[Problem]:
    """Find options that their owner does not take, or not as this type.

    Args:
        options: Name and value of each.
        types: The options that the owner takes, see `option_types`.
        owner: What they are options of, for the message.
        others: Further keys that may stand beside them.

    Yields:
        The option and what must hold.
    """
    valid = [*others, *types]
    for name, value in options.items():
        if name not in types:
            hint = did_you_mean(name, valid)
            yield name, f"unknown option of {owner}{hint}; valid: {listing(valid)}"
        elif not _suits(value, types[name]):
            kinds = [_TYPES[part][0] for part in _parts(types[name])]
            yield name, f"{' or '.join(kinds)} must be given, got {shown(value)}"


def worded(error: Exception) -> str:
    """Write an error of a library the way our own read.

    Args:
        error: The error.

    Returns:
        Its text, in lower case and without a full stop.
    """
    text = " ".join(str(error).split()).rstrip(".")
    return text[:1].lower() + text[1:]


def _parts(annotation: str) -> list[str]:
    return [part for part in annotation.replace(" ", "").split("|") if part in _TYPES]


def _suits(value: object, annotation: str) -> bool:
    kinds = _parts(annotation)
    if not kinds or len(kinds) < annotation.count("|") + 1:
        return True  # a type that only the class itself can judge
    if isinstance(value, bool):
        return "bool" in kinds
    return any(isinstance(value, _TYPES[kind][1]) for kind in kinds)
