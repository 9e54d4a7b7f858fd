"""Image data for training: kept in memory once per node, indexed on the device.

Batches are index selections; there is no DataLoader.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from objectives.errors import SettingsError
from objectives.image_folder import NO_TEST, fit_images, open_folder
from objectives.images import DataSettings, Indices, source_arrays
from objectives.sources import SOURCES, Arrays


@dataclass(frozen=True)
class Split:
    """Some of the images of a data set, on a device."""

    images: Tensor
    """`(M, C, H, W)` uint8, all images of the data set."""
    labels: Tensor
    """`(M,)` int64."""
    indices: Tensor
    """`(N,)` int64, which of them belong to the split."""

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
    """Training and validation images on a device."""

    train: Split
    val: Split
    classes: tuple[str, ...]
    scale: Tensor
    """`(1, C, 1, 1)` float32: `bytes * scale + shift` has mean 0 and deviation 1 in training."""
    shift: Tensor

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        n_channels, height, width = self.train.images.shape[1:]
        return n_channels, height, width

    def as_unit_images(self) -> "Dataset":
        """Have bytes brought to 0 … 1 only, for a network that normalises by itself."""
        scale = torch.full_like(self.scale, 1 / 255)
        return replace(self, scale=scale, shift=torch.zeros_like(scale))

    def normalise(self, images: Tensor) -> Tensor:
        """Turn bytes `(N, C, H, W)` into a network's input, float32."""
        return torch.addcmul(self.shift, images, self.scale)


@lru_cache(maxsize=2)
def load_dataset(settings: DataSettings, device: str) -> Dataset:
    """Load training and validation images; a worker's later trials reuse them."""
    arrays, places = fit_images(settings)
    images, labels = _tensors(arrays, device)
    train, val = places["train"], places["val"]
    scale, shift = _statistics(arrays.images, train)
    return Dataset(
        train=Split(images, labels, torch.from_numpy(train).to(device)),
        val=Split(images, labels, torch.from_numpy(val).to(device)),
        classes=arrays.classes,
        scale=scale.to(device),
        shift=shift.to(device),
    )


def image_shape_and_classes(settings: DataSettings) -> tuple[tuple[int, int, int], int]:
    """Tell image shape and number of classes; the images are read only if need be."""
    source = SOURCES.get(settings.name)
    if source is None:
        data = load_dataset(settings, "cpu")
        return data.image_shape, len(data.classes)
    (channels, height, width), size = source.image_shape, settings.image_size
    return (channels, size or height, size or width), source.n_classes


def load_test_split(settings: DataSettings, device: str) -> Split:
    """Load the images that no trial is selected on; a folder may have none, which is an error."""
    places: Indices | None = None
    if not settings.is_folder:
        arrays = source_arrays(settings, "test")
    else:
        folder = open_folder(settings)
        if not folder.test and "test" not in folder.places:
            raise SettingsError(f"data.path: {NO_TEST}")
        arrays, places = (folder.test or folder.fit).map(), folder.places.get("test")
    images, labels = _tensors(arrays, device)
    if places is None:
        places = np.arange(len(labels))
    return Split(images, labels, torch.from_numpy(places).to(device))


def _tensors(arrays: Arrays, device: str) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(arrays.images).to(device), torch.from_numpy(arrays.labels).to(device)


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
