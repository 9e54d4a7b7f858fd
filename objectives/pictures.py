"""Pictures and arrays of bytes: reads image files, and brings pictures to what a network knows.

Data sets of grey images are light strokes on black, cropped and placed in a frame; a drawing
on white paper is brought to that. Colour images are only scaled.
"""

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

from objectives.errors import ImageError

_ORIENTATION = 0x0112
"""EXIF's tag of how a camera was held."""
_STROKE = 64
"""From this brightness on a pixel counts as drawn, where the brightest is 255."""
_FLAT = 16
"""Pixels that differ by no more than this show nothing."""


@dataclass(frozen=True)
class ReadFiles:
    """Image files as bytes."""

    images: NDArray[np.uint8]
    """`(N, 3, H, H)`, of the files that could be read, in their order."""
    bad: dict[int, str]
    """Why the others could not be read, by their places among all."""
    digests: tuple[str, ...]
    """One for each file; the same for files of the same content."""


def read_files(paths: Sequence[Path], size: int | None) -> ReadFiles:
    """Read image files, scaled to squares; of the first that can be read if no size is given."""
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
    """Bring a picture to RGB, upright; what is transparent shows the colour stored for it."""
    if picture.getexif().get(_ORIENTATION, 1) != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode[0] in "IF":
        picture = Image.fromarray(eight_bits(picture))
    return picture.convert("RGB")


def eight_bits(picture: Image.Image) -> NDArray[np.uint8]:
    """Bring grey of more than 8 bits to 8, where Pillow would cut it off at 255: `(H, W)`."""
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


def resize(images: NDArray[np.uint8], size: int | None) -> NDArray[np.uint8]:
    """Scale images `(N, C, H, W)` to squares, anti-aliased; None leaves them as they are."""
    if size is None or images.shape[2:] == (size, size):
        return images
    import torch

    scaled = torch.nn.functional.interpolate(
        torch.from_numpy(images).float(), size=(size, size), mode="bilinear", antialias=True
    )
    return scaled.round_().clamp_(0, 255).byte().numpy()


@dataclass(frozen=True)
class Frame:
    """Where in its images a data set of grey ones has what they show."""

    box: float
    """Longest side of what is shown, as a share of the image's, in (0, 1]."""
    mass_at: float | None
    """Row and column of its centre of mass, from 0; None: its outline is in the middle."""


def as_picture(pixels: NDArray[np.uint8]) -> Image.Image:
    """Turn the pixels of an image, `(C, H, W)`, into a picture."""
    return Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0).copy())


def colour(picture: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Scale a picture to height and width as `read_files` does: `(3, H, W)`."""
    scaled = as_rgb(picture)
    if scaled.size != size[::-1]:
        scaled = scaled.resize(size[::-1])
    return np.asarray(scaled, np.uint8).transpose(2, 0, 1)


def grey(picture: Image.Image) -> NDArray[np.uint8]:
    """Take the shades of a picture, `(H, W)`: upright, and where transparent, in contrast."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode[0] in "IF":
        return eight_bits(picture)
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"), np.uint8)
    shades, opacity = np.moveaxis(np.asarray(picture.convert("RGBA").convert("LA"), float), 2, 0)
    is_light = (shades * opacity).sum() > 127 * opacity.sum()
    ground = 0 if is_light else 255
    share = opacity / 255
    return np.asarray(np.round(shades * share + ground * (1 - share)), np.uint8)


def light_on_dark(shades: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make strokes light and the ground they are drawn on black: `(H, W)`, 0 to 255.

    The ground is the median of the border; it is darker than the strokes if it is darker than
    the mean of all pixels. If all are about alike, that is an `ImageError`.
    """
    if int(shades.max()) - int(shades.min()) <= _FLAT:
        raise ImageError("something must be drawn on it, got pixels that are all alike")
    border = np.concatenate([shades[0], shades[-1], shades[:, 0], shades[:, -1]])
    ground = float(np.median(border))
    height = shades.astype(np.float64) - ground
    return _stretched(-height if shades.mean() < ground else height)


def framed(shades: NDArray[np.uint8], size: tuple[int, int], frame: Frame) -> NDArray[np.uint8]:
    """Crop light strokes, scale them and place them in a black image.

    Args:
        shades: `(M, N)`, light on black, at least one pixel as light as a stroke.
        size: Height and width of the image.
        frame: Where to place them.

    Returns:
        `(H, W)`.
    """
    drawn = shades >= _STROKE
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    cropped = shades[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = frame.box * min(size) / max(cropped.shape)
    height, width = (max(1, round(side * factor)) for side in cropped.shape)
    scaled = Image.fromarray(cropped).resize((width, height), Image.Resampling.BILINEAR)
    # Thin strokes grow faint when they are scaled down.
    strokes = _stretched(np.asarray(scaled, np.float64))
    image = np.zeros(size, np.uint8)
    if frame.mass_at is None:
        corner = ((size[0] - height) / 2, (size[1] - width) / 2)
    else:
        row, column = _centre_of_mass(strokes)
        corner = (frame.mass_at - row, frame.mass_at - column)
    top, left = (
        int(np.clip(round(at), 0, whole - side))
        for at, whole, side in zip(corner, size, strokes.shape, strict=True)
    )
    image[top : top + height, left : left + width] = strokes
    return image


def _stretched(height: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Have the highest value become 255, and what is below 0 become 0."""
    return np.asarray(np.round(np.clip(height, 0, None) * (255 / height.max())), np.uint8)


def _centre_of_mass(shades: NDArray[np.uint8]) -> tuple[float, float]:
    """Compute row and column, counted from 0."""
    total = shades.sum(dtype=np.float64)
    rows, columns = shades.sum(axis=1, dtype=np.float64), shades.sum(axis=0, dtype=np.float64)
    return (
        float(rows @ np.arange(len(rows)) / total),
        float(columns @ np.arange(len(columns)) / total),
    )
