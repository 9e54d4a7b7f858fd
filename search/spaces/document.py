"""Reads a YAML 1.2 text and remembers where every key and value stands.

Leaves what the values mean to `search.spaces.spec`. Values are plain scalars, lists and dicts:
tags that would build Python objects are refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from search.errors import Mistake, SpaceError

_MAX_DEPTH = 100
_PLAIN_KINDS = {"map", "seq", "str", "null", "bool", "int", "float", "timestamp"}

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of a document to one of its values."""

Place = tuple[str, int | None, int | None]
"""What a mistake is in, with line and column in a file."""


class Problem(NamedTuple):
    """One mistake: where it is, what must hold, and whether the key is wrong, not its value."""

    path: KeyPath
    text: str
    at_key: bool = False


@dataclass(frozen=True)
class Override:
    """A value that is set over a file's.

    Args:
        assignment: A dotted key, an equals sign and a YAML value.
        where: How the user gave it, for messages.
    """

    assignment: str
    where: str


@dataclass
class Document:
    """A YAML file as plain data, with the place of every key and value.

    Args:
        name: What the file is called in messages.
        data: Its content.
        keys: Line and column of each key, from 1.
        values: Place of each value.
        overridden: How the values that were set over the file's were given, by path.
        problems: The mistakes noted so far.
        is_file: Whether the text has lines worth naming.
    """

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    keys: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    values: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    overridden: dict[KeyPath, str] = field(default_factory=dict)
    problems: list[Mistake] = field(default_factory=list)
    is_file: bool = True

    def add_problem(self, path: KeyPath, text: str, at_key: bool = False) -> None:
        """Note one mistake; a path that the file lacks is placed at its nearest ancestor."""
        self.problems.append(Mistake(text, *self._place(path, at_key), dotted(path)))

    def raise_problems(self) -> None:
        """Stop if any mistake was noted, with all of them in the order of the file."""
        if self.problems:
            mistakes = sorted(dict.fromkeys(self.problems), key=_reading_order)
            raise SpaceError(mistakes)

    def override(self, override: Override, example: str = "--set budget.trials=10") -> None:
        """Set one value; `example` is a right one, for the message if this is none."""
        where = override.where
        key, equals, text = override.assignment.partition("=")
        if not equals or not key.strip():
            raise SpaceError([Mistake(f"key=value must hold, as in {example}", where)])
        path: KeyPath = tuple(key.strip().split("."))
        given = Document(where, is_file=False)
        value = _compose(text, given, path)
        given.raise_problems()
        parent: Any = self.data
        for part in path[:-1]:
            if not isinstance(parent.get(part), dict):
                parent[part] = {}
            parent = parent[part]
        parent[path[-1]] = value
        undone = [other for other in self.overridden if other[: len(path)] == path]
        for other in undone:
            del self.overridden[other]
        self.overridden[path] = where

    def _place(self, path: KeyPath, at_key: bool) -> Place:
        for other, where in reversed(self.overridden.items()):
            length = min(len(other), len(path))
            if path and other[:length] == path[:length]:
                return where, None, None
        if not self.is_file:
            return self.name, None, None
        first, second = (self.keys, self.values) if at_key else (self.values, self.keys)
        for end in range(len(path), -1, -1):
            place = first.get(path[:end]) or second.get(path[:end])
            if place:
                return self.name, *place
        return self.name, 1, 1


def read_document(path: Path) -> Document:
    """Read a YAML file whose top level is a mapping; keys given twice are noted as problems."""
    document = Document(name=str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpaceError([Mistake("a space file must exist, none found", str(path))]) from None
    except IsADirectoryError:
        text = "a space file must be a file, got a folder"
        raise SpaceError([Mistake(text, str(path))]) from None
    except (OSError, UnicodeDecodeError) as error:
        text = f"a space file must be readable text, got {error}"
        raise SpaceError([Mistake(text, str(path))]) from None
    data = _compose(text, document)
    if not isinstance(data, dict):
        kind = "nothing" if data is None else "a list" if isinstance(data, list) else "a string"
        text = f"the top level must be a mapping of keys, got {kind}"
        raise SpaceError([Mistake(text, str(path), 1, 1)])
    document.data = data
    return document


def dotted(path: KeyPath) -> str:
    """Write a key path as users do: `start_from[0].filters`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Reader:
    """Builds plain data from YAML nodes and notes their places in a document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.yaml = YAML(typ="safe", pure=True)
        self.open_nodes: set[int] = set()

    def build(self, node: Node | None, path: KeyPath) -> Any:
        if node is None:
            return None
        if node.start_mark.index < node.end_mark.index:  # an empty value has no place
            self.document.values[path] = _place(node)
        if id(node) in self.open_nodes:
            self.document.add_problem(path, "an alias must not contain itself")
            return None
        kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
        if kind not in _PLAIN_KINDS:
            self.document.add_problem(path, f"plain values only, got the tag {node.tag}")
            return None
        if len(path) > _MAX_DEPTH:
            raise RecursionError
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return dict(self._items(node, path))
            if isinstance(node, SequenceNode):
                return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
            assert isinstance(node, ScalarNode)  # YAML has no fourth kind of node
            return self._scalar(node, path)
        finally:
            self.open_nodes.discard(id(node))

    def _items(self, node: MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.document.add_problem(
                    path, f"a key must be a string, on line {_line(key_node)}"
                )
                continue
            key = str(key_node.value)
            inner = (*path, key)
            self.document.keys[inner] = _place(key_node)
            if key in seen:
                self.document.add_problem(
                    inner, f"defined twice, first on line {seen[key]}", at_key=True
                )
                continue
            seen[key] = _line(key_node)
            yield key, self.build(value_node, inner)

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
        if kind == "timestamp":
            return str(node.value)
        try:
            return self.yaml.constructor.construct_object(node)
        except (ValueError, LookupError):
            self.document.add_problem(path, f"a value of the type {kind} must be given")
            return None


def _compose(text: str, document: Document, path: KeyPath = ()) -> Any:
    """Read a text into plain data, noting in the document where everything stands."""
    reader = _Reader(document)
    try:
        return reader.build(reader.yaml.compose(text), path)
    except RecursionError:
        raise SpaceError([Mistake("not YAML: nested too deeply", document.name)]) from None
    except YAMLError as error:
        index, reason = _syntax_problem(error, text)
        before = text[:index]
        line, column = before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1
        place = (line, column) if document.is_file else (None, None)
        raise SpaceError([Mistake(reason, document.name, *place)]) from None


def _syntax_problem(error: YAMLError, text: str) -> tuple[int, str]:
    """Find where in a text YAML was left, and say how."""
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        index = mark.index if mark else 0
        if text[index : index + 1] == "\t":
            return index, "tabs are not allowed here; indent with spaces"
        parts = [error.context, error.problem]
        return index, "not YAML: " + ", ".join(part for part in parts if part)
    index = getattr(error, "position", 0)
    return index, f"not YAML: the character {text[index : index + 1]!r} is not allowed"


def _place(node: Node) -> tuple[int, int]:
    return _line(node), int(node.start_mark.column) + 1


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _reading_order(problem: Mistake) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0
