"""Image data for training: split, kept in memory once per node, indexed on the device.

A data set is read once and written as plain `.npy` files into the cache folder; every
worker maps these files into memory, so all of them share the same pages. Batches are index
selections; there is no DataLoader.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from torch import Tensor

from objectives.errors import SettingsError, require_count, unknown_name
from objectives.sources import KNOWN_SHAPES, SOURCES, Arrays, cache_folder, default_root

SPLITS = ("train", "val", "test")


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


@dataclass(frozen=True)
class Split:
    """Some of the images of a data set, on a device.

    Args:
        images: `(M, C, H, W)` uint8, all images of the data set.
        labels: `(M,)` int64.
        indices: `(N,)` int64, which of them belong to the split.
    """

    images: Tensor
    labels: Tensor
    indices: Tensor

    def __len__(self) -> int:
        """Count the images of the split."""
        return len(self.indices)

    def batches(
        self, batch_size: int, order: Tensor | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Go through the split once.

        Args:
            batch_size: Images in a batch, at least 1; the last one may hold fewer.
            order: `(N,)` int64, a permutation of the split; None keeps its order.

        Yields:
            Images `(B, C, H, W)` uint8 and labels `(B,)` int64.
        """
        indices = self.indices if order is None else self.indices[order]
        for batch in torch.split(indices, batch_size):
            yield self.images[batch], self.labels[batch]


@dataclass(frozen=True)
class Dataset:
    """Training and validation images on a device.

    Args:
        train: What is trained on.
        val: What trials are selected on.
        classes: Names of the K classes.
        scale: `(1, C, 1, 1)` float32; with `shift`, brings bytes to mean 0 and standard
            deviation 1 over the training split: `bytes * scale + shift`.
        shift: `(1, C, 1, 1)` float32.
    """

    train: Split
    val: Split
    classes: tuple[str, ...]
    scale: Tensor
    shift: Tensor

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        n_channels, height, width = self.train.images.shape[1:]
        return n_channels, height, width

    def as_unit_images(self) -> "Dataset":
        """Have bytes brought to 0 … 1 only, for a network that normalises by itself.

        Returns:
            The same images.
        """
        scale = torch.full_like(self.scale, 1 / 255)
        return replace(self, scale=scale, shift=torch.zeros_like(scale))

    def normalise(self, images: Tensor) -> Tensor:
        """Turn bytes into a network's input.

        Args:
            images: `(N, C, H, W)`, 0 to 255.

        Returns:
            `(N, C, H, W)` float32.
        """
        return torch.addcmul(self.shift, images, self.scale)


@lru_cache(maxsize=2)
def load_dataset(settings: DataSettings, device: str) -> Dataset:
    """Load training and validation images; a worker's later trials reuse them.

    Args:
        settings: Which images.
        device: Where they are to lie.

    Returns:
        The data set.

    Raises:
        SettingsError: If it cannot be read, or is too small to split.
    """
    arrays = _shared_arrays(settings, train=True)
    images, labels = _tensors(arrays, device)
    train, val = _split_indices(arrays.labels, settings)
    scale, shift = _statistics(arrays.images, train)
    return Dataset(
        train=Split(images, labels, torch.from_numpy(train).to(device)),
        val=Split(images, labels, torch.from_numpy(val).to(device)),
        classes=arrays.classes,
        scale=scale.to(device),
        shift=shift.to(device),
    )


def image_shape_and_classes(settings: DataSettings) -> tuple[tuple[int, int, int], int]:
    """Tell what a network for some images must fit; reads them only if need be.

    Args:
        settings: Which images.

    Returns:
        Channels, height and width, and the number of classes.

    Raises:
        SettingsError: If they must be read and cannot be.
    """
    if settings.name not in KNOWN_SHAPES:
        data = load_dataset(settings, "cpu")
        return data.image_shape, len(data.classes)
    (channels, height, width), n_classes = KNOWN_SHAPES[settings.name]
    size = settings.image_size
    return (channels, size or height, size or width), n_classes


def load_test_split(settings: DataSettings, device: str) -> Split:
    """Load the images that no trial is selected on.

    Args:
        settings: Which images.
        device: Where they are to lie.

    Returns:
        The test split, whole.

    Raises:
        SettingsError: If the source has none.
    """
    images, labels = _tensors(_shared_arrays(settings, train=False), device)
    return Split(images, labels, torch.arange(len(labels), device=device))


def _tensors(arrays: Arrays, device: str) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(arrays.images).to(device), torch.from_numpy(arrays.labels).to(device)


def _split_indices(
    labels: NDArray[np.int64], settings: DataSettings
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split by class, so that each part has every class in the same share."""
    indices = np.arange(len(labels))
    try:
        if settings.limit is not None and settings.limit < len(labels):
            indices, _ = train_test_split(
                indices, train_size=settings.limit, stratify=labels, random_state=settings.seed
            )
        train, val = train_test_split(
            indices,
            test_size=settings.val_fraction,
            stratify=labels[indices],
            random_state=settings.seed,
        )
    except ValueError as error:
        raise SettingsError(
            f"data: the images must suffice for a split by class: {error}"
        ) from None
    return np.sort(train), np.sort(val)


def _statistics(images: NDArray[np.uint8], indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Compute scale and shift from the mean and deviation of each channel's bytes."""
    n_channels = images.shape[1]
    counts = np.zeros((n_channels, 256))
    for start in range(0, len(indices), 4096):
        part = images[indices[start : start + 4096]]
        for channel in range(n_channels):
            counts[channel] += np.bincount(part[:, channel].ravel(), minlength=256)
    values = np.arange(256)
    shares = counts / counts.sum(axis=1, keepdims=True)
    mean = shares @ values
    deviation = np.sqrt(np.maximum(shares @ values**2 - mean**2, 1e-6))
    scale = torch.tensor(1 / deviation, dtype=torch.float32)
    shift = torch.tensor(-mean / deviation, dtype=torch.float32)
    return scale.view(1, -1, 1, 1), shift.view(1, -1, 1, 1)


def _shared_arrays(settings: DataSettings, train: bool) -> Arrays:
    """Map the images of a source from the cache, reading the source if it was not yet."""
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
