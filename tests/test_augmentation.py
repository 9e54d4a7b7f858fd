"""Random changes of images: what each one moves or blackens, how far, and by which seed."""

from typing import Any

import pytest
import torch
from torch import Tensor

from objectives.augmentation import AugmentationParameters, augment
from objectives.errors import SettingsError

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 20, 40)]
EVERYTHING = AugmentationParameters(rotation=20, shift=0.1, crop=0.3, flip=0.5, erasing=0.5)
SMALL_ERROR = 1e-3  # of resampling in float32, on a scale of bytes


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def noise(n: int, shape: tuple[int, int, int] = (1, 28, 28)) -> Tensor:
    return torch.randint(0, 256, (n, *shape)).byte()


def dots(n: int, height: int, width: int, row: float, column: float) -> Tensor:
    """Make images of one soft dot, at a place given as shares of the sides."""
    y = torch.arange(height)[:, None] + 0.5 - row * height
    x = torch.arange(width)[None, :] + 0.5 - column * width
    dot = 255 * torch.exp(-(x**2 + y**2) / 8)
    return dot.expand(n, 1, height, width)


def places(images: Tensor) -> Tensor:
    """Find the middle of what is bright, `(N, 2)`: row and column in pixels from the centre."""
    height, width = images.shape[2:]
    weights = images[:, 0] / images[:, 0].sum(dim=(1, 2), keepdim=True)
    y = torch.arange(height)[:, None] + 0.5 - height / 2
    x = torch.arange(width)[None, :] + 0.5 - width / 2
    return torch.stack([(weights * y).sum(dim=(1, 2)), (weights * x).sum(dim=(1, 2))], dim=1)


def angles(images: Tensor) -> Tensor:
    """Find the angle of a dot about the centre in degrees, from straight right."""
    rows, columns = places(images).T
    return torch.rad2deg(torch.atan2(rows, columns))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_all_zero_leaves_images_as_they_are(shape: tuple[int, int, int]) -> None:
    images = noise(5, shape)
    assert not AugmentationParameters().is_on
    assert torch.equal(augment(images, AugmentationParameters()), images.float())


@pytest.mark.parametrize("name", ["rotation", "shift", "crop", "flip", "erasing"])
def test_each_change_alone_changes_images_each_in_its_own_way(name: str) -> None:
    parameters = AugmentationParameters(**{name: 0.5 if name != "rotation" else 30.0})
    assert parameters.is_on
    image = noise(1, (3, 16, 24))
    changed = augment(image.expand(40, -1, -1, -1), parameters)
    n_ways = len(changed.flatten(1).round().unique(dim=0))
    assert n_ways == 2 if name == "flip" else n_ways > 10


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_result_is_float_of_the_same_shape_and_range(
    shape: tuple[int, int, int], dtype: torch.dtype
) -> None:
    images = noise(9, shape).to(dtype)
    before = images.clone()
    changed = augment(images, EVERYTHING)
    assert (changed.dtype, changed.shape) == (torch.float32, images.shape)
    assert changed.min() >= -SMALL_ERROR
    assert changed.max() <= 255 + SMALL_ERROR
    assert torch.equal(images, before)


def test_seed_decides_the_draw() -> None:
    images, drawn = noise(9), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(augment(images, EVERYTHING))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_channels_of_an_image_move_together(shape: tuple[int, int, int]) -> None:
    grey = noise(6, (1, *shape[1:])).expand(-1, 3, -1, -1)
    changed = augment(grey, EVERYTHING)
    assert torch.equal(changed[:, 0], changed[:, 1])
    assert torch.equal(changed[:, 0], changed[:, 2])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_flip_of_probability_one_mirrors_left_and_right(shape: tuple[int, int, int]) -> None:
    images = noise(5, shape)
    changed = augment(images, AugmentationParameters(flip=1.0))
    torch.testing.assert_close(changed, images.float().flip(3), rtol=0, atol=SMALL_ERROR)


def test_flip_mirrors_its_share_of_the_images() -> None:
    changed = augment(dots(1000, 16, 16, 0.5, 0.3), AugmentationParameters(flip=0.2))
    is_right = places(changed)[:, 1] > 0
    assert 0.15 < is_right.float().mean() < 0.25


@pytest.mark.parametrize("height", [32, 48])
@pytest.mark.parametrize("limit", [15.0, 90.0])
def test_rotation_turns_about_the_centre_up_to_its_angle(limit: float, height: int) -> None:
    images = dots(400, height, 64, 0.5, 0.5 + 10 / 64)
    changed = augment(images, AugmentationParameters(rotation=limit))
    turned = angles(changed)
    assert -limit - 0.5 < turned.min() < -0.9 * limit
    assert 0.9 * limit < turned.max() < limit + 0.5
    radii = places(changed).norm(dim=1)  # as far from the centre as before, also if not square
    torch.testing.assert_close(radii, torch.full((400,), 10.0), rtol=0, atol=0.1)


@pytest.mark.parametrize(("height", "width"), [(40, 40), (30, 60)])
def test_shift_moves_up_to_its_share_of_each_side(height: int, width: int) -> None:
    changed = augment(dots(600, height, width, 0.5, 0.5), AugmentationParameters(shift=0.2))
    for moves, side in zip(places(changed).T, (height, width), strict=True):
        assert -0.2 * side - 0.1 < moves.min() < -0.18 * side
        assert 0.18 * side < moves.max() < 0.2 * side + 0.1


def test_shift_brings_in_black() -> None:
    white = torch.full((50, 1, 20, 20), 255).byte()
    changed = augment(white, AugmentationParameters(shift=0.5))
    assert changed.amin(dim=(1, 2, 3)).max() < 255
    assert changed.min() == 0


def test_crop_zooms_in_and_keeps_inside_the_image() -> None:
    white = torch.full((200, 1, 20, 20), 255).byte()
    limits = AugmentationParameters(crop=0.5)
    inside = augment(white, limits)[:, :, 1:-1, 1:-1]
    torch.testing.assert_close(inside, torch.full_like(inside, 255.0), rtol=0, atol=SMALL_ERROR)
    dot = dots(1, 64, 64, 0.5, 0.5)
    areas = augment(dot.expand(300, -1, -1, -1), limits).sum(dim=(1, 2, 3)) / dot.sum()
    assert 0.99 < areas.min() < 1.05
    assert 3.5 < areas.max() < 4.01


def test_erasing_blackens_one_rectangle_of_a_tenth_to_a_half_of_each_side() -> None:
    white = torch.full((500, 3, 40, 60), 255).byte()
    is_black = augment(white, AugmentationParameters(erasing=1.0))[:, 0] == 0
    for dim, side in ((2, 40), (1, 60)):
        lengths = is_black.any(dim=dim).sum(dim=1)
        assert side // 10 <= lengths.min() <= side // 10 + 1
        assert side // 2 - 1 <= lengths.max() <= side // 2 + 1
    areas = is_black.any(dim=1).sum(dim=1) * is_black.any(dim=2).sum(dim=1)
    assert torch.equal(is_black.sum(dim=(1, 2)), areas)
    assert is_black.any(dim=2).any(dim=0).all()  # also the outermost rows and columns
    assert is_black.any(dim=1).any(dim=0).all()


def test_erasing_hits_its_share_of_the_images() -> None:
    white = torch.full((1000, 1, 20, 20), 255).byte()
    changed = augment(white, AugmentationParameters(erasing=0.3))
    assert 0.25 < (changed.amin(dim=(1, 2, 3)) == 0).float().mean() < 0.35


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"rotation": -1.0}, "rotation >= 0 must hold, got -1.0"),
        ({"shift": 1.0}, "0 <= shift < 1 must hold, got 1.0"),
        ({"shift": -0.1}, "0 <= shift < 1 must hold, got -0.1"),
        ({"crop": 1.0}, "0 <= crop < 1 must hold, got 1.0"),
        ({"flip": 1.1}, "0 <= flip <= 1 must hold, got 1.1"),
        ({"erasing": -0.5}, "0 <= erasing <= 1 must hold, got -0.5"),
    ],
)
def test_augmentation_out_of_range_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        AugmentationParameters(**parameters)
    assert str(caught.value) == message
