"""Which images are trained on, selected on and tested on, and where they are kept.

A data set is read once and written as plain `.npy` files into the cache folder; every process
maps these files into memory, so that all of them share the same pages. Torch is not needed to
divide and to count what has been read.
"""

import fcntl
import hashlib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from objectives.errors import SettingsError, UnknownNameError, require_count
from objectives.sources import (
    SOURCES,
    TORCHVISION,
    Arrays,
    cache_folder,
    default_root,
    find_reader,
    reader_version,
)

IMAGE_FOLDER = "image_folder"
NAMES = (*SOURCES, IMAGE_FOLDER)

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class DataSettings:
    """Which images, and how they are split.

    Args:
        name: A key of `SOURCES`, `image_folder`, `torchvision:NAME` or `package.module:name`,
            see `objectives.sources.find_reader`.
        root: Folder of torchvision's data sets; None looks at `$SEARCH_DATA`, then the cache.
        path: Folder of an `image_folder`, in the current folder or else in `$SEARCH_DATA`.
        image_size: Height and width to scale to; None keeps those of the source.
        val_fraction: Share of the training images that becomes the validation split, in (0, 1);
            an image folder may have a folder `val` instead.
        test_fraction: Share of the images of a folder without `test` that becomes the test
            split, in [0, 1), before anything else is taken from them.
        limit: Number of training images to use (validation included), by class; None uses all.
        skip_bad: Whether to leave out files that cannot be read, instead of refusing them.
        seed: Of the splits and of `limit`.
        split_seed: Of the split into training and validation images alone, where that is drawn;
            None for `seed`. The images of `limit` and of the test split stay the same.
    """

    name: str = "digits"
    root: str | None = None
    path: str | None = None
    image_size: int | None = None
    val_fraction: float = 0.2
    test_fraction: float = 0
    limit: int | None = None
    skip_bad: bool = False
    seed: int = 0
    split_seed: int | None = None

    def __post_init__(self) -> None:
        """Refuse values that no data set can satisfy."""
        if self.name not in NAMES and ":" not in str(self.name):
            others = (f"{TORCHVISION}NAME", "package.module:name")
            raise UnknownNameError("data.name", self.name, [*NAMES, *others])
        if not 0 < self.val_fraction < 1:
            raise SettingsError(f"0 < data.val_fraction < 1 must hold, got {self.val_fraction}")
        if not 0 <= self.test_fraction < 1:
            raise SettingsError(f"0 <= data.test_fraction < 1 must hold, got {self.test_fraction}")
        for name, value in (("limit", self.limit), ("image_size", self.image_size)):
            if value is not None:
                require_count(f"data.{name}", value)
        if self.is_folder != (self.path is not None):
            raise SettingsError("data.path must be given for image_folder and for nothing else")
        for name in ("test_fraction", "skip_bad"):
            if getattr(self, name) and not self.is_folder:
                raise SettingsError(f"data.{name} may be given for image_folder only")

    @property
    def is_folder(self) -> bool:
        """Whether the images are the user's own."""
        return self.name == IMAGE_FOLDER

    @property
    def folder(self) -> Path:
        """Where the source reads from; a relative `path` may also lie in the data root."""
        given = Path(self.path or self.root or default_root()).expanduser()
        in_root = default_root() / given
        return (
            in_root if self.path and not given.exists() and in_root.exists() else given
        ).resolve()


def divide(
    labels: Indices, settings: DataSettings, in_val: NDArray[np.bool_]
) -> dict[str, Indices]:
    """Split by class, so that each part has every class in the same share.

    Args:
        labels: `(N,)`, 0 to K - 1.
        settings: How to split.
        in_val: `(N,)`, which images are the validation split already; none: it is drawn.

    Returns:
        Places of the images of `train` and `val`, and of `test` if it is drawn from them.
    """
    train, val = np.flatnonzero(~in_val), np.flatnonzero(in_val)
    test: dict[str, Indices] = {}
    if settings.test_fraction:
        train, drawn = _draw(
            train, labels, _n_left(len(train), settings.test_fraction), settings.seed
        )
        train, test = np.sort(train), {"test": np.sort(drawn)}
    if settings.limit is not None and settings.limit < len(train):
        train, _ = _draw(train, labels, settings.limit, settings.seed)
    if not len(val):
        seed = settings.seed if settings.split_seed is None else settings.split_seed
        train, val = _draw(train, labels, _n_left(len(train), settings.val_fraction), seed)
    return {"train": np.sort(train), "val": np.sort(val), **test}


def _draw(indices: Indices, labels: Indices, n_kept: int, seed: int) -> tuple[Indices, Indices]:
    kept, drawn = stratified_split(labels[indices], n_kept, seed)
    return indices[kept], indices[drawn]


def _n_left(n_images: int, share: float) -> int:
    return n_images - math.ceil(share * n_images)


def stratified_split(labels: Indices, n_first: int, seed: int) -> tuple[Indices, Indices]:
    """Draw some images so that both parts have every class in the same share.

    This is scikit-learn's `train_test_split(stratify=labels)`, number for number: written out, as
    importing that takes longer than all else that `search check` does, and as a study's split
    must not change with a release of a library.

    Args:
        labels: `(N,)`, the class of each image.
        n_first: Images of the first part; the second has the others.
        seed: The same seed gives the same split.

    Returns:
        Places of the images of both parts, in random order.
    """
    _, counts = np.unique(labels, return_counts=True)
    _require_enough(counts, n_first, len(labels) - n_first)
    rng = np.random.RandomState(seed)
    n_of_first = _shares(counts, n_first, rng)
    n_of_second = _shares(counts - n_of_first, len(labels) - n_first, rng)
    first, second = [], []
    by_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    for places, n, m in zip(by_class, n_of_first, n_of_second, strict=True):
        mixed = places[rng.permutation(len(places))]
        first.append(mixed[:n])
        second.append(mixed[n : n + m])
    return rng.permutation(np.concatenate(first)), rng.permutation(np.concatenate(second))


def _require_enough(counts: Indices, n_first: int, n_second: int) -> None:
    """Refuse what cannot have every class in both parts."""
    text = "data: the images must suffice for a split by class: "
    if not len(counts) or counts.min() < 2:
        raise SettingsError(f"{text}each class needs 2, got {min(counts, default=0)} of one")
    if min(n_first, n_second) < len(counts):
        raise SettingsError(
            f"{text}each part needs as many as there are classes, {len(counts)}, got parts of "
            f"{n_first} and {n_second}"
        )


def _shares(counts: Indices, n_drawn: int, rng: np.random.RandomState) -> Indices:
    """Share a number of draws out to classes; what rounding leaves goes to the nearest to it."""
    exact = counts / counts.sum() * n_drawn
    shares: Indices = np.floor(exact).astype(np.int64)
    left = int(n_drawn - shares.sum())
    remainders = exact - shares
    for remainder in np.unique(remainders)[::-1]:
        if left <= 0:
            break
        tied = np.flatnonzero(remainders == remainder)
        chosen = rng.choice(tied, size=min(len(tied), left), replace=False)
        shares[chosen] += 1
        left -= len(chosen)
    return shares


def count_classes(
    classes: Sequence[str], labels: Mapping[str, Indices]
) -> dict[str, dict[str, int]]:
    """Count the images of each class in each split, from the labels of each split."""
    counts = {split: np.bincount(of, minlength=len(classes)) for split, of in labels.items()}
    return {
        name: {split: int(of[label]) for split, of in counts.items()}
        for label, name in enumerate(classes)
    }


def source_arrays(settings: DataSettings, split: str) -> Arrays:
    """Map the images of a source that is no folder, reading it if it was not yet.

    `train` also holds what becomes `val`.
    """
    place = cache_folder() / "images" / source_key(settings, split)
    read = find_reader(settings.name)
    fill(place, lambda: read(settings.folder, split == "train", settings.image_size))
    return mapped_arrays(place)


def source_key(settings: DataSettings, split: str) -> str:
    """Name the folder in the cache of a source's prepared images."""
    parts = [str(settings.image_size), str(split == "train")]
    if settings.name != "digits":
        parts.append(str(settings.folder))
    version = reader_version(settings.name)
    parts += [version] if version else []
    return f"{settings.name.replace(':', '-')}-{split}-{digest_of(parts)}"


def digest_of(parts: list[str]) -> str:
    """Make a short name of texts, in which there may be names of files that are no valid text."""
    return hashlib.sha256(os.fsencode("\n".join(parts))).hexdigest()[:16]


def mapped_arrays(place: Path) -> Arrays:
    """Map the images that lie in a folder of the cache."""
    classes = tuple((place / "classes.txt").read_text(encoding="utf-8").splitlines())
    # Copy-on-write mapping: pages are shared until someone writes, and nobody does.
    images = np.load(place / "images.npy", mmap_mode="c")
    return Arrays(np.asarray(images), np.load(place / "labels.npy"), classes)


def fill(place: Path, read: Callable[[], Arrays]) -> None:
    """Fill a folder of the cache if it is not filled; one process does, while others wait."""
    if not (place / "classes.txt").exists():
        with locked(place):
            if not (place / "classes.txt").exists():
                _write_arrays(place, read())


def _write_arrays(place: Path, arrays: Arrays) -> None:
    np.save(place / "images.npy", arrays.images)
    np.save(place / "labels.npy", arrays.labels)
    unfinished = place / "classes.unfinished"
    unfinished.write_text("\n".join(arrays.classes), encoding="utf-8")
    os.replace(unfinished, place / "classes.txt")  # last: its presence says all is whole


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process of a node prepare a folder while the others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
