"""Where images come from: each source reads one data set into arrays of bytes.

Every source returns `Arrays` for one split, training or test; what becomes training and
what validation is decided in `objectives.images`. Folders of images: `objectives.image_folder`.
"""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from objectives.errors import SettingsError


@dataclass(frozen=True)
class Arrays:
    """Labelled images.

    Args:
        images: `(N, C, H, W)` uint8, 0 to 255.
        labels: `(N,)` int64, 0 to K - 1.
        classes: The K names.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]


Source = Callable[[Path, bool, int | None], Arrays]
"""Reads a split: root folder, whether it is the training split, image size."""


def cache_folder() -> Path:
    """Name the folder for downloads and prepared images.

    Returns:
        `$XDG_CACHE_HOME/search`, or `~/.cache/search`.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "search"


def default_root() -> Path:
    """Name the folder in which torchvision's data sets are looked for.

    Returns:
        `$SEARCH_DATA`, or a folder in the cache.
    """
    given = os.environ.get("SEARCH_DATA")
    return Path(given) if given else cache_folder() / "data"


def resize(images: NDArray[np.uint8], size: int | None) -> NDArray[np.uint8]:
    """Scale images to a square, with anti-aliased bilinear interpolation.

    Args:
        images: `(N, C, H, W)`.
        size: Height and width wanted; None leaves them.

    Returns:
        `(N, C, size, size)`.
    """
    if size is None or images.shape[2:] == (size, size):
        return images
    import torch

    scaled = torch.nn.functional.interpolate(
        torch.from_numpy(images).float(), size=(size, size), mode="bilinear", antialias=True
    )
    return scaled.round_().clamp_(0, 255).byte().numpy()


def read_digits(root: Path, train: bool, size: int | None) -> Arrays:
    """Read scikit-learn's 1,797 handwritten digits; it has no test split of its own.

    Every fifth image makes the test split, so that no trial is selected on it.

    Args:
        root: Not used, the images come with scikit-learn.
        train: Which split.
        size: Image size; 8 where None.

    Returns:
        1,438 or 359 grey images.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    is_test = np.arange(len(digits.target)) % 5 == 4
    chosen = ~is_test if train else is_test
    images = np.round(digits.images[chosen] * (255 / 16)).astype(np.uint8)[:, None]
    return Arrays(
        resize(images, size), digits.target[chosen].astype(np.int64), tuple("0123456789")
    )


def torchvision_source(name: str) -> Source:
    """Make the source of one of torchvision's in-memory data sets.

    Args:
        name: Its class in `torchvision.datasets`.

    Returns:
        A source that downloads what is missing.
    """

    def read(root: Path, train: bool, size: int | None) -> Arrays:
        dataset = _torchvision_dataset(name, root, train)
        images = np.asarray(dataset.data, dtype=np.uint8)
        images = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
        labels = np.asarray(dataset.targets, dtype=np.int64)
        return Arrays(
            resize(np.ascontiguousarray(images), size), labels, tuple(map(str, dataset.classes))
        )

    return read


SOURCES: dict[str, Source] = {
    "digits": read_digits,
    "mnist": torchvision_source("MNIST"),
    "fashion_mnist": torchvision_source("FashionMNIST"),
    "cifar10": torchvision_source("CIFAR10"),
}

KNOWN_SHAPES = {
    "digits": ((1, 8, 8), 10),
    "mnist": ((1, 28, 28), 10),
    "fashion_mnist": ((1, 28, 28), 10),
    "cifar10": ((3, 32, 32), 10),
}
"""Of sources that are always the same: image shape and number of classes."""


def _torchvision_dataset(name: str, root: Path, train: bool):  # type: ignore[no-untyped-def]
    """Open a torchvision data set (its package has no types), downloading it if missing.

    With `SEARCH_DOWNLOAD=0` in the environment, one that is missing is an error.
    """
    from torchvision import datasets

    dataset_class = getattr(datasets, name)
    with contextlib.suppress(RuntimeError):
        return dataset_class(str(root), train=train, download=False)
    try:
        if os.environ.get("SEARCH_DOWNLOAD") == "0":
            raise RuntimeError("SEARCH_DOWNLOAD=0")
        return dataset_class(str(root), train=train, download=True)
    except (OSError, RuntimeError) as error:
        reason = (str(error).splitlines() or ["no network"])[0]
        raise SettingsError(
            f"data.root: {name} must lie in {root} or be downloadable, got: {reason}; "
            f"give its folder as data.root or $SEARCH_DATA (torchvision's layout, root/{name})"
        ) from None
