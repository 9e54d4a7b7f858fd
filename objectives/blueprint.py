"""What one trial trains, sorted out of its parameters and settings."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from objectives.errors import unknown_name
from objectives.images import DataSettings
from objectives.layers import ImageShape
from objectives.models import MODELS, model_parameters
from objectives.recipe import Recipe, recipe_parameters

RUN_SETTINGS = (
    "model",
    "data",
    "epochs",
    "seed",
    "device",
    "mixed_precision",
    "channels_last",
)
"""Settings of the image classifier that are of neither network nor training."""


@dataclass(frozen=True)
class Blueprint:
    """A network, how it is trained, and on which images.

    Args:
        model: A key of `MODELS`.
        network: The network's parameters.
        recipe: How it is trained.
        data: Which images.
    """

    model: str
    network: dict[str, Any]
    recipe: Recipe
    data: DataSettings

    @classmethod
    def of(cls, params: Mapping[str, Any], settings: Mapping[str, Any]) -> "Blueprint":
        """Tell the parameters of the network from those of the training.

        Args:
            params: The trial's parameters.
            settings: The space file's `settings`; of those parameters that it does not search.

        Returns:
            The blueprint.

        Raises:
            SettingsError: If a name does not exist or a value does not hold.
        """
        model = settings.get("model", "small_cnn")
        of_network, of_training = model_parameters(model), recipe_parameters()
        valid = [*of_network, *of_training]
        for name in params.keys() - {*valid}:
            raise unknown_name(f"parameter of {model}", name, valid)
        for name in settings.keys() - {*valid, *RUN_SETTINGS}:
            raise unknown_name("setting", name, [*RUN_SETTINGS, *valid])
        given = {**settings, **params}
        return cls(
            model,
            {name: value for name, value in given.items() if name in of_network},
            Recipe.of(given),
            _data_settings(settings.get("data") or {}),
        )

    def build(self, image_shape: ImageShape, n_classes: int) -> nn.Module:
        """Build the network.

        Args:
            image_shape: Channels, height and width.
            n_classes: Its outputs.

        Returns:
            The network, on the default device.

        Raises:
            InfeasibleError: If these parameters make no valid network.
        """
        return MODELS[self.model](image_shape, n_classes, **self.network)

    def sketch(self, image_shape: ImageShape, n_classes: int) -> nn.Module:
        """Build the network without any weights, only to be looked at.

        Args:
            image_shape: Channels, height and width.
            n_classes: Its outputs.

        Returns:
            The network, on torch's meta device.
        """
        with torch.device("meta"):
            return self.build(image_shape, n_classes)


def _data_settings(given: Mapping[str, Any]) -> DataSettings:
    valid = [field.name for field in dataclasses.fields(DataSettings)]
    for name in given:
        if name not in valid:
            raise unknown_name("setting of data", name, valid)
    return DataSettings(**given)
