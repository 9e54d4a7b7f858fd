"""Tables of the documents, written from the code: commands, keys, models, samplers and others."""

import dataclasses
import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, get_args, get_type_hints

import typer.main
from ruamel.yaml import YAML

import search
from objectives.augmentation import AugmentationParameters
from objectives.freezing import FreezeParameters
from objectives.images import DataSettings
from objectives.models import MODELS
from objectives.recipe import TrainingParameters
from objectives.schedules import ScheduleParameters
from objectives.sources import SOURCES
from search.api.outputs import OUTPUTS
from search.cli import app
from search.mcp.tools import CHANGING, READING, ChangingTools
from search.progress.events import Event
from search.spaces.pruners import PRUNERS
from search.spaces.samplers import SAMPLERS
from search.spaces.spec import TRACKER_NAMES, json_schema
from tests.benchmarks.__main__ import MEASUREMENTS
from tests.benchmarks.results import RESULTS
from tests.docs.blocks import ROOT
from tests.test_imports import LAYERS

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]

Row = tuple[str, ...]


def write_table(name: str) -> str:
    """Write a table of `TABLES` as Markdown; `results NAME …` are rows of the benchmarks."""
    kind, *benchmarks = name.split()
    if kind == "results":
        table: tuple[Row, Iterable[Row]] = _RESULTS, _results(benchmarks)
    else:
        table = TABLES[name][0], TABLES[name][1]()
    headings, rows = table
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|") or "–"


def _code(value: object) -> str:
    return f"`{value}`"


def _value(value: object) -> str:
    """Write a value as a space file has it."""
    words = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return _code(words[value])
    return _code(f"{value:g}" if isinstance(value, float) else value)


def _says(entry: object) -> str:
    """Read what a registry's entry, a function or a class says of itself, without a full stop."""
    text = next((t for name in ("doc", "description") if (t := getattr(entry, name, None))), None)
    return (text or inspect.getdoc(entry) or "").split("\n\n")[0].rstrip(".")


def _arguments(documented: Callable[..., Any]) -> dict[str, str]:
    """Read what a docstring says of each argument; names of constants become their values."""
    text = inspect.getdoc(documented) or ""
    found = re.search(r"^(?:Args|Attributes):\n(.*?)(?:\n\S|\Z)", text, re.DOTALL | re.MULTILINE)
    parts = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", found[1] if found else "", re.MULTILINE)
    module = vars(sys.modules[documented.__module__])

    def listed(found: re.Match[str]) -> str:
        return ", ".join(map(_code, module[found[1]])) if found[1] in module else found[0]

    return {
        name: re.sub(r"`([A-Z_]+)`", listed, meaning.rstrip("."))
        .replace("None", "`null`")
        .replace("A key of", "One of")
        for name, meaning in parts
    }


def _commands() -> Iterator[Row]:
    for name, command in COMMANDS.items():
        words = [f"search {name}", *map(_argument, _positional(command))]
        yield _code(" ".join(words)), _says(command.callback)


def _positional(command: Any) -> list[Any]:
    return [one for one in command.params if one.param_type_name == "argument"]


def _argument(parameter: Any) -> str:
    name = parameter.name.upper() + (" …" if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _options() -> Iterator[Row]:
    for name, command in COMMANDS.items():
        flags = [
            one
            for one in command.params
            if one.param_type_name == "option"
            and not one.hidden
            and not {"--help", "--studies"} & set(one.opts)
        ]
        yield _code(f"search {name}"), ", ".join(_code("`, `".join(one.opts)) for one in flags)


def _keys() -> Iterator[Row]:
    schema = json_schema()
    schema["properties"].pop("parameters")
    yield from _keys_of(schema, schema["$defs"], "")


def _keys_of(part: dict[str, Any], parts: dict[str, Any], prefix: str) -> Iterator[Row]:
    for name, key in part["properties"].items():
        inner = parts.get(str(key.get("$ref", "")).rpartition("/")[2], {})
        if "properties" in inner:
            yield from _keys_of(inner, parts, f"{prefix}{name}.")
        else:
            required = name in part.get("required", ()) or (prefix, name) == ("", "metric")
            yield _code(prefix + name), _meaning(key), _default(key, required)


def _meaning(key: Mapping[str, Any]) -> str:
    values = key.get("enum", [])
    listed = ", ".join(map(_value, values))
    said = str(key.get("description", "")).rstrip(".")
    return "; ".join(filter(None, (said, listed)))


def _default(key: Mapping[str, Any], required: bool) -> str:
    if required:
        return "required"
    value = key.get("default")
    return "–" if value in (None, [], {}) else _value(value)


def _parameter_keys() -> Iterator[Row]:
    parts = json_schema()["$defs"]
    kinds = {
        part["properties"]["type"]["const"]: part["properties"]
        for part in parts.values()
        if "const" in part.get("properties", {}).get("type", {})
    }
    names = dict.fromkeys(name for keys in kinds.values() for name in keys)
    shared = [name for name in names if all(name in keys for keys in kinds.values())]
    yield _code("type"), "all", ", ".join(map(_code, kinds))
    for name in [*(name for name in names if name not in shared), *shared]:
        owners = [kind for kind, keys in kinds.items() if name in keys]
        if name != "type":
            of = "all" if name in shared else ", ".join(map(_code, owners))
            yield _code(name), of, _meaning(kinds[owners[0]][name])


def _registry(registry: Mapping[str, Any]) -> Callable[[], Iterator[Row]]:
    def rows() -> Iterator[Row]:
        for name, entry in registry.items():
            options = ", ".join(map(_code, getattr(entry, "options", {})))
            one_only = "" if getattr(entry, "several", True) else " (one metric only)"
            yield _code(name), _says(entry) + one_only, options

    return rows


def _trackers() -> Iterator[Row]:
    for name in TRACKER_NAMES:
        says = _says(import_module(f"search.progress.trackers.{name}"))
        yield _code(name), says, _code(f"pip install 'search[{name}]'")


def _spaces() -> Iterator[Row]:
    for path in sorted((ROOT / "spaces").glob("*.yaml")):
        text = path.read_text()
        about = re.findall(r"^# (?!yaml)(.+)$", text.split("\n#   ")[0], re.MULTILINE)
        space = YAML(typ="safe", pure=True).load(text)
        budget = space["budget"]
        limits = [f"{budget['trials']} trials", budget.get("time")]
        model = space["settings"]["model"]
        link = f"[{path.stem}]({path.name})"
        yield link, " ".join(about).rstrip("."), _code(model), ", ".join(filter(None, limits))


def _models() -> Iterator[Row]:
    for name, model in MODELS.items():
        yield _code(name), _says(_function(model)).removeprefix("Build ")


def _model_parameters() -> Iterator[Row]:
    for name, model in MODELS.items():
        function = _function(model)
        meanings = _arguments(function)
        for one in _keywords(function):
            yield _code(one.name), _code(name), meanings.get(one.name, ""), _value(one.default)


def _function(entry: Any) -> Callable[..., Any]:
    """Import what a registry's entry names by its path; an entry without one is the function."""
    module, _, name = getattr(entry, "path", "").partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name) if module else entry
    return function


def _data_sets() -> Iterator[Row]:
    for name, entry in SOURCES.items():
        yield _code(name), _says(entry)


def _keywords(function: Callable[..., Any]) -> list[inspect.Parameter]:
    parameters = inspect.signature(function).parameters.values()
    return [one for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY]


def _settings(kind: type[Any]) -> Callable[[], Iterator[Row]]:
    def rows() -> Iterator[Row]:
        meanings = _arguments(kind)
        for field in dataclasses.fields(kind):
            yield _code(field.name), meanings.get(field.name, ""), _value(field.default)

    return rows


def _rooms() -> Iterator[Row]:
    for layer in LAYERS:
        for name in sorted(layer):
            folder = ROOT / name.replace(".", "/")
            inside = [*folder.glob("[a-z]*.py"), *folder.glob("*/__init__.py")]
            modules = sorted(p.parent.name if p.stem == "__init__" else p.stem for p in inside)
            path = f"{name.replace('.', '/')}{'/' if modules else '.py'}"
            yield _code(path), _says(import_module(name)), ", ".join(map(_code, modules))


def _public_names() -> Iterator[Row]:
    for name in search.__all__:
        yield _code(f"search.{name}"), _says(getattr(search, name))


def _outputs() -> Iterator[Row]:
    for verbs, output in _by_output().items():
        yield ", ".join(_code(f"search {verb}") for verb in verbs), output


def _by_output() -> dict[tuple[str, ...], str]:
    """Put commands that print the same together."""
    verbs: dict[str, list[str]] = {}
    for verb, output in OUTPUTS.items():
        verbs.setdefault(output.description, []).append(verb)
    return {tuple(names): description for description, names in verbs.items()}


def _events() -> Iterator[Row]:
    for event in get_args(Event):
        keys = get_type_hints(event)
        (name,) = get_args(keys["event"])
        fields = [key for key in keys if key not in {"event", "time"}]
        yield _code(name), _says(event), ", ".join(map(_code, fields))


def _tools() -> Iterator[Row]:
    for name in (*READING, *CHANGING):
        needs = "" if name in READING else _code("--allow-changes")
        yield _code(name), _says(getattr(ChangingTools, name)), needs


def _markers() -> Iterator[Row]:
    for marker in _project()["tool"]["pytest"]["ini_options"]["markers"]:
        name, _, meaning = marker.partition(": ")
        yield _code(name), meaning


def _benchmarks() -> Iterator[Row]:
    for name, measure in MEASUREMENTS.items():
        yield _code(name), _says(measure)


def _results(names: Collection[str]) -> Iterator[Row]:
    for line in RESULTS.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].strip("`") in names:
            yield tuple(cells[:6])


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


_RESULTS = ("benchmark", "what", "value", "target", "", "date")
_SETTING = ("parameter", "meaning", "default")

TABLES: dict[str, tuple[Row, Callable[[], Iterable[Row]]]] = {
    "commands": (("command", "what it is for"), _commands),
    "options": (("command", "options"), _options),
    "keys": (("key", "meaning", "default"), _keys),
    "parameters": (("key", "of", "meaning"), _parameter_keys),
    "samplers": (("`sampler.name`", "what it does", "its options"), _registry(SAMPLERS)),
    "pruners": (("`pruner.name`", "what it does", "its options"), _registry(PRUNERS)),
    "trackers": (("name", "what it is", "needs"), _trackers),
    "spaces": (("space", "what it searches", "model", "budget"), _spaces),
    "models": (("`model`", "what it is"), _models),
    "training": (_SETTING, _settings(TrainingParameters)),
    "schedule": (_SETTING, _settings(ScheduleParameters)),
    "freezing": (_SETTING, _settings(FreezeParameters)),
    "augmentation": (_SETTING, _settings(AugmentationParameters)),
    "data": (_SETTING, _settings(DataSettings)),
    "data sets": (("`data.name`", "what it is"), _data_sets),
    "model parameters": (("parameter", "of", "meaning", "default"), _model_parameters),
    "rooms": (("room", "what it holds", "modules"), _rooms),
    "names": (("name", "what it is"), _public_names),
    "outputs": (("command", "what it prints with `--json`"), _outputs),
    "events": (("event", "what it tells", "its fields"), _events),
    "tools": (("tool", "what it does", "needs"), _tools),
    "markers": (("marker", "what the test needs"), _markers),
    "benchmarks": (("name", "what it measures"), _benchmarks),
}
