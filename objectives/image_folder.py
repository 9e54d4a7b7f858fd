"""Images of the user's own: a folder surveyed, read once, divided, and told of.

What is wrong is told all at once; what is only worth knowing is told in notes.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from objectives.errors import SettingsError
from objectives.folders import SPLITS, ImageFile, Survey, counted, printable, survey
from objectives.images import (
    DataSettings,
    Indices,
    count_classes,
    digest_of,
    divide,
    fill,
    mapped_arrays,
    source_arrays,
)
from objectives.pictures import read_files
from objectives.sources import Arrays, cache_folder

NO_TEST = "no test split: search evaluate needs a folder test/ or data.test_fraction"
_MOST_PROBLEMS = 20
_MOST_NAMES = 5
_READING = "2"
"""Of how files are read: to be raised with any change, so that they are prepared again."""


@dataclass(frozen=True)
class Read:
    """Files of a folder that have been read; the images lie in the cache at `place`."""

    place: Path
    files: tuple[ImageFile, ...]
    bad: dict[int, str]
    """Why some could not be read, by their places."""
    digests: tuple[str, ...]
    """One for each file; the same for files of the same content."""

    @property
    def good(self) -> list[int]:
        """Places of the files that could be read."""
        return [place for place in range(len(self.files)) if place not in self.bad]

    def labels(self) -> Indices:
        """Give the classes of the files that could be read."""
        return np.array([self.files[place].label for place in self.good], np.int64)

    def map(self) -> Arrays:
        """Map the images of the files that could be read."""
        return mapped_arrays(self.place)


@dataclass(frozen=True)
class ImageFolder:
    """A folder of images that can be trained on."""

    survey: Survey
    fit: Read
    """Files of `train` and `val`."""
    test: Read | None
    """Files of the folder `test`, if there is one."""
    places: dict[str, Indices]
    """Of each split that is drawn from `fit`: which of its good files."""

    def class_counts(self) -> dict[str, dict[str, int]]:
        """Count the images of each class in each split."""
        labels = self.fit.labels()
        of_split = {split: labels[places] for split, places in self.places.items()}
        if self.test:
            of_split["test"] = self.test.labels()
        return count_classes(list(map(printable, self.survey.classes)), of_split)

    def notes(self) -> list[str]:
        """Tell what is worth knowing of the images before a search: a sentence, perhaps a list."""
        n_bad = len(self.fit.bad) + (len(self.test.bad) if self.test else 0)
        left_out = f"{counted(n_bad, 'file')} that cannot be read left out (data.skip_bad)"
        return [
            *self.survey.notes,
            *([left_out] if n_bad else []),
            *_duplicate_notes(self._files_by_digest()),
            *_absent_notes(self.class_counts(), self._drawn()),
            *([] if "test" in self.places or self.test else [NO_TEST]),
        ]

    def _drawn(self) -> list[str]:
        """Name the splits that have no folder of their own."""
        return [split for split in self.places if split not in self.survey.files]

    def _files_by_digest(self) -> dict[str, list[tuple[str, ImageFile]]]:
        """Gather splits and files of each content; files that no split uses are left out."""
        found: dict[str, list[tuple[str, ImageFile]]] = defaultdict(list)
        good = self.fit.good
        for split, places in self.places.items():
            for place in places:
                found[self.fit.digests[good[place]]].append((split, self.fit.files[good[place]]))
        if self.test:
            for place in self.test.good:
                found[self.test.digests[place]].append(("test", self.test.files[place]))
        return found


def open_folder(settings: DataSettings) -> ImageFolder:
    """Survey and read a folder of images; only what has changed since the last time is read.

    All that is wrong is one `SettingsError`, one thing a line.
    """
    found = survey(settings.folder)
    fit_files = (*found.files["train"], *found.files.get("val", ()))
    fit = _read(settings, found, "fit", fit_files, settings.image_size)
    test = None
    if "test" in found.files:
        size = settings.image_size or int(np.load(fit.place / "images.npy", "r").shape[2])
        test = _read(settings, found, "test", found.files["test"], size)
    n_train = len(found.files["train"])
    in_val = np.array([place >= n_train for place in fit.good], bool)
    _refuse(settings, found, [fit, test] if test else [fit], fit.labels()[~in_val])
    return ImageFolder(found, fit, test, divide(fit.labels(), settings, in_val))


def fit_images(settings: DataSettings) -> tuple[Arrays, dict[str, Indices]]:
    """Map the images that `train` and `val` are of, from any source, and place both splits."""
    if settings.is_folder:
        folder = open_folder(settings)
        return folder.fit.map(), folder.places
    arrays = source_arrays(settings, "train")
    return arrays, divide(arrays.labels, settings, np.zeros(len(arrays.labels), bool))


def _read(
    settings: DataSettings,
    found: Survey,
    part: str,
    files: tuple[ImageFile, ...],
    size: int | None,
) -> Read:
    """Read files, or what is known of them from the last time; another state is read again."""
    place = cache_folder() / "images" / _key(settings, part, files, size)
    findings = place / "files.json"

    def read() -> Arrays:
        done = read_files([found.root / file.path for file in files], size)
        known = {"bad": [*done.bad.items()], "digests": done.digests}
        findings.write_text(json.dumps(known), encoding="utf-8")
        labels = [file.label for i, file in enumerate(files) if i not in done.bad]
        names = tuple(map(printable, found.classes))
        return Arrays(done.images, np.array(labels, np.int64), names)

    fill(place, read)
    known = json.loads(findings.read_text(encoding="utf-8"))
    return Read(place, files, dict(known["bad"]), tuple(known["digests"]))


def _key(settings: DataSettings, part: str, files: tuple[ImageFile, ...], size: int | None) -> str:
    parts = [_READING, str(settings.folder), str(size)]
    parts += [f"{file.path} {file.label} {file.size} {file.mtime_ns}" for file in files]
    return f"{settings.name}-{part}-{digest_of(parts)}"


def _refuse(settings: DataSettings, found: Survey, read: Sequence[Read], labels: Indices) -> None:
    """Refuse a folder with all that is wrong in one message; its first line says what sort."""
    bad = [
        f"{printable(of.files[place].path)} cannot be read: {reason}"
        for of in read
        for place, reason in of.bad.items()
    ]
    bad = [] if settings.skip_bad else bad
    small = _too_small(settings, found, labels)
    others = [*found.problems, *_wrong_folders(settings, found)]
    problems = [*others, *_first(small), *_first(bad)]
    if not problems:
        return
    sorts = [f"{counted(len(bad), 'file')} that cannot be read"] if bad else []
    sorts += [f"{counted(len(small), 'class', 'classes')} with too few images"] if small else []
    sorts += [f"{counted(len(others), 'problem')} with its folders"] if others else []
    where = f"data.path: {printable(str(found.root))}"
    told = [f"{where}: {problems[0]}"]
    if len(problems) > 1:
        told = [f"{where} has {', '.join(sorts)}; the first: {problems[0]}", *problems[1:]]
    hint = ["data.skip_bad: true leaves out files that cannot be read"] if bad else []
    raise SettingsError("\n  ".join([*told, *hint, *found.notes]))


def _first(lines: Sequence[str], most: int = _MOST_PROBLEMS) -> list[str]:
    more = len(lines) - most
    return [*lines[:most], *([f"and {more:,} more"] if more > 0 else [])]


def _wrong_folders(settings: DataSettings, found: Survey) -> list[str]:
    problems = []
    if len(found.classes) < 2:
        problems.append(f"two classes at least must be there, got {printable(found.classes[0])}")
    if settings.test_fraction and "test" in found.files:
        problems.append("data.test_fraction may be given only where no folder test/ is, got both")
    return problems


def _too_small(settings: DataSettings, found: Survey, labels: Indices) -> list[str]:
    """Name the classes that have too few images to have some in each split."""
    drawn = ["test"] if settings.test_fraction else []
    drawn += [] if "val" in found.files and settings.limit is None else ["val"]
    least = 1 + len(drawn)
    counts = np.bincount(labels, minlength=len(found.classes))
    why = f"; a split into {' and '.join(['train', *drawn])} needs {least}" if drawn else ""
    return [
        f"class {printable(name)} has {counted(int(n), 'image') if n else 'no images'}{why}"
        for name, n in zip(found.classes, counts, strict=True)
        if n < least
    ]


def _duplicate_notes(files: dict[str, list[tuple[str, ImageFile]]]) -> list[str]:
    """Name equal files of different splits or classes, and count the others."""
    across: dict[str, list[str]] = defaultdict(list)
    within: Counter[str] = Counter()
    for same in files.values():
        splits, labels = ({place[0] for place in same}, {place[1].label for place in same})
        pair = _two_of(same)
        if len(splits) > 1:
            across[f"in {_listed(splits)}"].append(pair)
        elif len(labels) > 1:
            across["in two classes"].append(pair)
        elif len(same) > 1:
            within[same[0][0]] += len(same) - 1
    notes = []
    for where, pairs in across.items():
        told = _first(pairs, _MOST_NAMES)
        notes.append("\n  ".join([f"{counted(len(pairs), 'image')} {where} at once:", *told]))
    return notes + [
        f"{counted(n, 'image')} of {split} {'is a copy' if n == 1 else 'are copies'} of another"
        for split, n in within.items()
    ]


def _two_of(same: Sequence[tuple[str, ImageFile]]) -> str:
    """Name two equal files, of different splits or else classes if there are such."""
    first = same[0]
    other = next((s for s in same if s[0] != first[0]), None)
    other = other or next((s for s in same if s[1].label != first[1].label), same[-1])
    return " = ".join(f"{printable(file.path)} ({split})" for split, file in (first, other))


def _listed(splits: Iterable[str]) -> str:
    return " and ".join(split for split in SPLITS if split in splits)


def _absent_notes(counts: dict[str, dict[str, int]], drawn: Sequence[str]) -> list[str]:
    """Say which classes have so few images that a drawn split got none."""
    absent = {split: [name for name, of in counts.items() if not of[split]] for split in drawn}
    return [
        f"{split} has got no image of {', '.join(_first(names, _MOST_NAMES))}: it has too few"
        for split, names in absent.items()
        if names
    ]
