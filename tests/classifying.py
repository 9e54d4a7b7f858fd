"""Objectives whose networks can be used, with every flaw on demand, and drawings for them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from tests.predicting import Named, Predicting


class Brightness(nn.Module):
    """Takes the brightness of an image for the probability of the second of three classes."""

    def __init__(self, shape: str = "") -> None:
        super().__init__()
        self.shape = shape

    def forward(self, images: Tensor) -> Tensor:
        light = (images / 255).mean(dim=(1, 2, 3))
        if self.shape == "flat":
            return light
        return torch.stack([1 - light, light, 0 * light], dim=1)


class Using(Named):
    """Classifies pictures by their brightness; refuses those that are red."""

    image_shape = (1, 4, 4)
    given: list[int] = []
    """How many pictures it was given, at each call."""

    def classify(self, images: Sequence[Image.Image]) -> Any:
        self.given.append(len(images))
        if any(image.getpixel((0, 0)) == (255, 0, 0) for image in images):
            raise ValueError("no red must be in it, got some\nand more")
        arrays = np.stack([np.asarray(image.convert("L").resize((4, 4))) for image in images])
        probabilities = Brightness()(torch.from_numpy(arrays[:, None]).float()).numpy()
        match self.flaw:
            case "raises":
                raise KeyError("images")
            case "shape":
                return probabilities[1:]
            case "logits":
                return probabilities * 3
        return probabilities

    def deployable(self) -> nn.Module:
        if self.flaw == "raises":
            raise KeyError("network")
        return Brightness(self.flaw)


class Unnamed(Predicting):
    """Has no names for its classes."""

    image_shape = Using.image_shape
    given: list[int] = []
    classify = Using.classify


def draw_stroke(
    size: tuple[int, int] = (200, 300), ink: object = "black", paper: object = "white"
) -> Image.Image:
    """Draw a bar 30 wide and 120 high, with its upper left corner at (110, 40)."""
    image = Image.new("RGB", size, paper)  # type: ignore[arg-type]
    ImageDraw.Draw(image).rectangle((110, 40, 139, 159), fill=ink)  # type: ignore[arg-type]
    return image


def save_grey(folder: Path, **levels: int) -> list[Path]:
    """Save a picture of each level of grey."""
    paths = []
    for name, level in levels.items():
        paths.append(folder / f"{name}.png")
        Image.new("RGB", (6, 5), (level, level, level)).save(paths[-1])
    return paths
