"""A disk in memory that knows what is flushed, and the states in which a power cut may leave it.

Only what was flushed is sure to survive: of a file its content, by `fsync` of the file; of a
folder its entries, by `fsync` of the folder. Of the rest any part may survive, in any order: a
write whole, torn, as zeros of its length, or not at all; a change of a folder or not. What is
renamed is renamed at once.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

Tree = dict[str, bytes | None]
"""What a disk holds: content by path, None for a folder."""


@dataclass
class Write:
    """Bytes put into a file; `data` is None where it is cut to the length `at`."""

    at: int
    data: bytes | None

    def on(self, content: bytes) -> bytes:
        """Give a content after this."""
        if self.data is None:
            return content[: self.at].ljust(self.at, b"\0")
        return (
            content[: self.at].ljust(self.at, b"\0")
            + self.data
            + content[self.at + len(self.data) :]
        )


@dataclass
class Change:
    """An entry put into a folder, one taken out of it, or both at once."""

    added: str | None
    removed: str | None
    node: int = -1

    def on(self, entries: dict[str, int]) -> None:
        """Change a folder's entries."""
        if self.removed is not None:
            entries.pop(self.removed, None)
        if self.added is not None:
            entries[self.added] = self.node


@dataclass
class File:
    """A file: what is flushed of it, and what was written since."""

    flushed: bytes = b""
    pending: list[Write] = field(default_factory=list)

    def content(self) -> bytes:
        """Give what a program reads in it."""
        return _written(self.flushed, self.pending)

    def flush(self) -> None:
        """Make all of it sure."""
        self.flushed, self.pending = self.content(), []

    def survivors(self) -> list[bytes]:
        """List what a power cut may leave of it."""
        if not self.pending:
            return [self.flushed]
        *earlier, last = self.pending
        half = None if last.data is None else last.data[: len(last.data) // 2]
        zeros = [Write(w.at, None if w.data is None else bytes(len(w.data))) for w in self.pending]
        torn = _written(self.flushed, [*earlier, Write(last.at, half)])
        found = [self.content(), self.flushed, torn, _written(self.flushed, zeros)]
        return list(dict.fromkeys(found))


@dataclass
class Folder:
    """A folder: which entries are flushed, and how it was changed since."""

    flushed: dict[str, int] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)

    def entries(self) -> dict[str, int]:
        """Give what a program lists in it."""
        return _changed(self.flushed, self.pending)

    def flush(self) -> None:
        """Make all of it sure."""
        self.flushed, self.pending = self.entries(), []

    def survivors(self) -> list[dict[str, int]]:
        """List what a power cut may leave of it: all subsets of few changes, some of many."""
        n = len(self.pending)
        if n <= _FEW:
            kept = [list(flags) for flags in itertools.product([True, False], repeat=n)]
        else:
            kept = [[True] * n, [False] * n]
            kept += [[place == one for place in range(n)] for one in range(n)]
            kept += [[place != one for place in range(n)] for one in range(n)]
        return [_changed(self.flushed, itertools.compress(self.pending, flags)) for flags in kept]


_FEW = 4
_ROOT = 0


class Disk:
    """Files and folders below one, which are all flushed at first.

    Args:
        tree: What lies there.
    """

    def __init__(self, tree: Tree) -> None:
        self._nodes: dict[int, File | Folder] = {_ROOT: Folder()}
        for path, content in sorted(tree.items()):
            self.make(path, Folder() if content is None else File(content))
        for node in self._nodes.values():
            node.flush()

    def make(self, path: str, made: File | Folder) -> None:
        """Put a new file or folder at a path."""
        node = len(self._nodes)
        self._nodes[node] = made
        self._change(path, Change(PurePosixPath(path).name, None, node))

    def link(self, source: str, target: str) -> None:
        """Give a file a second name."""
        self._change(target, Change(PurePosixPath(target).name, None, self._find(source)))

    def rename(self, source: str, target: str) -> None:
        """Give a file of a folder another name in it."""
        old, new = PurePosixPath(source), PurePosixPath(target)
        assert old.parent == new.parent, "a rename from folder to folder is not followed"
        self._change(target, Change(new.name, old.name, self._find(source)))

    def remove(self, path: str) -> None:
        """Take an entry away."""
        self._change(path, Change(None, PurePosixPath(path).name))

    def write(self, path: str, at: int | None, data: bytes | None) -> None:
        """Write into a file at a place, None for its end; without data, cut it there."""
        file = self.file(path)
        file.pending.append(Write(len(file.content()) if at is None else at, data))

    def flush(self, path: str) -> None:
        """Flush a file or folder."""
        self._nodes[self._find(path)].flush()

    def exists(self, path: str) -> bool:
        """Tell whether there is something at a path."""
        try:
            self._find(path)
        except KeyError:
            return False
        return True

    def file(self, path: str) -> File:
        """Give the file at a path."""
        file = self._nodes[self._find(path)]
        assert isinstance(file, File)
        return file

    def tree(self) -> Tree:
        """Give what programs see."""
        return next(self._survivors({}))

    def survivors(self, at_most: int, seed: int) -> Iterator[Tree]:
        """List what a power cut now may leave: all of it, or so many drawn from it."""
        parts = {n: part.survivors() for n, part in self._nodes.items() if part.pending}
        n_all = 1
        for variants in parts.values():
            n_all *= len(variants)
        if n_all <= at_most:
            choices = [*itertools.product(*(range(len(variants)) for variants in parts.values()))]
        else:
            chance = random.Random(seed)
            choices = [
                tuple(chance.randrange(len(v)) for v in parts.values()) for _ in range(at_most)
            ]
        for choice in choices:
            chosen = {
                n: variants[k] for (n, variants), k in zip(parts.items(), choice, strict=True)
            }
            yield from self._survivors(chosen)

    def _survivors(self, chosen: dict[int, bytes | dict[str, int]]) -> Iterator[Tree]:
        tree: Tree = {}
        waiting = [("", _ROOT)]
        while waiting:
            path, number = waiting.pop()
            node = self._nodes[number]
            if isinstance(node, File):
                tree[path] = chosen.get(number, node.content())  # type: ignore[assignment]
                continue
            if path:
                tree[path] = None
            entries = chosen.get(number, node.entries())
            assert isinstance(entries, dict)
            waiting += [(f"{path}/{name}" if path else name, n) for name, n in entries.items()]
        yield tree

    def _find(self, path: str) -> int:
        number = _ROOT
        for name in PurePosixPath(path).parts:
            folder = self._nodes[number]
            if not isinstance(folder, Folder):
                raise KeyError(path)
            number = folder.entries()[name]
        return number

    def _change(self, path: str, change: Change) -> None:
        folder = self._nodes[self._find(str(PurePosixPath(path).parent))]
        assert isinstance(folder, Folder)
        folder.pending.append(change)


def _written(content: bytes, writes: list[Write]) -> bytes:
    for write in writes:
        content = write.on(content)
    return content


def _changed(
    entries: dict[str, int], changes: "itertools.compress[Change] | list[Change]"
) -> dict[str, int]:
    entries = dict(entries)
    for change in changes:
        change.on(entries)
    return entries
