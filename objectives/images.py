"""Which images are trained on and selected on, and where they are kept between two runs.

A data set is read once and written as plain `.npy` files into the cache folder; every process
maps these files into memory, so that all of them share the same pages. Torch is not needed to
divide and to count what has been read.
"""

import fcntl
import hashlib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from objectives.errors import SettingsError, require_count, unknown_name
from objectives.sources import SOURCES, Arrays, cache_folder, default_root
from objectives.stratified import Indices, stratified_split


@dataclass(frozen=True)
class DataSettings:
    """Which images, and how they are split.

    Args:
        name: A key of `SOURCES`.
        root: Folder of torchvision's data sets; None looks at `$SEARCH_DATA`, then the cache.
        path: Folder of an `image_folder`, in the current folder or else in `$SEARCH_DATA`.
        image_size: Height and width to scale to; None keeps those of the source.
        val_fraction: Share of the training images that becomes the validation split, in (0, 1).
        limit: Use only so many training images (validation included), by class; None uses all.
        seed: Of the split and of `limit`.
    """

    name: str = "digits"
    root: str | None = None
    path: str | None = None
    image_size: int | None = None
    val_fraction: float = 0.2
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no data set can satisfy.

        Raises:
            SettingsError: If one does not hold.
        """
        if self.name not in SOURCES:
            raise unknown_name("data.name", self.name, SOURCES)
        if not 0 < self.val_fraction < 1:
            raise SettingsError(f"0 < data.val_fraction < 1 must hold, got {self.val_fraction}")
        for name, value in (("limit", self.limit), ("image_size", self.image_size)):
            if value is not None:
                require_count(f"data.{name}", value)
        if (self.name == "image_folder") != (self.path is not None):
            raise SettingsError("data.path must be given for image_folder and for nothing else")

    @property
    def folder(self) -> Path:
        """Where the source reads from; a relative `path` may also lie in the data root."""
        given = Path(self.path or self.root or default_root()).expanduser()
        in_root = default_root() / given
        return (
            in_root if self.path and not given.exists() and in_root.exists() else given
        ).resolve()


def divide(labels: Indices, settings: DataSettings) -> dict[str, Indices]:
    """Split by class, so that each part has every class in the same share.

    Args:
        labels: `(N,)`, 0 to K - 1.
        settings: How to split.

    Returns:
        Places of the images of `train` and `val`, rising.

    Raises:
        SettingsError: If there are too few images.
    """
    chosen = np.arange(len(labels))
    if settings.limit is not None and settings.limit < len(labels):
        chosen, _ = stratified_split(labels, settings.limit, settings.seed)
    n_train = len(chosen) - math.ceil(settings.val_fraction * len(chosen))
    train, val = stratified_split(labels[chosen], n_train, settings.seed)
    return {"train": np.sort(chosen[train]), "val": np.sort(chosen[val])}


def shared_arrays(settings: DataSettings, train: bool) -> Arrays:
    """Map the images of a source from the cache, reading the source if it was not yet.

    Args:
        settings: Which images.
        train: Which split of the source.

    Returns:
        Its images.

    Raises:
        SettingsError: If they cannot be read.
    """
    folder = cache_folder() / "images" / images_key(settings, train)
    if not (folder / "classes.txt").exists():
        with locked(folder):
            if not (folder / "classes.txt").exists():
                arrays = SOURCES[settings.name](settings.folder, train, settings.image_size)
                _write_arrays(folder, arrays)
    classes = tuple((folder / "classes.txt").read_text(encoding="utf-8").splitlines())
    # Copy-on-write mapping: pages are shared until someone writes, and nobody does.
    images = np.load(folder / "images.npy", mmap_mode="c")
    return Arrays(np.asarray(images), np.load(folder / "labels.npy"), classes)


def _write_arrays(folder: Path, arrays: Arrays) -> None:
    np.save(folder / "images.npy", arrays.images)
    np.save(folder / "labels.npy", arrays.labels)
    unfinished = folder / "classes.unfinished"
    unfinished.write_text("\n".join(arrays.classes), encoding="utf-8")
    os.replace(unfinished, folder / "classes.txt")  # last: its presence says all is whole


def images_key(settings: DataSettings, train: bool) -> str:
    """Name a prepared set of images.

    Args:
        settings: Which images.
        train: Which split of the source.

    Returns:
        The name of a folder; another state of an image folder gets another one.
    """
    parts = [str(settings.image_size), str(train)]
    if settings.name == "image_folder":
        for path in sorted(settings.folder.rglob("*")):
            if path.is_file():
                stat = path.stat()
                parts.append(f"{path} {stat.st_size} {stat.st_mtime_ns}")
    elif settings.name != "digits":
        parts.append(str(settings.folder))
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return f"{settings.name}-{'train' if train else 'test'}-{digest}"


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
