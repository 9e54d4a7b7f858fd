"""What the source of an objective tells of it, as importing it may take seconds (torch)."""

import ast
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.objective.contract import TOLD_OF_A_TRIAL
from search.objective.loading import full_path, load_objective, objective_problem

_REPORTING = (["search.reporting"], ["reporting"])
"""The only decorators of a function whose settings are still those in its signature."""


@dataclass(frozen=True)
class AcceptedSettings:
    """The settings that a signature accepts, in its order."""

    names: tuple[str, ...]
    required: tuple[str, ...]
    others: bool
    """Whether it also takes any other name."""


def static_member(path: str, name: str) -> Callable[..., Any] | None:
    """Find a static or class method of an objective; None if it has none.

    As little as possible is imported: where a class body says `name = staticmethod(name)` of a
    function from another module, only that module is.
    """
    place = _imported_member(path, name)
    method = getattr(load_objective(path), name, None) if place is None else load_objective(place)
    return method if callable(method) else None


def may_have(path: str, name: str) -> bool:
    """Tell whether an objective could have a method, by its source alone.

    It cannot if its module never speaks of that name and it inherits from nothing.
    """
    source = _source(path)
    definition = _definition(path)
    if source is None or definition is None:
        return True
    inherits = isinstance(definition, ast.ClassDef) and bool(
        definition.bases or definition.keywords
    )
    return inherits or name in source


def accepted_settings(path: str) -> AcceptedSettings | None:
    """Read which settings an objective accepts; None if only importing it could tell."""
    definition = _definition(path)
    n_given = 1  # the parameters
    if isinstance(definition, ast.ClassDef):
        if definition.bases or definition.keywords or definition.decorator_list:
            return None
        definition = next(
            (
                node
                for node in definition.body
                if isinstance(node, ast.FunctionDef) and node.name == "__init__"
            ),
            None,
        )
        n_given = 2
    if definition is None:
        return None
    if [ast.unparse(decorator) for decorator in definition.decorator_list] in _REPORTING:
        n_given = 2  # `report` as well
    elif definition.decorator_list:
        return None
    return _accepted_by(definition.args, n_given)


def _accepted_by(arguments: ast.arguments, n_given: int) -> AcceptedSettings:
    positional = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    required = positional[n_given : len(positional) - len(arguments.defaults)]
    keywords = [argument.arg for argument in arguments.kwonlyargs]
    defaults = zip(keywords, arguments.kw_defaults, strict=True)
    required += [name for name, default in defaults if default is None]
    return AcceptedSettings(
        names=(*positional[n_given:], *keywords),
        required=tuple(name for name in required if name not in TOLD_OF_A_TRIAL),
        others=arguments.kwarg is not None,
    )


def _imported_member(path: str, name: str) -> str | None:
    """Name the function that a class takes over from another module."""
    definition = _definition(path)
    if not isinstance(definition, ast.ClassDef):
        return None
    places = {}
    for node in ast.parse(_source(path) or "").body:
        if isinstance(node, ast.ImportFrom) and not node.level:
            places.update({a.asname or a.name: f"{node.module}:{a.name}" for a in node.names})
    for node in definition.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=target)],
                value=ast.Call(func=ast.Name(id="staticmethod"), args=[ast.Name(id=function)]),
            ) if target == name:
                return places.get(function)
    return None


def _definition(path: str) -> ast.FunctionDef | ast.ClassDef | None:
    """Find the function or class that a path names, if its module defines it at the top.

    `train = search.reporting(function)` is that function, decorated.
    """
    source = _source(path)
    if source is None:
        return None
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    return _named(tree.body, full_path(path).partition(":")[2])


def _named(body: list[ast.stmt], name: str) -> ast.FunctionDef | ast.ClassDef | None:
    found = None
    for i, node in enumerate(body):
        match node:
            case ast.FunctionDef() | ast.ClassDef() if node.name == name:
                found = node
            case ast.Assign(
                targets=[ast.Name(id=target)],
                value=ast.Call(func=wrapper, args=[ast.Name(id=function)], keywords=[]),
            ) if target == name and [ast.unparse(wrapper)] in _REPORTING:
                found = _named(body[:i], function)
                if found is not None:
                    found.decorator_list.insert(0, wrapper)
    return found


def _source(path: str) -> str | None:
    if objective_problem(path):
        return None
    found = importlib.util.find_spec(full_path(path).partition(":")[0])
    if found is None or not found.origin or not found.origin.endswith(".py"):
        return None
    try:
        return Path(found.origin).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
