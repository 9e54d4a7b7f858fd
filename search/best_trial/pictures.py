"""Pictures: reads one that the user names or sends, and makes small ones for reports."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from search.errors import ObjectiveError, SearchError
from search.objective.contract import Classifier

_LONGEST_SIDE = 96
"""Pixels of a small picture; one of fewer is kept as it is."""


class PictureError(SearchError):
    """A file that is no picture, or one that cannot be classified."""


def read_picture(path: Path) -> Image.Image:
    """Read a picture whole."""
    return _read(path, str(path))


def decode_picture(content: bytes) -> Image.Image:
    """Read a picture that was sent."""
    return _read(io.BytesIO(content), "picture")


def _read(file: Path | BinaryIO, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Pillow warns of an image that is suspiciously large, before it is decoded.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as picture:
                picture.load()
                return picture.copy()
    except FileNotFoundError:
        raise PictureError(f"{name}: an image file must lie there, none found") from None
    except IsADirectoryError:
        raise PictureError(f"{name}: an image file must be given, got a folder") from None
    except UnidentifiedImageError:
        raise PictureError(f"{name}: an image file must be given, got something else") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise PictureError(
            f"{name}: an image of at most {Image.MAX_IMAGE_PIXELS:,} pixels must be given, "
            "got a larger one"
        ) from None
    except PermissionError as error:
        raise PictureError(f"{name}: the file must be readable, got {error.strerror}") from None
    except Exception as error:  # noqa: BLE001  a damaged file may raise anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise PictureError(f"{name}: a whole image must be given, got: {reason}") from None


def worst_pictures(classifier: Classifier, split: str, indices: Sequence[int]) -> dict[int, bytes]:
    """Ask for images of a split, if the classifier gives any, as small PNG files by index."""
    images = getattr(classifier, "images", None)
    if images is None or not indices:
        return {}
    found = list(images(split, list(indices)))
    if len(found) != len(indices):
        raise ObjectiveError(
            f"objective: images({split!r}, indices) must give an image for each of "
            f"{len(indices)} indices, got {len(found)}"
        )
    return {index: small_png(image) for index, image in zip(indices, found, strict=True)}


def small_png(picture: object) -> bytes:
    """Make a small picture of an objective's image."""
    if not isinstance(picture, Image.Image):
        raise ObjectiveError(
            f"objective: images() must give images of Pillow, got {type(picture).__name__}"
        )
    small = picture if picture.mode in {"1", "L", "RGB", "RGBA"} else picture.convert("RGB")
    small = small.copy()
    small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    file = io.BytesIO()
    small.save(file, "PNG", optimize=True)
    return file.getvalue()
