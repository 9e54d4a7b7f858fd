"""Which images are trained on, selected on and tested on, and where they are kept.

A data set is read once and written as plain `.npy` files into the cache folder; every process
maps these files into memory, so that all of them share the same pages. Torch is not needed to
divide and to count what has been read.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from objectives.errors import SettingsError, require_count, unknown_name
from objectives.sources import SOURCES, Arrays, cache_folder, default_root

IMAGE_FOLDER = "image_folder"
NAMES = (*SOURCES, IMAGE_FOLDER)

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class DataSettings:
    """Which images, and how they are split.

    Args:
        name: A key of `SOURCES`, or `image_folder`.
        root: Folder of torchvision's data sets; None looks at `$SEARCH_DATA`, then the cache.
        path: Folder of an `image_folder`, in the current folder or else in `$SEARCH_DATA`.
        image_size: Height and width to scale to; None keeps those of the source.
        val_fraction: Share of the training images that becomes the validation split, in (0, 1);
            an image folder may have a folder `val` instead.
        test_fraction: Share of the images of a folder without `test` that becomes the test
            split, in [0, 1), before anything else is taken from them.
        limit: Use only so many training images (validation included), by class; None uses all.
        skip_bad: Whether to leave out files that cannot be read, instead of refusing them.
        seed: Of the splits and of `limit`.
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

    def __post_init__(self) -> None:
        """Refuse values that no data set can satisfy.

        Raises:
            SettingsError: If one does not hold.
        """
        if self.name not in NAMES:
            raise unknown_name("data.name", self.name, NAMES)
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

    Raises:
        SettingsError: If there are too few images.
    """
    train, val = np.flatnonzero(~in_val), np.flatnonzero(in_val)
    test: dict[str, Indices] = {}
    if settings.test_fraction:
        train, drawn = _draw(train, labels, settings, test_size=settings.test_fraction)
        train, test = np.sort(train), {"test": np.sort(drawn)}
    if settings.limit is not None and settings.limit < len(train):
        train, _ = _draw(train, labels, settings, train_size=settings.limit)
    if not len(val):
        train, val = _draw(train, labels, settings, test_size=settings.val_fraction)
    return {"train": np.sort(train), "val": np.sort(val), **test}


def _draw(
    indices: Indices, labels: Indices, settings: DataSettings, **share: float
) -> tuple[Indices, Indices]:
    from sklearn.model_selection import train_test_split

    try:
        kept, drawn = train_test_split(
            indices, stratify=labels[indices], random_state=settings.seed, **share
        )
    except ValueError as error:
        raise SettingsError(
            f"data: the images must suffice for a split by class: {error}"
        ) from None
    return kept, drawn


def count_classes(
    classes: Sequence[str], labels: Mapping[str, Indices]
) -> dict[str, dict[str, int]]:
    """Count the images of each class in each split.

    Args:
        classes: The K names.
        labels: By split, `(N,)`, 0 to K - 1.

    Returns:
        Counts by class and split.
    """
    counts = {split: np.bincount(of, minlength=len(classes)) for split, of in labels.items()}
    return {
        name: {split: int(of[label]) for split, of in counts.items()}
        for label, name in enumerate(classes)
    }


def source_arrays(settings: DataSettings, split: str) -> Arrays:
    """Map the images of a source that is no folder, reading it if it was not yet.

    Args:
        settings: Which source.
        split: `train`, of which `val` is a part, or `test`.

    Returns:
        Its images.

    Raises:
        SettingsError: If it cannot be read.
    """
    place = cache_folder() / "images" / source_key(settings, split)
    read = SOURCES[settings.name]
    prepare(place, lambda: read(settings.folder, split == "train", settings.image_size))
    return mapped_arrays(place)


def source_key(settings: DataSettings, split: str) -> str:
    """Name the prepared images of a source.

    Args:
        settings: Which source; no folder.
        split: `train` or `test`.

    Returns:
        The name of a folder in the cache.
    """
    parts = [str(settings.image_size), str(split == "train")]
    if settings.name != "digits":
        parts.append(str(settings.folder))
    return f"{settings.name}-{split}-{digest_of(parts)}"


def digest_of(parts: list[str]) -> str:
    """Make a short name of some texts.

    Args:
        parts: In which even names of files may stand that are no valid text.

    Returns:
        16 letters and digits.
    """
    return hashlib.sha256(os.fsencode("\n".join(parts))).hexdigest()[:16]


def mapped_arrays(place: Path) -> Arrays:
    """Map the images that lie in a folder of the cache.

    Args:
        place: The folder, filled.

    Returns:
        The images.
    """
    classes = tuple((place / "classes.txt").read_text(encoding="utf-8").splitlines())
    # Copy-on-write mapping: pages are shared until someone writes, and nobody does.
    images = np.load(place / "images.npy", mmap_mode="c")
    return Arrays(np.asarray(images), np.load(place / "labels.npy"), classes)


def prepare(place: Path, read: Callable[[], Arrays]) -> None:
    """Fill a folder of the cache if it is not filled; one process does, while others wait.

    Args:
        place: The folder.
        read: Gives the images to write there.
    """
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
    """Let one process of a node prepare a folder while the others wait.

    Args:
        folder: Made if it is missing.

    Yields:
        None, once it is this process's turn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
