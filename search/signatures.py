"""Checks options from a space file against the signature of the class they are for."""

import inspect
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from search.errors import did_you_mean, listing

_NOT_IN_YAML = ("Callable", "Sampler", "Trial")


def option_names(owner: type, ours: Collection[str] = ()) -> tuple[str, ...]:
    """List the options of a class that a space file can hold.

    Args:
        owner: The class.
        ours: Arguments that are not the user's to set.

    Returns:
        Names of the arguments whose values can be written in YAML.
    """
    return tuple(
        name
        for name, argument in inspect.signature(owner).parameters.items()
        if name not in ours and not any(word in str(argument.annotation) for word in _NOT_IN_YAML)
    )


def unknown_options(
    options: Mapping[str, Any], valid: Collection[str], owner: str
) -> Iterator[tuple[str, str]]:
    """Find options that their owner does not take.

    Args:
        options: Name and value of each.
        valid: The names that the owner takes.
        owner: What they are options of, for the message.

    Yields:
        The wrong option and a text that names the valid ones.
    """
    for name in options:
        if name not in valid:
            hint = did_you_mean(name, valid)
            yield name, f"unknown option of {owner}{hint}; valid: {listing(valid)}"
