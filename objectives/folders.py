"""What lies in a folder of images: files, classes, splits, and what is wrong with them.

Files are listed, not opened. As torchvision's `ImageFolder` does it, each folder is a class,
files in its sub-folders belong to it, and images are told by their ending. Unlike there, hidden
files and those that operating systems leave behind are passed over.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from objectives.errors import SettingsError

ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""Of files that are read: those of torchvision's `ImageFolder`."""

SPLITS = ("train", "val", "test")

_LEFT_BEHIND = {"thumbs.db", "desktop.ini", "__macosx"}


class ImageFile(NamedTuple):
    """A file of a class, and the state it is in."""

    path: str
    """Below the surveyed folder."""
    label: int
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Survey:
    """What lies in a folder of images."""

    root: Path
    classes: tuple[str, ...]
    """The folders of the training split."""
    files: Mapping[str, tuple[ImageFile, ...]]
    """By split: `train`, and `val` and `test` where there are such folders."""
    problems: tuple[str, ...]
    """What must be put right before anything can be trained."""
    notes: tuple[str, ...]
    """What is worth knowing."""


def survey(root: Path) -> Survey:
    """List a folder of images.

    It has one folder of images per class, or `train` and perhaps `val` and `test`, each with
    one folder per class.
    """
    _require_folder(root)
    beside = _splits_in(root)
    base = root / "train" if "train" in beside else root
    classes = tuple(
        folder.name for folder in _folders(base) if base != root or folder.name not in beside
    )
    if not classes:
        raise _no_classes(base, beside)
    found = _Findings(root, classes)
    found.read_split("train", base, beside if base == root else set())
    for split in sorted(beside - {"train"}):
        found.read_split(split, root / split)
    if base != root:
        found.note_folders_beside(beside)
    return found.survey()


def printable(name: str) -> str:
    """Write a name so that it stays on its line: what cannot be printed is escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)


def counted(n: int, noun: str, plural: str = "") -> str:
    """Write a number of things, as `1 class` or `2,000 files`."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


@dataclass
class _Findings:
    """Gathers what a survey finds."""

    root: Path
    classes: tuple[str, ...]
    files: dict[str, tuple[ImageFile, ...]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def survey(self) -> Survey:
        if self.skipped:
            endings = ", ".join(f"{ending} {n}" for ending, n in sorted(self.skipped.items()))
            total = self.skipped.total()
            skipped = f"{counted(total, 'file')} {'is' if total == 1 else 'are'} skipped by ending"
            self.notes.append(f"{skipped}: {endings}; read are {' '.join(ENDINGS)}")
        return Survey(self.root, self.classes, self.files, tuple(self.problems), tuple(self.notes))

    def read_split(self, split: str, base: Path, but: Set[str] = frozenset()) -> None:
        """List the files of one split, class by class; some folders are no classes."""
        files: list[ImageFile] = []
        for folder in _folders(base):
            if folder.name in but:
                continue
            if folder.name in self.classes:
                files += self._class_files(folder, self.classes.index(folder.name))
            else:
                self._unknown_class(split, folder)
        self.files[split] = tuple(files)
        stray = [file for file in _files(base) if _is_image(file.name)]
        if stray:
            where = printable(str(base.relative_to(self.root.parent)))
            self.notes.append(
                f"{counted(len(stray), 'image')} directly in {where}/ skipped, being of no class"
            )
        absent = [
            printable(name)
            for name, n in zip(self.classes, self._counts(split), strict=True)
            if not n
        ]
        if split != "train" and absent:
            self.notes.append(f"{split}/ has no image of {', '.join(absent)}")

    def note_folders_beside(self, splits: set[str]) -> None:
        """Say which folders lie beside the splits and are not read."""
        beside = [printable(f.name) + "/" for f in _folders(self.root) if f.name not in splits]
        if beside:
            self.notes.append(f"not read, beside train/: {', '.join(beside)}")

    def _class_files(self, folder: Path, label: int) -> list[ImageFile]:
        """List the files of a class, also those in its sub-folders."""
        found, nested = [], Counter[str]()
        for path in self._walk(folder, self._above(folder)):
            if not _is_image(path.name):
                self.skipped[path.suffix.lower() or "no ending"] += 1
                continue
            found.append(_image_file(path, self.root, label))
            if path.parent != folder:
                nested[printable(str(path.parent.relative_to(self.root)))] += 1
        if nested:
            places = [f"{place}/ {n}" for place, n in nested.most_common(3)]
            more = [f"{len(nested) - 3} more"] if len(nested) > 3 else []
            whose = printable(folder.name)
            self.notes.append(
                f"{counted(nested.total(), 'image')} in sub-folders of class {whose} counted "
                f"as {whose}: {', '.join(places + more)}"
            )
        return found

    def _above(self, folder: Path) -> tuple[str, ...]:
        return tuple(map(os.path.realpath, {self.root, folder.parent}))

    def _walk(self, folder: Path, above: tuple[str, ...]) -> Iterator[Path]:
        """Go through the files below a folder; a link back to a folder above is not followed."""
        here = os.path.realpath(folder)
        if here in above:
            return
        try:
            entries = sorted(_visible(folder), key=lambda entry: entry.name)
        except OSError as error:
            where = printable(str(folder.relative_to(self.root)))
            self.problems.append(f"{where}/ cannot be read: {_reason(error)}")
            return
        for entry in entries:
            if entry.is_dir():
                yield from self._walk(Path(entry.path), (*above, here))
            else:
                yield Path(entry.path)

    def _unknown_class(self, split: str, folder: Path) -> None:
        n = sum(_is_image(path.name) for path in self._walk(folder, self._above(folder)))
        if n:
            name = printable(folder.name)
            self.problems.append(
                f"{split}/{name} holds {counted(n, 'image')} of a class that train/ lacks"
            )

    def _counts(self, split: str) -> list[int]:
        counted = Counter(file.label for file in self.files[split])
        return [counted[label] for label in range(len(self.classes))]


def _require_folder(root: Path) -> None:
    what = f"data.path: one folder of images per class must lie in {printable(str(root))}, "
    if not root.exists():
        raise SettingsError(what + "there is no such folder")
    if not root.is_dir():
        raise SettingsError(what + "which is a file")
    try:
        os.scandir(root).close()
    except OSError as error:
        raise SettingsError(f"{what}which cannot be read: {_reason(error)}") from None


def _no_classes(base: Path, splits: set[str]) -> SettingsError:
    if splits and "train" not in splits:
        return SettingsError(
            f"data.path: a folder 'train' must lie in {printable(str(base))}, got only "
            f"{' and '.join(sorted(splits))}"
        )
    n = sum(_is_image(path.name) for path in _files(base))
    got = f"{counted(n, 'image')} directly in it" if n else "nothing"
    where = printable(str(base))
    return SettingsError(
        f"data.path: one folder of images per class must lie in {where}, got {got}"
    )


def _splits_in(root: Path) -> set[str]:
    """Name the folders that are splits; a class may have the name of one.

    A split has a folder that is named as one beside it, or as one of another split.
    """
    names = {folder.name for folder in _folders(root)}
    inside = {
        split: {f.name for f in _folders(root / split)} for split in SPLITS if split in names
    }
    if "train" in inside and (inside["train"] or names <= {*SPLITS}):
        return {"train", *inside}
    return {
        split
        for split, classes in inside.items()
        if classes and (classes & names or names <= {*SPLITS})
    }


def _folders(place: Path) -> list[Path]:
    return sorted(Path(entry.path) for entry in _visible(place) if entry.is_dir())


def _files(place: Path) -> list[Path]:
    return [Path(entry.path) for entry in _visible(place) if not entry.is_dir()]


def _visible(folder: Path) -> list["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        return [
            entry
            for entry in entries
            if not entry.name.startswith(".") and entry.name.lower() not in _LEFT_BEHIND
        ]


def _is_image(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def _image_file(path: Path, root: Path, label: int) -> ImageFile:
    below = str(path.relative_to(root))
    try:
        stat = path.stat()
    except OSError:  # a link that points to nothing: reading it will tell
        return ImageFile(below, label, 0, 0)
    return ImageFile(below, label, stat.st_size, stat.st_mtime_ns)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
