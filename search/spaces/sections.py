"""What the checks of a space file share: its well-formed parts, and how a problem is told."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from search.errors import did_you_mean, listing, shown
from search.spaces.document import KeyPath
from search.spaces.parameters import CategoricalParameter, Parameter


class Problem(NamedTuple):
    """One mistake.

    Args:
        path: Where it is.
        text: What must hold and what was given.
        at_key: Whether the key itself is wrong, not its value.
    """

    path: KeyPath
    text: str
    at_key: bool = False


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


def unknown(noun: str, name: str, valid: Collection[str]) -> str:
    """Word the problem of a name that does not exist.

    Args:
        noun: What sort of name it is.
        name: The name given.
        valid: The names there are.

    Returns:
        A text that proposes the nearest one.
    """
    return f"unknown {noun} {name!r}{did_you_mean(name, valid)}; valid: {listing(valid)}"


def valid_values(parameter: Parameter) -> str:
    """Say which values a parameter can have.

    Args:
        parameter: The parameter.

    Returns:
        For instance `valid: int from 1 to 9 in steps of 2`.
    """
    if isinstance(parameter, CategoricalParameter):
        return f"valid: {listing(map(shown, parameter.choices))}"
    step = f" in steps of {parameter.step}" if parameter.step not in (None, 1) else ""
    return f"valid: {parameter.type} from {parameter.low} to {parameter.high}{step}"
