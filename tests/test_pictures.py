"""Pictures are brought to what a network was trained on, whatever they are drawn on."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from objectives.errors import ImageError
from objectives.pictures import as_picture, read_files, resize
from objectives.sources import prepare, read_digits
from tests.classifying import draw_stroke

MNIST = ("mnist", (28, 28))


def outline(image: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what is lit; bottom and right are exclusive."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def centre_of_mass(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    positions = np.indices(image.shape).reshape(2, -1)
    return positions @ image.ravel() / image.sum(dtype=float)  # type: ignore[no-any-return]


def test_drawing_is_scaled_into_a_box_of_20_and_keeps_its_aspect_ratio() -> None:
    (image,) = prepare(draw_stroke(), *MNIST)
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    top, bottom, left, right = outline(image)
    assert (bottom - top, right - left) == (20, 5)
    assert set(np.unique(image)) == {0, 255}


def test_wide_drawing_fills_the_box_from_left_to_right() -> None:
    (image,) = prepare(draw_stroke().rotate(90, expand=True), *MNIST)
    top, bottom, left, right = outline(image)
    assert (bottom - top, right - left) == (5, 20)


def test_drawing_is_centred_by_its_mass() -> None:
    drawing = Image.new("L", (400, 400), 255)
    ImageDraw.Draw(drawing).polygon([(200, 20), (300, 20), (200, 150)], fill=0)  # heavy top left
    (image,) = prepare(drawing, *MNIST)
    assert centre_of_mass(image) == pytest.approx([14, 14], abs=0.5)
    top, bottom, left, right = outline(image)
    assert (top + bottom) / 2 > 15
    assert (left + right) / 2 > 15


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("white", "black"), ("navy", "yellow"), ((200, 200, 200), (40, 40, 40)), ("grey", "white")],
)
def test_drawing_becomes_light_on_black_whatever_its_colours(ink: object, paper: object) -> None:
    expected = prepare(draw_stroke(), *MNIST)
    np.testing.assert_array_equal(prepare(draw_stroke(ink=ink, paper=paper), *MNIST), expected)


@pytest.mark.parametrize("ink", [0, 255])
def test_transparent_drawing_stands_out(ink: int) -> None:
    mask = draw_stroke(ink="white", paper="black").convert("L")
    drawing = Image.new("RGBA", mask.size, (ink, ink, ink, 0))
    drawing.putalpha(mask)
    np.testing.assert_array_equal(prepare(drawing, *MNIST), prepare(draw_stroke(), *MNIST))


def test_drawing_of_16_bits_is_not_cut_off(tmp_path: Path) -> None:
    shades = np.asarray(draw_stroke(ink="grey").convert("L"), np.uint16) * 257
    Image.fromarray(shades).save(tmp_path / "deep.png")
    with Image.open(tmp_path / "deep.png") as drawing:
        assert drawing.mode.startswith("I")
        np.testing.assert_array_equal(prepare(drawing, *MNIST), prepare(draw_stroke(), *MNIST))


def test_photo_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    draw_stroke().rotate(90, expand=True).save(tmp_path / "photo.png", exif=exif)
    with Image.open(tmp_path / "photo.png") as photo:
        np.testing.assert_array_equal(prepare(photo, *MNIST), prepare(draw_stroke(), *MNIST))


def test_thin_strokes_stay_light() -> None:
    drawing = Image.new("L", (600, 600), 255)
    ImageDraw.Draw(drawing).ellipse((100, 100, 400, 400), outline=0, width=3)
    (image,) = prepare(drawing, *MNIST)
    assert image.max() == 255


@pytest.mark.parametrize("level", [0, 128, 255])
def test_empty_sheet_is_refused(level: int) -> None:
    with pytest.raises(ImageError, match="something must be drawn on it, got pixels that are"):
        prepare(Image.new("L", (50, 60), level), *MNIST)


def test_digits_fill_their_images_as_those_of_the_data_set() -> None:
    images = read_digits(Path(), train=False, size=None).images[:, 0]
    assert {outline(image)[:2] for image in images} == {(0, 8)}
    (image,) = prepare(draw_stroke(), "digits", (8, 8))
    assert outline(image) == (0, 8, 3, 5)


def test_fashion_is_centred_by_its_outline() -> None:
    drawing = Image.new("L", (400, 400), 255)
    ImageDraw.Draw(drawing).polygon([(200, 20), (300, 20), (200, 220)], fill=0)
    (image,) = prepare(drawing, "fashion_mnist", (28, 28))
    top, bottom, left, right = outline(image)
    assert (top, bottom) == (0, 28)
    assert left == pytest.approx(28 - right, abs=1)


def test_image_of_the_networks_size_is_taken_as_it_is() -> None:
    pixels = np.arange(784, dtype=np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(prepare(Image.fromarray(255 - pixels), *MNIST)[0], 255 - pixels)


def test_image_of_the_data_sets_size_is_only_scaled() -> None:
    images = read_digits(Path(), train=False, size=None).images[:1]
    expected = resize(images, 20)[0]
    prepared = prepare(Image.fromarray(images[0, 0]), "digits", (20, 20))
    np.testing.assert_array_equal(prepared, expected)


def test_drawing_for_larger_digits_is_as_coarse_as_they_are() -> None:
    small = prepare(draw_stroke(), "digits", (8, 8))
    expected = resize(small[None], 28)[0]
    np.testing.assert_array_equal(prepare(draw_stroke(), "digits", (28, 28)), expected)


def test_colour_is_scaled_as_by_the_image_folder(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "1.png")
    expected = read_files([tmp_path / "1.png"], 16).images[0]
    np.testing.assert_array_equal(
        prepare(Image.fromarray(noise), "image_folder", (16, 16)), expected
    )


def test_colour_of_cifar_passes_through_its_size() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    image = Image.fromarray(noise)
    np.testing.assert_array_equal(prepare(image, "cifar10", (32, 32)), noise.transpose(2, 0, 1))
    expected = resize(noise.transpose(2, 0, 1)[None], 48)[0]
    np.testing.assert_array_equal(prepare(image, "cifar10", (48, 48)), expected)


def test_grey_picture_becomes_colour_for_a_colour_network() -> None:
    prepared = prepare(Image.new("L", (10, 10), 77), "cifar10", (32, 32))
    assert prepared.shape == (3, 32, 32)
    assert set(np.unique(prepared)) == {77}


@pytest.mark.parametrize("n_channels", [1, 3], ids=["grey", "colour"])
def test_as_picture_shows_the_same_pixels(n_channels: int) -> None:
    pixels = np.random.default_rng(0).integers(256, size=(n_channels, 4, 6), dtype=np.uint8)
    picture = as_picture(pixels)
    assert picture.size == (6, 4)
    assert (np.atleast_3d(np.asarray(picture)).transpose(2, 0, 1) == pixels).all()
