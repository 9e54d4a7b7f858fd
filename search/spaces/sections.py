"""What the checks of a space file share: its well-formed parts, and how a problem is told."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from search.spaces.document import KeyPath
from search.spaces.parameters import CategoricalParameter, Parameter
from search.text import did_you_mean, listing, shown


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


_MEANT = {
    **dict.fromkeys(
        ["bayes", "bayesian", "bayesianoptimization", "bayesopt", "bo"], ["tpe", "gp"]
    ),
    **dict.fromkeys(["hyperopt", "parzen"], ["tpe"]),
    **dict.fromkeys(["gaussianprocess", "botorch"], ["gp"]),
    **dict.fromkeys(["cma", "cmaessampler", "evolution"], ["cmaes"]),
    **dict.fromkeys(["genetic", "nsga", "nsga2", "ga"], ["nsgaii"]),
    **dict.fromkeys(["sobol", "halton", "lhs"], ["qmc"]),
    **dict.fromkeys(["gridsearch", "exhaustive"], ["grid", "brute_force"]),
    **dict.fromkeys(["successivehalving", "sha", "halving", "earlystopping"], ["asha"]),
    **dict.fromkeys(["bohb", "hb"], ["hyperband"]),
    **dict.fromkeys(["nop", "off", "false", "no", "null"], ["none"]),
}
"""Our names of what other systems, papers and people call otherwise, by letters and digits."""


def unknown(noun: str, name: str, valid: Collection[str]) -> str:
    """Word the problem of a name that does not exist.

    Args:
        noun: What sort of name it is.
        name: The name given.
        valid: The names there are.

    Returns:
        A text that proposes the nearest one.
    """
    meant = [known for known in _MEANT.get(_letters(name), []) if known in valid]
    hint = (
        f"; did you mean {' or '.join(map(repr, meant))}" if meant else did_you_mean(name, valid)
    )
    return f"unknown {noun} {name!r}{hint}; valid: {listing(valid)}"


def _letters(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


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
