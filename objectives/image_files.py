"""Reads image files into one array of bytes, and tells of each that cannot be read why."""

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

_ORIENTATION = 0x0112
"""EXIF's tag of how a camera was held."""


@dataclass(frozen=True)
class ReadFiles:
    """Image files as bytes.

    Args:
        images: `(N, 3, H, H)` uint8, of the files that could be read, in their order.
        bad: Why the others could not be read, by their places in that order.
        digests: One for each file; the same for files of the same content.
    """

    images: NDArray[np.uint8]
    bad: dict[int, str]
    digests: tuple[str, ...]


def read_files(paths: Sequence[Path], size: int | None) -> ReadFiles:
    """Read image files, scaled to one square.

    Args:
        paths: The files.
        size: Height and width; None takes the shorter side of the first that can be read.

    Returns:
        Their bytes.
    """
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as threads:
        warnings.simplefilter("ignore")  # Pillow's, on what is only odd
        size = size or _native_size(paths)
        images = np.empty((len(paths), 3, size, size), np.uint8)
        bad: dict[int, str] = {}
        digests: list[str] = []
        for place, (digest, pixels) in enumerate(threads.map(_reader(size), paths)):
            digests.append(digest)
            if isinstance(pixels, str):
                bad[place] = pixels
            else:
                images[place - len(bad)] = pixels
    return ReadFiles(images[: len(paths) - len(bad)], bad, tuple(digests))


def as_rgb(picture: Image.Image) -> Image.Image:
    """Bring a picture to three channels of 8 bits, upright.

    Args:
        picture: Of any mode.

    Returns:
        The picture in RGB; what is transparent shows the colour that is stored for it.
    """
    if picture.getexif().get(_ORIENTATION, 1) != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode[0] in "IF":
        picture = Image.fromarray(eight_bits(picture))
    return picture.convert("RGB")


def eight_bits(picture: Image.Image) -> NDArray[np.uint8]:
    """Bring grey of more than 8 bits to 8, where Pillow would cut it off at 255.

    Args:
        picture: Of mode `I`, `I;16` or `F`.

    Returns:
        `(H, W)`.
    """
    values = np.asarray(picture, np.float64)
    return np.clip(values / 257 if values.max() > 255 else values, 0, 255).astype(np.uint8)


def _reader(size: int) -> Callable[[Path], tuple[str, NDArray[np.uint8] | str]]:
    def read(path: Path) -> tuple[str, NDArray[np.uint8] | str]:
        """Give the digest, and the pixels or why there are none."""
        try:
            content = path.read_bytes()
        except OSError as error:
            return "", (error.strerror or str(error)).lower()
        digest = hashlib.blake2b(content, digest_size=12).hexdigest()
        if not content:
            return digest, "it is empty"
        try:
            picture = as_rgb(Image.open(io.BytesIO(content)))
            square = picture if picture.size == (size, size) else picture.resize((size, size))
        except Exception as error:  # noqa: BLE001  of a damaged file Pillow raises anything
            return digest, _reason(error)
        return digest, np.asarray(square, np.uint8).transpose(2, 0, 1)

    return read


def _native_size(paths: Sequence[Path]) -> int:
    for path in paths:
        try:
            return min(as_rgb(Image.open(path)).size)
        except Exception:  # noqa: BLE001  of a damaged file Pillow raises anything
            continue
    return 1


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is no image that Pillow knows"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels"
    return (str(error).splitlines() or [type(error).__name__])[0]
