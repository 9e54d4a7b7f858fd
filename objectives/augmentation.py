"""Random changes of training images, on whole batches and on their device."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from objectives.errors import SettingsError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class AugmentationParameters:
    """How training images are changed; all zero leaves them as they are.

    Args:
        rotation: Largest angle in degrees, either way, at least 0.
        shift: Largest shift as a share of the image's size, each way, in [0, 1).
        crop: Largest share of each side that a random crop, scaled back, cuts off, in [0, 1).
        flip: Probability that left and right are exchanged, in [0, 1].
        erasing: Probability that a rectangle is made black, in [0, 1] (Zhong et al. 2020,
            arXiv:1708.04896).
    """

    rotation: float = 0.0
    shift: float = 0.0
    crop: float = 0.0
    flip: float = 0.0
    erasing: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        if self.rotation < 0:
            raise SettingsError(f"rotation >= 0 must hold, got {self.rotation}")
        for name in ("shift", "crop"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingsError(f"0 <= {name} < 1 must hold, got {getattr(self, name)}")
        for name in ("flip", "erasing"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"0 <= {name} <= 1 must hold, got {getattr(self, name)}")

    @property
    def is_on(self) -> bool:
        """Whether anything is changed."""
        return any((self.rotation, self.shift, self.crop, self.flip, self.erasing))


def augment(images: "Tensor", parameters: AugmentationParameters) -> "Tensor":
    """Change each image of a batch `(N, C, H, W)`, black 0, in its own way: float32.

    What comes in from outside an image is black. Random numbers are drawn on the CPU, so that
    every device draws the same.
    """
    images = images.float()
    if parameters.rotation or parameters.shift or parameters.crop or parameters.flip:
        images = _move(images, parameters)
    if parameters.erasing:
        images = _erase(images, parameters.erasing)
    return images


def _move(images: "Tensor", parameters: AugmentationParameters) -> "Tensor":
    """Rotate, shift, flip and crop in one resampling."""
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    n, _, height, width = images.shape
    angle = _spread(n, math.radians(parameters.rotation))
    zoom = 1 - parameters.crop * torch.rand(n)
    side = 1 - 2 * (torch.rand(n) < parameters.flip).float()
    ratio = height / width
    moves = torch.empty(n, 2, 3)
    moves[:, 0, 0] = zoom * angle.cos() * side
    moves[:, 0, 1] = -zoom * angle.sin() * ratio
    moves[:, 1, 0] = zoom * angle.sin() / ratio * side
    moves[:, 1, 1] = zoom * angle.cos()
    room = (1 - zoom)[:, None]
    moves[:, :, 2] = room * _spread((n, 2), 1.0) + _spread((n, 2), 2 * parameters.shift)
    grid = affine_grid(moves.to(images.device), list(images.shape), align_corners=False)
    return grid_sample(images, grid, align_corners=False)


def _erase(images: "Tensor", probability: float) -> "Tensor":
    """Blacken a rectangle of a tenth to a half of each side, in some of the images."""
    import torch

    n, _, height, width = images.shape
    sides = 0.1 + 0.4 * torch.rand(n, 2)
    corners = torch.rand(n, 2) * (1 - sides)
    hit = torch.rand(n) < probability
    inside = [
        (place >= corner[:, None]) & (place < (corner + side)[:, None])
        for place, corner, side in (
            ((torch.arange(height) + 0.5) / height, corners[:, 0], sides[:, 0]),
            ((torch.arange(width) + 0.5) / width, corners[:, 1], sides[:, 1]),
        )
    ]
    erased = inside[0][:, None, :, None] & inside[1][:, None, None, :] & hit[:, None, None, None]
    return images.masked_fill(erased.to(images.device), 0.0)


def _spread(shape: int | tuple[int, int], limit: float) -> "Tensor":
    """Draw evenly from -limit to limit."""
    import torch

    return (2 * torch.rand(shape) - 1) * limit
