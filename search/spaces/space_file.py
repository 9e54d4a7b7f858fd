"""Reads a space file and reports every mistake in it at once, each with its place.

The way of a file: YAML text → `Document` (data and places) → the sections of `Spec`, each
validated for itself → what must hold between values (`space_checks`, `section_checks`) → `Spec`.
A broken section does not hide the mistakes of the others.
"""

import copy
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML

from search.errors import SpaceError
from search.objective.loading import extend_import_path
from search.spaces.declared_checks import declared_problems
from search.spaces.document import Document, KeyPath, Override, read_document
from search.spaces.measure_checks import measured_problem
from search.spaces.parameters import PARAMETER_TYPES, Parameter
from search.spaces.probing import probing_problems
from search.spaces.sampling import sample_points
from search.spaces.section_checks import section_problems
from search.spaces.sections import Sections
from search.spaces.space import Space
from search.spaces.space_checks import parameter_problems
from search.spaces.spec import PrunerSpec, SamplerSpec, Spec
from search.text import did_you_mean, listing, nearest, shown

_CHOSEN: dict[str, type[SamplerSpec] | type[PrunerSpec]] = {
    "sampler": SamplerSpec,
    "pruner": PrunerSpec,
}
"""Sections of which `name` chooses one of several, each with options of its own."""

_WANTED_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "string_type": "a text",
}


def load_space_file(
    space: Path | Mapping[str, Any],
    overrides: Iterable[str | Override] = (),
    *,
    probe: bool = False,
) -> Spec:
    """Read, override and validate a space file.

    The folder of the file and the current folder become importable, as objectives may lie
    there.

    Args:
        space: The file, or what one holds.
        overrides: Assignments such as `budget.trials=10`, as by `--set`, applied in this order.
        probe: Whether an objective that declares no names is imported and asked about points.

    Returns:
        A search that can run.

    Raises:
        SpaceError: With every mistake found.
    """
    document = _read(space, overrides)
    extend_import_path(import_folders(space))
    sections = _validate_sections(document)
    declared = list(declared_problems(sections))
    problems = parameter_problems(sections, askable=not declared)
    for problem in [*declared, *problems, *section_problems(sections)]:
        document.add_problem(problem.path, problem.text, at_key=problem.at_key)
    document.raise_problems()
    spec = Spec.model_validate(document.data)
    _check_feasible(spec, document)
    for problem in probing_problems(spec) if probe else ():
        document.add_problem(problem.path, problem.text, at_key=problem.at_key)
    document.raise_problems()
    return spec


def _read(space: Path | Mapping[str, Any], overrides: Iterable[str | Override]) -> Document:
    if isinstance(space, Path):
        document = read_document(space)
    else:
        document = Document("the space", copy.deepcopy(dict(space)), is_file=False)
    for given in overrides:
        override = given if isinstance(given, Override) else Override(given, f"--set {given}")
        _override(document, override)
    return document


def problem_in(
    space: Path | Mapping[str, Any], overrides: Iterable[str], key: KeyPath, text: str
) -> SpaceError:
    """Place a mistake that was found later, as by trying the objective.

    Args:
        space: The space file, or what one holds.
        overrides: Assignments to its keys.
        key: Where the mistake is.
        text: What must hold and what was given.

    Returns:
        The error to raise.
    """
    document = _read(space, overrides)
    document.add_problem(key, text)
    return SpaceError(document.problems)


_EITHER = {"metric": "metrics", "metrics": "metric"}
"""Keys of which a file has one; an override of the one takes the other's place."""


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


def _check_feasible(spec: Spec, document: Document) -> None:
    """Make sure that there is a point to try."""
    space = Space.of(spec)
    for i, point in enumerate(spec.start_from):
        problem = measured_problem(space, point)
        if problem:
            document.add_problem(("start_from", i), problem)
    try:
        sample_points(space, 1)
    except SpaceError as error:
        document.add_problem(("constraints",), str(error).removeprefix("constraints: "))
    values = spec.sampler.options.get("values") if spec.sampler.name == "grid" else None
    if values and next(space.points(values), None) is None:
        text = "some of the listed points must satisfy the constraints, none does"
        document.add_problem(("sampler", "values"), text)
    document.raise_problems()


def import_folders(space: Path | Mapping[str, Any]) -> list[str]:
    """Name the folders in which a search's objective is looked for.

    Args:
        space: The space file, or what one holds.

    Returns:
        The file's own folder, if there is one, and the current one, absolute.
    """
    own = [str(space.resolve().parent)] if isinstance(space, Path) else []
    return [*own, str(Path.cwd())]


def write_space_file(spec: Spec, path: Path, header: Iterable[str]) -> None:
    """Write a search so that `load_space_file` reads the same one back.

    Args:
        spec: The search.
        path: The file to write.
        header: Lines to put above it as comments.
    """
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 100
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"# {line}\n" for line in header)
        yaml.dump(_plain_data(spec), file)


def read_space_file(path: Path) -> Spec:
    """Read a space file that this program wrote, without looking for its objective.

    Args:
        path: The file.

    Returns:
        The search.

    Raises:
        SpaceError: If a newer version of this program wrote it, or it was damaged since.
    """
    document = read_document(path)
    _validate_sections(document)
    try:
        document.raise_problems()
    except SpaceError as error:
        hint = f"{path}: a newer version of search wrote this file, or it was changed since"
        raise SpaceError([*error.problems, hint]) from None
    return Spec.model_validate(document.data)


def _plain_data(spec: Spec) -> dict[str, Any]:
    """Turn a search into YAML's types, leaving out what a reader would not miss."""
    data = spec.model_dump()
    for section in ("budget", "resources"):
        data[section] = {k: v for k, v in data[section].items() if v is not None}
    for name, parameter in spec.parameters.items():
        data["parameters"][name] = {
            "type": parameter.type,
            **parameter.model_dump(exclude_defaults=True),
        }
    return {key: value for key, value in data.items() if value not in ([], {})}


def _validate_sections(document: Document) -> Sections:
    """Validate each top-level key for itself and note what is wrong with it."""
    fields = Spec.model_fields
    valid: dict[str, Any] = {}
    meant = set()
    for name in document.data.keys() - fields.keys():
        meant.add(_note_unknown_key(document, (name,), fields))
    for name, field in fields.items():
        if name in document.data:
            valid.update(_validate_section(document, name, field))
        elif not field.is_required():
            valid[name] = field.get_default()
        elif name not in meant and name != "metric":
            document.add_problem((), f"the key {name!r} must be given")
    if not meant & {"metric", "metrics"}:
        _check_metric_keys(document)
    raw = document.data.get("parameters")
    raw = raw if isinstance(raw, Mapping) else {}
    return Sections(valid, parameters=_valid_parameters(raw), names=raw.keys())


def _check_metric_keys(document: Document) -> None:
    given = document.data.keys() & {"metric", "metrics"}
    if len(given) != 1:
        text = "exactly one of the keys 'metric' and 'metrics' must be given, got "
        path = ("metrics",) if given else ()
        document.add_problem(path, text + ("both" if given else "none"), at_key=True)


def _validate_section(document: Document, name: str, field: FieldInfo) -> dict[str, Any]:
    annotation: Any = Annotated[field.annotation, field]
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    try:
        return {name: adapter.validate_python(document.data[name], strict=True)}
    except ValidationError as error:
        meant: set[KeyPath] = set()
        # Unknown keys first: a misspelt key is not missing as well.
        for details in sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden"):
            path: KeyPath = (name, *_without_tags(details["loc"], document.data[name]))
            if details["type"] == "extra_forbidden":
                near = _note_unknown_key(document, path, _valid_keys(document, path))
                meant.add((*path[:-1], near))
            elif path not in meant and not document.has_problem(path):
                _note(document, path, details)
        return {}


def _valid_parameters(raw: Mapping[str, Any]) -> dict[str, Parameter]:
    """Keep the parameters that are well-formed, so that the others hide nothing."""
    adapter: TypeAdapter[Parameter] = TypeAdapter(Parameter)
    parameters: dict[str, Parameter] = {}
    for name, value in raw.items():
        try:
            parameters[name] = adapter.validate_python(value)
        except ValidationError:
            continue
    return parameters


def _note_unknown_key(document: Document, path: KeyPath, valid: Collection[str]) -> str:
    """Note a key that does not exist; give the one that was probably meant."""
    key = str(path[-1])
    text = f"unknown key{did_you_mean(key, valid)}; valid: {listing(valid)}"
    document.add_problem(path, text, at_key=True)
    return nearest(key, valid) or ""


def _note(document: Document, path: KeyPath, details: ErrorDetails) -> None:
    """Word one of pydantic's errors and place it."""
    given, context = shown(details["input"]), details.get("ctx", {})
    match details["type"]:
        case "missing":
            document.add_problem(path[:-1], f"the key {path[-1]!r} must be given", at_key=True)
        case "union_tag_not_found":
            text = f"the key 'type' must be given; valid: {listing(PARAMETER_TYPES)}"
            document.add_problem(path, text, at_key=True)
        case "union_tag_invalid":
            hint = did_you_mean(context["tag"], PARAMETER_TYPES)
            text = f"float, int or categorical must be given, got {context['tag']!r}{hint}"
            document.add_problem((*path, "type"), text)
        case "literal_error":
            hint = did_you_mean(str(details["input"]), _quoted(context))
            document.add_problem(path, f"{context['expected']} must be given, got {given}{hint}")
        case "value_error":
            document.add_problem(path, str(context["error"]))
        case "greater_than":
            text = f"a value above {context['gt']:g} must be given, got {given}"
            document.add_problem(path, text)
        case "greater_than_equal":
            text = f"a value of at least {context['ge']} must be given, got {given}"
            document.add_problem(path, text)
        case "too_short":
            noun = str(path[0]).removesuffix("s")
            document.add_problem(path, f"at least one {noun} must be given", at_key=True)
        case kind:
            wanted = _WANTED_TYPES.get(kind, details["msg"])
            document.add_problem(path, f"{wanted} must be given, got {given}")


def _without_tags(place: tuple[int | str, ...], value: Any) -> KeyPath:
    """Drop from pydantic's path what is not in the data: the tags of its unions."""
    path: list[int | str] = []
    for i, part in enumerate(place):
        inside = isinstance(value, Mapping) and part in value
        inside |= isinstance(value, list) and isinstance(part, int) and part < len(value)
        if inside:
            value = value[part]
            path.append(part)
        elif i == len(place) - 1 and part not in PARAMETER_TYPES:
            path.append(part)
    return tuple(path)


def _valid_keys(document: Document, path: KeyPath) -> list[str]:
    """List the keys of the model that a path leads into."""
    if path[0] == "parameters":
        return [*PARAMETER_TYPES[document.data["parameters"][path[1]]["type"]].model_fields]
    section: Any = Spec.model_fields[str(path[0])].annotation
    (model,) = get_args(section) or (section,)  # a list of models, or one
    return [*model.model_fields]


def _quoted(context: Mapping[str, Any]) -> list[str]:
    return [part.strip(" '") for part in str(context["expected"]).replace(" or ", ",").split(",")]
