"""Classes that a space file names, and their options checked against their signatures."""

import inspect
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from search.errors import SearchError
from search.objective.loading import imported, objective_problem
from search.spaces.document import Problem
from search.text import did_you_mean, listing, shown

_NOT_IN_YAML = ("Callable", "Sampler", "Trial")
_TYPES: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "bool": ("true or false", bool),
    "int": ("a whole number", int),
    "float": ("a number", (int, float)),
    "str": ("a string", str),
    "None": ("null", type(None)),
}


class PluginError(SearchError):
    """A class that cannot be loaded, or is not one of those wanted."""


def is_plugin(name: str) -> bool:
    """Tell whether a name is an import path, not one of ours."""
    return ":" in name


def plugin_problem(path: str) -> str | None:
    """Find what is wrong with the import path of a plug-in, without importing its module."""
    return objective_problem(path)


def load_class(path: str, base: type) -> type[Any]:
    """Import a class.

    Args:
        path: `package.module:name`.
        base: What it must be a subclass of.

    Returns:
        The class.

    Raises:
        PluginError: If there is none, or none of `base`.
    """
    problem = plugin_problem(path)
    if problem:
        raise PluginError(problem)
    try:
        found = imported(path)
    except ImportError as error:
        raise PluginError(str(error)) from error
    if not (isinstance(found, type) and issubclass(found, base)):
        owner = f"{base.__module__.split('.')[0]}'s {base.__name__}"
        raise PluginError(f"{path} must be a subclass of {owner}, got {found!r}")
    return found


def takes(owner: type, name: str) -> bool:
    """Tell whether a class has a constructor argument of some name."""
    return name in inspect.signature(owner).parameters


def option_types(owner: type, ours: Collection[str] = ()) -> dict[str, str]:
    """List the options of a class that a space file can hold.

    Args:
        owner: The class.
        ours: Arguments that are not the user's to set.

    Returns:
        The type of each as the signature writes it, such as `int | None`; under `**` that of
        any further ones.
    """
    types = {}
    for name, argument in inspect.signature(owner).parameters.items():
        written = str(getattr(argument.annotation, "__name__", argument.annotation))
        if argument.kind is argument.VAR_KEYWORD:
            types["**"] = written
        elif name not in ours and not any(word in written for word in _NOT_IN_YAML):
            types[name] = written
    return types


def option_problems(
    section: str,
    name: str,
    options: Mapping[str, Any],
    types: Mapping[str, str],
    beside: Collection[str],
) -> Iterator[Problem]:
    """Find options that their owner does not take, or not of this type.

    Args:
        section: The section of the space file, `sampler` or `pruner`.
        name: Which one of them.
        options: Its options.
        types: Those that it takes, see `option_types`.
        beside: The section's other keys.

    Yields:
        Each mistake.
    """
    valid = [*beside, *(option for option in types if option != "**")]
    for option, value in options.items():
        wanted = types.get(option, types.get("**"))
        if wanted is None:
            hint = did_you_mean(option, valid)
            text = f"unknown option of the {section} {name}{hint}; valid: {listing(valid)}"
            yield Problem((section, option), text, at_key=True)
        elif not _suits(value, wanted):
            text = " or ".join(_TYPES[part][0] for part in _parts(wanted))
            yield Problem((section, option), f"{text} must be given, got {shown(value)}")


def useless_options(name: str, error: Exception) -> str:
    """Word why something could not be made of its options; Optuna's reasons as ours read."""
    text = " ".join(str(error).split()).rstrip(".")
    if is_plugin(name):
        return f"{name} must take these options, got {type(error).__name__}: {text}"
    return text[:1].lower() + text[1:]


def _parts(annotation: str) -> list[str]:
    return [part for part in annotation.replace(" ", "").split("|") if part in _TYPES]


def _suits(value: object, annotation: str) -> bool:
    parts = _parts(annotation)
    if not parts or len(parts) < annotation.count("|") + 1:
        return True  # a type that only the class itself can judge
    if isinstance(value, bool):
        return "bool" in parts
    return any(isinstance(value, _TYPES[part][1]) for part in parts)
