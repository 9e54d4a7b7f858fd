"""How an objective is found from its import path, `package.module:name`."""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from search.errors import ObjectiveError
from search.objective.contract import ObjectiveFactory
from search.text import did_you_mean, listing

COMMAND = "command"
"""The objective that runs a script as it is, see `search.objective.command`."""

_PATHS = {COMMAND: "search.objective.command:Command"}


def full_path(path: str) -> str:
    """Give the import path of an objective that a space file calls by a plain name."""
    return _PATHS.get(path, path)


def extend_import_path(folders: Sequence[str]) -> None:
    """Have this process look for modules in some folders before all others, the first first."""
    for folder in reversed([str(Path(folder).resolve()) for folder in folders]):
        if folder not in sys.path:
            sys.path.insert(0, folder)


def load_objective(path: str) -> ObjectiveFactory:
    """Import an objective from its path."""
    problem = objective_problem(path)
    if problem:
        raise ObjectiveError(f"objective: {problem}")
    try:
        factory = imported(full_path(path))
    except ImportError as error:
        raise ObjectiveError(f"objective: {error}") from error
    if not callable(factory):
        raise ObjectiveError(f"objective: {path} must be a callable, got {factory!r}")
    return factory  # type: ignore[no-any-return]


def imported(path: str) -> Any:
    """Import what a path names; None if its module has no such name.

    An ImportError says what went wrong, whatever it was: importing runs the user's code, which
    may also end the program, as a script without `if __name__ == "__main__"` does.
    """
    module_name, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module_name), name, None)
    except (Exception, SystemExit) as error:  # noqa: BLE001
        raise ImportError(_import_problem(module_name, error)) from error


def objective_problem(path: str) -> str | None:
    """Say what is wrong with an import path; None if it looks right.

    The module's source is read, as importing it may take seconds (torch).
    """
    module_name, colon, name = full_path(path).partition(":")
    if not colon or not all(part.isidentifier() for part in [*module_name.split("."), name]):
        return f"package.module:name must hold, got {path!r}{did_you_mean(path, _PATHS)}"
    try:
        found = importlib.util.find_spec(module_name)
    except ModuleNotFoundError:
        found = None
    except (Exception, SystemExit) as error:  # noqa: BLE001  finding a module imports its package
        return _import_problem(module_name, error)
    if found is None:
        return (
            f"the module {module_name!r} must be importable, none found; searched the space "
            "file's folder, the current folder and the installed packages"
        )
    names = _top_level_names(Path(found.origin)) if found.origin else None
    if names is None or name in names:
        return None
    public = sorted(n for n in names if not n.startswith("_"))
    return (
        f"the module {module_name!r} must define {name!r}{did_you_mean(name, public)}; "
        f"it defines {listing(public)}"
    )


def _import_problem(module_name: str, error: BaseException) -> str:
    return (
        f"the module {module_name!r} must import without an error, got "
        f"{type(error).__name__}: {error}"
    )


def _top_level_names(source: Path) -> set[str] | None:
    """Read what a module defines or imports; None if only importing it could tell."""
    if source.suffix != ".py":
        return None
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=imported) | ast.ImportFrom(names=imported):
                names.update((alias.asname or alias.name).split(".")[0] for alias in imported)
            case ast.Assign() | ast.AnnAssign():
                names.update(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
            case ast.If() | ast.Try() | ast.With() | ast.For():
                return None
    return None if names & {"*", "__getattr__"} else names
