"""Brings a picture to what the images of a data set look like.

Data sets of grey images are light strokes on black, cropped and placed in a frame; a drawing
on white paper is brought to that. Colour images are only scaled, as their source does it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from objectives.errors import PictureError
from objectives.image_files import as_rgb, eight_bits
from objectives.sources import KNOWN_SHAPES, resize

_STROKE = 64
"""From this brightness on a pixel counts as drawn, where the brightest is 255."""
_FLAT = 16
"""Pixels that differ by no more than this show nothing."""


@dataclass(frozen=True)
class Frame:
    """Where in its images a data set of grey ones has what they show.

    Args:
        box: Longest side of what is shown, as a share of the image's, in (0, 1].
        mass_at: Row and column of its centre of mass, counted from 0; None has the middle of
            its outline in the middle of the image.
    """

    box: float
    mass_at: float | None


FRAMES = {
    "digits": Frame(1, mass_at=3.5),
    "mnist": Frame(20 / 28, mass_at=14),
    "fashion_mnist": Frame(1, mass_at=None),
}
"""Of the sources whose images are grey. MNIST: LeCun, Cortes and Burges, "The MNIST database of
handwritten digits"; Fashion-MNIST: Xiao, Rasul and Vollgraf 2017 (arXiv:1708.07747), section 2;
those of `digits` fill their images from top to bottom."""


def prepare(picture: Image.Image, source: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring a picture to what a network was trained on.

    One that already has that size, or the size of the source's images, is not framed.

    Args:
        picture: Of any size and mode.
        source: The name of a data set, as in `objectives.images.NAMES`.
        size: Height and width that the network is given.

    Returns:
        `(C, H, W)`.

    Raises:
        PictureError: If a frame is needed and the picture shows nothing.
    """
    native = KNOWN_SHAPES[source][0][1:] if source in KNOWN_SHAPES else size
    if source not in FRAMES:
        pixels = colour(picture, native)
    else:
        shades = grey(picture)
        if shades.shape not in {native, size}:
            shades = framed(light_on_dark(shades), native, FRAMES[source])
        pixels = shades[None]
    return pixels if pixels.shape[1:] == size else resize(pixels[None].copy(), size[0])[0]


def as_picture(pixels: NDArray[np.uint8]) -> Image.Image:
    """Turn the pixels of an image into a picture; `prepare` gives the same pixels of it.

    Args:
        pixels: `(C, H, W)`, grey or colour.

    Returns:
        The picture.
    """
    return Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0).copy())


def colour(picture: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Scale a picture as `objectives.image_files.read_files` does.

    Args:
        picture: Of any size and mode.
        size: Height and width wanted.

    Returns:
        `(3, H, W)`.
    """
    scaled = as_rgb(picture)
    if scaled.size != size[::-1]:
        scaled = scaled.resize(size[::-1])
    return np.asarray(scaled, np.uint8).transpose(2, 0, 1)


def grey(picture: Image.Image) -> NDArray[np.uint8]:
    """Take the shades of a picture: upright, and where it is transparent, in contrast to it.

    Args:
        picture: Of any size and mode.

    Returns:
        `(H, W)`.
    """
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
    """Make strokes light and the ground they are drawn on black.

    The ground is the median of the border; it is darker than the strokes if it is darker than
    the mean of all pixels.

    Args:
        shades: `(H, W)`.

    Returns:
        `(H, W)`, from 0 to 255.

    Raises:
        PictureError: If all pixels are about alike.
    """
    if int(shades.max()) - int(shades.min()) <= _FLAT:
        raise PictureError("something must be drawn on it, got pixels that are all alike")
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
