"""Space files that nobody would write: made of the schema, of ours with mistakes, of the two.

`bad_answer` gives one to `search check` and tells what is wrong with the answer, if anything.
"""

import copy
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import strategies as st
from ruamel.yaml import YAML

from search import cli
from search.spaces.spec import json_schema
from tests.conftest import ROOT

N_TESTED = 200
"""Files of which the tests look at the answer; the benchmark looks at ten times as many."""

_OBJECTIVES = {
    "toy_objective": 'def train(params, **settings):\n    yield {"score": 1.0}\n',
    "exits": "import sys\n\nsys.exit(7)\n\n\ndef train(params, **settings): ...\n",
}
_SCHEMA = json_schema()
_SOUND: dict[str, Any] = {
    "study": "toy",
    "objective": "toy_objective:train",
    "metric": {"name": "score", "direction": "maximize"},
    "budget": {"trials": 4},
}
_ODD_NUMBERS = [0, -1, 2**53, 2**53 + 1, 2**63, 10**30, 1e308, -1e308, 5e-324, 1e-320, 1e999]
_ODD_TEXTS = [
    *("", "~", "~nouser/x", "[/]", "\x1b[31m", "\u202e", "a\nb", "\x00", "1e-4", "no", "<<"),
    *("epoch", "params_x", "exits:train", "toy_objective:train", "a.b:c", "s3://x", "p0 > 1"),
]


def enter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder that holds the objectives of hostile files, until the test ends."""
    for name, source in _OBJECTIVES.items():
        (folder / f"{name}.py").write_text(source)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(folder)


def bad_answer(text: str) -> str | None:
    """Check a space file in the current folder; say what is wrong with how that ended."""
    Path("space.yaml").write_bytes(text.encode(errors="surrogatepass"))
    out, err = StringIO(), StringIO()
    with (
        mock.patch.object(sys, "argv", ["search", "check", "space.yaml"]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            cli.main()
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
        except Exception as error:  # noqa: BLE001  this is what is looked for
            return f"{type(error).__name__}: {error}"
    told = out.getvalue() + err.getvalue()
    if code not in (0, 2):
        return f"exit code {code}"
    strange = {c for c in told if not c.isprintable() and c != "\n"}
    return f"control characters {strange}" if strange else None


def space_texts() -> st.SearchStrategy[str]:
    """Make texts of space files, most of them YAML."""
    data = st.one_of(_of(_SCHEMA), _mutated(st.sampled_from(_shipped())), _mutated(_of(_SCHEMA)))
    return st.one_of(data.map(_written), _cut(data.map(_written)), st.text(max_size=80))


def _shipped() -> list[dict[str, Any]]:
    """Read the spaces that come with the program, for an objective that is here."""
    spaces = [YAML(typ="safe").load(path) for path in sorted((ROOT / "spaces").glob("*.yaml"))]
    return [{**space, "objective": "toy_objective:train"} for space in spaces]


def _of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Make what a part of the schema allows, or nearly."""
    if "$ref" in schema:
        return _of(_SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    for several in ("anyOf", "oneOf"):
        if several in schema and "properties" not in schema:
            return st.one_of(*map(_of, schema[several]))
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    kinds = schema.get("type", "string")
    if isinstance(kinds, list):
        return st.one_of(*(_of({**schema, "type": kind}) for kind in kinds))
    match kinds:
        case "object":
            return _object(schema)
        case "array":
            return st.lists(_of(schema.get("items", {})), max_size=4)
        case "integer":
            return _rarely(st.sampled_from(_ODD_NUMBERS), st.integers(1, 9))
        case "number":
            return _rarely(st.sampled_from(_ODD_NUMBERS), st.sampled_from([0.25, 0.5, 1, 2]))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    usual = schema.get("examples", ["toy", "p0 > 1", "a", "b", "journal", "random"])
    return _rarely(st.sampled_from(_ODD_TEXTS) | st.text(max_size=8), st.sampled_from(usual))


def _object(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    parts = {name: _of(part) for name, part in schema.get("properties", {}).items()}
    required = {name: parts.pop(name) for name in schema.get("required", []) if name in parts}
    if "study" in required:  # the top: most must be sound, for the rest to be looked at
        del parts["metrics"]
        required["metric"] = parts.pop("metric")
        required |= {name: _mostly(value, required[name]) for name, value in _SOUND.items()}
    fixed = st.fixed_dictionaries(required, optional=parts).map(_in_order)
    further = schema.get("additionalProperties")
    if not isinstance(further, dict):
        return fixed
    names = _rarely(st.sampled_from(_ODD_TEXTS), st.sampled_from(["p0", "p1", "p2", "p3"]))
    return st.dictionaries(
        names, _of(further), min_size=schema.get("minProperties", 0), max_size=4
    )


def _in_order(section: dict[str, Any]) -> dict[str, Any]:
    bounds = sorted(section[name] for name in ("low", "high") if name in section)
    return {**section, "low": bounds[0], "high": bounds[1]} if len(bounds) == 2 else section


def _rarely(odd: st.SearchStrategy[Any], usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 19).flatmap(lambda n: odd if n == 19 else usual)


def _mostly(value: Any, others: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return _rarely(others, st.just(value))


def _odd() -> st.SearchStrategy[Any]:
    scalars = st.sampled_from([*_ODD_NUMBERS, *_ODD_TEXTS, None, True, "\ud800"])
    return scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=3), scalars)


@st.composite
def _mutated(draw: st.DrawFn, sources: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """Change some values of a space, wherever they lie, or take or give keys."""
    space = copy.deepcopy(draw(sources))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(space))
        if not places:
            break
        parent, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["change", "take", "give"])):
            case "take":
                del parent[key]
            case "give" if isinstance(parent, dict):
                parent[draw(st.sampled_from([*_SCHEMA["properties"], *_ODD_TEXTS]))] = draw(_odd())
            case _:
                parent[key] = draw(_odd())
    return space


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _written(space: dict[str, Any]) -> str:
    """Write a space as JSON, which is YAML, but for numbers that only the latter has."""
    text = json.dumps(space, indent=1)
    return text.replace("-Infinity", "-.inf").replace("Infinity", ".inf").replace("NaN", ".nan")


@st.composite
def _cut(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """Put something else in the place of a piece of a text."""
    text = draw(texts)
    start = draw(st.integers(0, len(text)))
    end = start + draw(st.integers(0, 9))
    return (
        text[:start] + draw(st.sampled_from([*_ODD_TEXTS, "&a ", "*a", "!!x ", "\t"])) + text[end:]
    )
