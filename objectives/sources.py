"""Where images come from: each source reads one data set into arrays of bytes.

A reader gives `Arrays` for one split, training or test; what becomes training and what
validation is decided in `objectives.images`. Folders of images: `objectives.image_folder`.
"""

import contextlib
import hashlib
import importlib.util
import inspect
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from objectives.errors import SettingsError, UnknownNameError, import_callable
from objectives.pictures import Frame, as_rgb, colour, framed, grey, light_on_dark, resize

TORCHVISION = "torchvision:"


@dataclass(frozen=True)
class Arrays:
    """Labelled images."""

    images: NDArray[np.uint8]
    """`(N, C, H, W)`, 0 to 255."""
    labels: NDArray[np.int64]
    """`(N,)`, 0 to K - 1."""
    classes: tuple[str, ...]


Reader = Callable[[Path, bool, int | None], Arrays]
"""Reads a split: root folder, whether it is the training split, image size."""


@dataclass(frozen=True)
class Source:
    """A data set that is always the same."""

    description: str
    read: Reader
    image_shape: tuple[int, int, int]
    n_classes: int
    frame: Frame | None = None
    """How drawings are brought to its grey images; None for colour."""


def cache_folder() -> Path:
    """Name the folder for downloads and prepared images: in `$XDG_CACHE_HOME` or `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "search"


def default_root() -> Path:
    """Name the folder of torchvision's data sets: `$SEARCH_DATA`, or one in the cache."""
    given = os.environ.get("SEARCH_DATA")
    return Path(given) if given else cache_folder() / "data"


def find_reader(name: str) -> Reader:
    """Find what reads a data set.

    Args:
        name: A key of `SOURCES`; `torchvision:NAME` of one of torchvision's classification sets;
            or `package.module:name` of a callable. That is called with `train` or `test` and
            gives the images of this split: as arrays, `(images, labels)` or `(images, labels,
            classes)` with images `(N, H, W)` or `(N, H, W, C)` of uint8 and labels from 0 on;
            or as a torchvision-style data set, whose items are an image of Pillow (or an array)
            and a label, and which may have `classes`; or None for a `test` that is not there.

    Returns:
        What reads it, when it is called.
    """
    if name in SOURCES:
        return SOURCES[name].read
    if name.startswith(TORCHVISION):
        return _torchvision_reader(name.removeprefix(TORCHVISION))
    return _own_reader(name)


def reader_version(name: str) -> str:
    """Name the state of the user's own code that reads a data set; empty for ours.

    Images are prepared once for each state of its file, which is read, not imported.
    """
    if name in SOURCES or name.startswith(TORCHVISION):
        return ""
    try:
        found = importlib.util.find_spec(name.partition(":")[0])
    except Exception:  # noqa: BLE001  finding a module imports its package
        found = None
    if found is None or not found.origin or not Path(found.origin).is_file():
        return ""
    return hashlib.sha256(Path(found.origin).read_bytes()).hexdigest()


def read_digits(root: Path, train: bool, size: int | None) -> Arrays:
    """Read scikit-learn's digits; it has no test split of its own.

    Every fifth image makes the test split, so that no trial is selected on it.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    is_test = np.arange(len(digits.target)) % 5 == 4
    chosen = ~is_test if train else is_test
    images = np.round(digits.images[chosen] * (255 / 16)).astype(np.uint8)[:, None]
    return Arrays(
        resize(images, size), digits.target[chosen].astype(np.int64), tuple("0123456789")
    )


def _torchvision_reader(name: str) -> Reader:
    """Make the reader of one of torchvision's data sets; it downloads what is missing."""

    def read(root: Path, train: bool, size: int | None) -> Arrays:
        dataset = _torchvision_dataset(name, root, train)
        where = f"data.name: {TORCHVISION}{name}"
        pixels, labels = getattr(dataset, "data", None), None
        if pixels is not None:  # all in memory: image by image takes a hundred times longer
            labels = getattr(dataset, "targets", getattr(dataset, "labels", None))
        if labels is None:
            return _read_items(where, dataset, size)
        images = np.asarray(pixels)
        if images.ndim == 4 and images.shape[1] in {1, 3}:  # SVHN, STL10
            images = images.transpose(0, 2, 3, 1)
        return _checked(where, images, labels, getattr(dataset, "classes", None), size)

    return read


def _torchvision_dataset(name: str, root: Path, train: bool) -> Any:
    """Open a torchvision data set (its package has no types), downloading it if missing.

    With `SEARCH_DOWNLOAD=0` in the environment, one that is missing is an error.
    """
    from torchvision import datasets

    able = [n for n in datasets.__all__ if _split_argument(getattr(datasets, n), train)]
    if name not in able:
        raise UnknownNameError("data set of torchvision", name, able)
    dataset_class = getattr(datasets, name)
    split = _split_argument(dataset_class, train)
    try:
        with contextlib.suppress(RuntimeError, OSError):
            return dataset_class(str(root), **split, **_download(dataset_class, wanted=False))
        if os.environ.get("SEARCH_DOWNLOAD") == "0":
            raise RuntimeError("SEARCH_DOWNLOAD=0")
        return dataset_class(str(root), **split, **_download(dataset_class, wanted=True))
    except (OSError, RuntimeError) as error:
        reason = (str(error).splitlines() or ["no network"])[0]
        raise SettingsError(
            f"data.root: {name} must lie in {root} or be downloadable, got: {reason}; "
            f"give its folder as data.root or $SEARCH_DATA (torchvision's layout, root/{name})"
        ) from None
    except (ImportError, TypeError, ValueError) as error:
        what = "training" if train else "test"
        raise SettingsError(
            f"data.name: {TORCHVISION}{name} must have a {what} split that can be read, got: "
            f"{error}"
        ) from None


def _split_argument(dataset_class: object, train: bool) -> dict[str, Any]:
    """Say how a class is asked for a split: some take `train`, others `split`; empty: neither."""
    arguments = inspect.signature(dataset_class).parameters if callable(dataset_class) else {}
    required = [p.name for p in arguments.values() if p.default is p.empty]
    if required not in (["root"], ["root", "kwargs"]):
        return {}
    if "train" in arguments:
        return {"train": train}
    if "split" in arguments and isinstance(arguments["split"].default, str):
        # The default is the training split, which some call `trainval`.
        return {"split": arguments["split"].default if train else "test"}
    return {}


def _download(dataset_class: Callable[..., Any], *, wanted: bool) -> dict[str, bool]:
    able = "download" in inspect.signature(dataset_class).parameters
    return {"download": wanted} if able else {}


def _own_reader(path: str) -> Reader:
    """Make the reader of the user's own data set."""

    def read(root: Path, train: bool, size: int | None) -> Arrays:
        where = f"data.name: {path}"
        split = "train" if train else "test"
        given = import_callable("data.name", path)(split)
        if given is None:
            raise SettingsError(f"{where} must give a split {split!r}, it has none")
        if isinstance(given, tuple):
            images, labels, classes = (*given, None)[:3]
            return _checked(where, np.asarray(images), labels, classes, size)
        return _read_items(where, given, size)

    return read


def _read_items(where: str, dataset: Any, size: int | None) -> Arrays:
    """Read a torchvision-style data set image by image."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's and torchvision's, one for each image
        pairs = [dataset[place] for place in range(len(dataset))]
    if not pairs:
        raise SettingsError(f"{where} must give images, it gives none")
    pictures = [_as_pillow(where, image) for image, _ in pairs]
    is_grey = all(picture.mode in {"1", "L"} or picture.mode[0] in "IF" for picture in pictures)
    pictures = [Image.fromarray(grey(p)) if is_grey else as_rgb(p) for p in pictures]
    sizes = {picture.size for picture in pictures}
    if len(sizes) > 1:
        if size is None:
            raise SettingsError(
                f"{where} has images of {len(sizes)} sizes: data.image_size must be given"
            )
        pictures = [picture.resize((size, size)) for picture in pictures]
    images = np.stack([np.asarray(picture, np.uint8) for picture in pictures])
    labels = [label for _, label in pairs]
    return _checked(where, images, labels, getattr(dataset, "classes", None), size)


def _as_pillow(where: str, image: Any) -> Image.Image:
    if isinstance(image, Image.Image):
        return image
    pixels = np.asarray(image)
    if pixels.dtype != np.uint8:
        raise SettingsError(
            f"{where} must give images of Pillow or arrays of uint8, got {type(image).__name__} "
            f"of {pixels.dtype}"
        )
    return Image.fromarray(pixels)


def _checked(
    where: str,
    images: NDArray[Any],
    labels: object,
    classes: Sequence[object] | None,
    size: int | None,
) -> Arrays:
    """Bring images `(N, H, W)` or `(N, H, W, C)` and labels to `Arrays`, or refuse them."""
    targets = np.asarray(labels)
    channels = images.shape[3:] or (1,)
    if (
        images.dtype != np.uint8
        or images.ndim not in {3, 4}
        or channels[0] not in {1, 3}
        or not len(images)
    ):
        raise SettingsError(
            f"{where} must give images (N, H, W) or (N, H, W, C) of uint8, with C = 1 or 3, got "
            f"{images.shape} of {images.dtype}"
        )
    if targets.shape != images.shape[:1] or targets.dtype.kind not in "iu" or targets.min() < 0:
        raise SettingsError(
            f"{where} must give a whole label from 0 on for each of {len(images)} images, got "
            f"{targets.shape} of {targets.dtype}"
        )
    n_classes = int(targets.max()) + 1
    names = tuple(map(str, range(n_classes) if classes is None else classes))
    if len(names) < n_classes:
        raise SettingsError(
            f"{where} must name each class, got {len(names)} names and the label {n_classes - 1}"
        )
    in_order = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    return Arrays(resize(np.ascontiguousarray(in_order), size), targets.astype(np.int64), names)


# MNIST: LeCun, Cortes and Burges, "The MNIST database of handwritten digits": digits fit into
# 20 x 20 of 28 x 28 pixels, their centre of mass in the middle. Fashion-MNIST: Xiao, Rasul and
# Vollgraf 2017 (arXiv:1708.07747), section 2. Those of `digits` fill their images in height.
SOURCES: dict[str, Source] = {
    "digits": Source(
        "1,797 handwritten digits that come with scikit-learn; every fifth is a test image",
        read_digits,
        (1, 8, 8),
        10,
        Frame(1, mass_at=3.5),
    ),
    "mnist": Source(
        "60,000 and 10,000 handwritten digits",
        _torchvision_reader("MNIST"),
        (1, 28, 28),
        10,
        Frame(20 / 28, mass_at=14),
    ),
    "fashion_mnist": Source(
        "60,000 and 10,000 pieces of clothing",
        _torchvision_reader("FashionMNIST"),
        (1, 28, 28),
        10,
        Frame(1, mass_at=None),
    ),
    "cifar10": Source(
        "50,000 and 10,000 small colour photographs",
        _torchvision_reader("CIFAR10"),
        (3, 32, 32),
        10,
    ),
}
"""Data sets by name; to add one, add a line."""


def prepare(
    picture: Image.Image, source: str, size: tuple[int, int], n_channels: int = 3
) -> NDArray[np.uint8]:
    """Bring a picture to what a network was trained on.

    One that already has that size, or the size of the source's images, is not framed; one that
    shows nothing to be framed is an `ImageError`.

    Args:
        picture: Of any size and mode.
        source: The name of a data set.
        size: Height and width that the network is given.
        n_channels: 1 or 3, where `SOURCES` does not have that data set.

    Returns:
        `(C, H, W)`.
    """
    known = SOURCES.get(source)
    native = known.image_shape[1:] if known else size
    if known and known.frame:
        shades = grey(picture)
        if shades.shape not in {native, size}:
            shades = framed(light_on_dark(shades), native, known.frame)
        pixels = shades[None]
    elif known or n_channels == 3:
        pixels = colour(picture, native)
    else:  # nobody knows whether its images are light on dark: they are scaled only
        shades = grey(picture)
        pixels = np.asarray(Image.fromarray(shades).resize(native[::-1]))[None]
    return pixels if pixels.shape[1:] == size else resize(pixels[None].copy(), size[0])[0]
