"""Reads a YAML 1.2 text and remembers where every key and value stands.

Leaves what the values mean to `search.spaces.spec`. Values are plain scalars, lists and dicts:
tags that would build Python objects are refused. What is too large is refused before it is
built: reading takes a fraction of a second and few megabytes, whoever wrote the text.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from search.errors import Mistake, SpaceError
from search.text import shortened

MAX_CHARACTERS = 400_000
"""Of a text: each takes a microsecond to read."""
MAX_VALUES = 10_000
"""In a text, aliases written out, as a few lines of them can stand for billions. A value takes 30
microseconds to read; a file of 1,000 known points has about as many."""
MAX_DEPTH = 100
"""Lists and mappings within another; reading calls itself for each."""
MAX_BITS = 64
"""Of a whole number: any such is a float, if not exactly, and can be written."""
MAX_PROBLEMS = 100
"""Mistakes that are told at once."""
OF_OURS = 10
"""How many times larger a file may be that this program wrote: it writes each value on a line."""

_MAX_TEXT = 1_000
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
        told = shortened(text, _MAX_TEXT)
        self.problems.append(Mistake(told, *self._place(path, at_key), dotted(path)))

    def raise_problems(self) -> None:
        """Stop if any mistake was noted, with all of them in the order of the file."""
        if self.problems:
            mistakes = sorted(dict.fromkeys(self.problems), key=_reading_order)
            more = ["there are more mistakes"] if len(mistakes) > MAX_PROBLEMS else []
            raise SpaceError([*mistakes[:MAX_PROBLEMS], *more])

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


def read_document(path: Path, slack: int = 1) -> Document:
    """Read a YAML file whose top level is a mapping; keys given twice are noted as problems.

    Args:
        path: The file.
        slack: How many times larger than others it may be.

    Returns:
        Its content, with places.

    Raises:
        SpaceError: If it cannot be read, is too large, or is no mapping.
    """
    document = Document(name=str(path))
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(slack * MAX_CHARACTERS + 1)  # it may have no end
    except FileNotFoundError:
        raise SpaceError([Mistake("a space file must exist, none found", str(path))]) from None
    except IsADirectoryError:
        text = "a space file must be a file, got a folder"
        raise SpaceError([Mistake(text, str(path))]) from None
    except (OSError, UnicodeDecodeError) as error:
        problem = f"a space file must be readable text, got {error}"
        raise SpaceError([Mistake(problem, str(path))]) from None
    if len(text) > slack * MAX_CHARACTERS:
        problem = f"a space file must have at most {slack * MAX_CHARACTERS:,} characters, got more"
        raise SpaceError([Mistake(problem, str(path))])
    data = _compose(text, document, slack=slack)
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


class _LimitError(Exception):
    """A text is larger than any should be, or nested deeper; `mark` is where."""

    def __init__(self, text: str, mark: StreamMark) -> None:
        super().__init__(text)
        self.mark = mark


class _BoundedComposer(Composer):
    """Stops at the first value too many; an anchor may be given twice, as YAML 1.2 has it."""

    def __init__(self, loader: Any, most: int) -> None:
        super().__init__(loader)
        self.warn_double_anchors = False
        self._most = most
        self._n_nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._n_nodes += 1
        mark = self.parser.peek_event().start_mark
        if self._n_nodes > 2 * self._most:  # keys are nodes, too
            raise _too_many(self._most, mark)
        if self.depth > MAX_DEPTH:
            raise _too_deep(mark)
        return super().compose_node(parent, index)


def _too_many(most: int, mark: StreamMark) -> _LimitError:
    return _LimitError(f"at most {most:,} values must be given, aliases written out", mark)


def _too_deep(mark: StreamMark) -> _LimitError:
    return _LimitError(f"values must be nested at most {MAX_DEPTH} deep", mark)


class _Reader:
    """Builds plain data from YAML nodes and notes their places in a document."""

    def __init__(self, document: Document, most: int) -> None:
        self.document = document
        self.yaml = YAML(typ="safe", pure=True)
        self.yaml.Composer = functools.partial(  # type: ignore[assignment]  # it is but called
            _BoundedComposer, most=most
        )
        self.open_nodes: set[int] = set()
        self._most = most
        self._n_values = 0

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
        self._n_values += 1
        if self._n_values > self._most:
            raise _too_many(self._most, node.start_mark)
        if len(path) > MAX_DEPTH:
            raise _too_deep(node.start_mark)
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
            key = self._text(str(key_node.value), path)
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
        if kind in {"timestamp", "str"}:
            return self._text(str(node.value), path)
        try:
            value = self.yaml.constructor.construct_object(node)
        except (ValueError, LookupError):
            self.document.add_problem(path, f"a value of the type {kind} must be given")
            return None
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            text = f"a whole number of at most {MAX_BITS} bits must be given, got one of "
            self.document.add_problem(path, text + f"{value.bit_length():,}")
            return None
        return value

    def _text(self, text: str, path: KeyPath) -> str:
        """Join the halves of a character as JSON escapes it; half of one is a mistake."""
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self.document.add_problem(path, f"a text must be Unicode, got {text!r}")
            return ""


def _compose(text: str, document: Document, path: KeyPath = (), slack: int = 1) -> Any:
    """Read a text into plain data, noting in the document where everything stands."""
    reader = _Reader(document, slack * MAX_VALUES)
    try:
        return reader.build(reader.yaml.compose(text), path)
    except _LimitError as error:
        index, reason = error.mark.index, str(error)
    except YAMLError as error:
        index, reason = _syntax_problem(error, text)
    before = text[:index]
    line, column = before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1
    place = (line, column) if document.is_file else (None, None)
    raise SpaceError([Mistake(shortened(reason, _MAX_TEXT), document.name, *place)])


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
