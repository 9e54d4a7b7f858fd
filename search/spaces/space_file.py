"""Reads a space file and reports every mistake in it, each with its place; words one.

The line: YAML text → `Document` (data and places) → overrides → `Spec`, by one validation of the
shape → what must hold between keys (`relations`) → one `Space` → what only points show (`points`).
Each step reports all of its mistakes at once, and the next one takes its result for granted.
"""

import copy
import io
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from search.errors import Mistake, SpaceError
from search.objective.loading import extend_import_path
from search.spaces.document import (
    MAX_PROBLEMS,
    OF_OURS,
    Document,
    KeyPath,
    Override,
    Problem,
    read_document,
)
from search.spaces.points import probing_problems, space_problems
from search.spaces.relations import relation_problems
from search.spaces.shape import shape_problems
from search.spaces.space import Space
from search.spaces.spec import PrunerSpec, SamplerSpec, Spec
from search.text import printable

_CHOSEN: dict[str, type[SamplerSpec] | type[PrunerSpec]] = {
    "sampler": SamplerSpec,
    "pruner": PrunerSpec,
}
"""Sections of which `name` chooses one of several, each with options of its own."""

_EITHER = {"metric": "metrics", "metrics": "metric"}
"""Keys of which a file has one; an override of the one takes the other's place."""


def load_space_file(
    space: Path | Mapping[str, Any],
    overrides: Iterable[str | Override] = (),
    *,
    probe: bool = False,
    ask: bool = True,
) -> Spec:
    """Read, override and validate a space file.

    The folder of the file and the current folder become importable, as objectives may lie
    there. Mistakes are a `SpaceError` with all of the first step that finds any.

    Args:
        space: The file, or what one holds.
        overrides: Assignments such as `budget.trials=10`, as by `--set`, applied in this order.
        probe: Whether an objective that declares no names is imported and asked about points.
        ask: Whether anything that the file names may be imported; without that, what only the
            objective or a plug-in could tell is not checked.

    Returns:
        A search that can run.
    """
    document = _read(space, overrides)
    if ask:
        extend_import_path(import_folders(space))
    spec = _shaped(document)
    _refuse(document, relation_problems(spec, ask=ask))
    built = Space.of(spec)
    if ask or not built.measured_constraints:
        _refuse(document, space_problems(spec, built))
    _refuse(document, probing_problems(spec, built) if probe else ())
    return spec


def read_space_file(path: Path) -> Spec:
    """Read a space file that this program wrote, without looking for its objective.

    Args:
        path: The file.

    Returns:
        The search.

    Raises:
        SpaceError: If a newer version of this program wrote it, or it was damaged since.
    """
    try:
        return _shaped(_read(path, (), slack=OF_OURS))
    except SpaceError as error:
        hint = "a newer version of search wrote this file, or it was changed since"
        raise SpaceError([*error.mistakes, Mistake(hint, str(path))]) from None


def space_file_text(spec: Spec, header: Iterable[str]) -> str:
    """Write a search as a space file from which `load_space_file` reads the same one back.

    Args:
        spec: The search.
        header: Lines to put above it as comments.

    Returns:
        What the file holds.
    """
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 100
    text = io.StringIO()
    text.writelines(f"# {printable(line, keep='')}\n" for line in header)
    yaml.dump(plain_data(spec), text)
    return text.getvalue()


def import_folders(space: Path | Mapping[str, Any]) -> list[str]:
    """Name the folders in which an objective is looked for: the file's own, the current one."""
    own = [str(space.resolve().parent)] if isinstance(space, Path) else []
    return [*own, str(Path.cwd())]


def problem_in(
    space: Path | Mapping[str, Any], overrides: Iterable[str], key: KeyPath, text: str
) -> Mistake:
    """Place a mistake that was found later, as by trying the objective."""
    document = _read(space, overrides)
    document.add_problem(key, text)
    return document.problems[-1]


def _read(
    space: Path | Mapping[str, Any], overrides: Iterable[str | Override], slack: int = 1
) -> Document:
    if isinstance(space, Path):
        document = read_document(space, slack)
        document.raise_problems()
    else:
        document = Document("the space", copy.deepcopy(dict(space)), is_file=False)
    for given in overrides:
        override = given if isinstance(given, Override) else Override(given, f"--set {given}")
        _override(document, override)
    return document


def _shaped(document: Document) -> Spec:
    """Validate the shape of a space file."""
    try:
        return Spec.model_validate(document.data)
    except ValidationError as error:
        problems = list(shape_problems(error))
    _refuse(document, problems)
    raise AssertionError("an error of the shape is worded as a problem")


def _refuse(document: Document, problems: Iterable[Problem]) -> None:
    """Stop if there are problems, with all of them at their places."""
    for path, text, at_key in itertools.islice(problems, MAX_PROBLEMS + 1):
        if path[:2] == ("metrics", 0) and "metric" in document.data:
            path = ("metric", *path[2:])  # the file gives one metric, not a list
        document.add_problem(path, text, at_key)
    document.raise_problems()


def _override(document: Document, override: Override) -> None:
    """Apply an override; another sampler or pruner does not get the options of the file's."""
    key = override.assignment.partition("=")[0].strip()
    section = key.removesuffix(".name")
    if key in _EITHER:
        document.data.pop(_EITHER[key], None)
    if key == section or section not in _CHOSEN:
        document.override(override)
        return
    model = _CHOSEN[section]
    before = _mapping(document, section).get("name", model().name)
    document.override(override)
    options = _mapping(document, section)
    if options["name"] != before:
        given = {path[1] for path in document.overridden if path[0] == section and path[1:]}
        kept = {*model.model_fields, *given}
        document.data[section] = {name: options[name] for name in options if name in kept}


def _mapping(document: Document, section: str) -> dict[str, Any]:
    found = document.data.get(section)
    return found if isinstance(found, dict) else {}


def plain_data(spec: Spec) -> dict[str, Any]:
    """Turn a search into what its space file holds, leaving out what a reader would not miss."""
    data = spec.model_dump()
    for section in ("budget", "resources"):
        data[section] = {k: v for k, v in data[section].items() if v is not None}
    for name, parameter in spec.parameters.items():
        data["parameters"][name] = {
            "type": parameter.type,
            **parameter.model_dump(exclude_defaults=True),
        }
    return {key: value for key, value in data.items() if value not in ([], {})}
