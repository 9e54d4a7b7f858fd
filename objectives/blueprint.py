"""What one trial trains, sorted out of its parameters and settings, and what that tells.

Nothing here loads torch before a network is built, so that `search check` need not wait for it.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from objectives.errors import SettingsError, UnknownNameError
from objectives.image_folder import fit_images, open_folder
from objectives.images import DataSettings, count_classes
from objectives.models import count_parameters, find_model
from objectives.recipe import Recipe, recipe_parameters

if TYPE_CHECKING:
    from torch import nn

    from objectives.models.layers import ImageShape

RUN_SETTINGS = (
    "model",
    "data",
    "epochs",
    "seed",
    "split_seed",
    "device",
    "mixed_precision",
    "channels_last",
)
"""Settings of the image classifier that are of neither network nor training."""

_METRICS = (
    "val_accuracy",
    "val_loss",
    "val_f1",
    "val_auroc",
    "train_loss",
    "train_accuracy",
    "learning_rate",
    "backbone_learning_rate",
    "n_parameters",
)


@dataclass(frozen=True)
class Blueprint:
    """A network, how it is trained, and on which images."""

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
            UnknownNameError: If there is no such parameter or setting.
        """
        model = settings.get("model", "small_cnn")
        of_network, of_training = find_model(model).parameters, recipe_parameters()
        valid = [*of_network, *of_training]
        for name in params.keys() - {*valid}:
            raise UnknownNameError(f"parameter of {model}", name, valid)
        for name in settings.keys() - {*valid, *RUN_SETTINGS}:
            raise UnknownNameError("setting", name, [*RUN_SETTINGS, *valid])
        given = {**settings, **params}
        return cls(
            model,
            {name: value for name, value in given.items() if name in of_network},
            Recipe.of(given),
            _data_settings(settings.get("data") or {}),
        )

    def build(self, image_shape: "ImageShape", n_classes: int) -> "nn.Module":
        """Build the network on torch's default device."""
        from torch import nn

        network = find_model(self.model)(image_shape, n_classes, **self.network)
        if not isinstance(network, nn.Module):
            raise SettingsError(
                f"model: {self.model} must give a torch.nn.Module, got {network!r:.80}"
            )
        return network

    def sketch(self, image_shape: "ImageShape", n_classes: int) -> "nn.Module":
        """Build the network without any weights, only to be looked at."""
        import torch

        with torch.device("meta"):
            return self.build(image_shape, n_classes)


def measure(params: dict[str, Any], **settings: Any) -> dict[str, float]:
    """Tell what can be known of a point's network before it is trained, for `constraints:`."""
    from objectives.data import image_shape_and_classes

    blueprint = Blueprint.of(params, settings)
    sketch = blueprint.sketch(*image_shape_and_classes(blueprint.data))
    n_parameters = count_parameters(sketch)
    # `parameters` is what older space files call it.
    return {"n_parameters": n_parameters, "parameters": n_parameters}


def describe(**settings: Any) -> dict[str, Any]:
    """Tell what can be told without training; a fact that takes time is a function."""
    blueprint = Blueprint.of({}, settings)
    return {
        "parameters": [*find_model(blueprint.model).parameters, *recipe_parameters()],
        "metrics": _METRICS,
        "class_counts": lambda: _class_counts(blueprint.data),
        "n_split": lambda: _n_split(blueprint.data),
        "notes": lambda: open_folder(blueprint.data).notes() if blueprint.data.is_folder else [],
        "layers": lambda params: _layers(Blueprint.of(params, settings)),
    }


def _class_counts(data: DataSettings) -> dict[str, dict[str, int]]:
    """Count the images of each class in `train` and `val`, and in `test` of a folder."""
    if data.is_folder:
        return open_folder(data).class_counts()
    arrays, places = fit_images(data)
    return count_classes(
        arrays.classes, {split: arrays.labels[at] for split, at in places.items()}
    )


def _n_split(data: DataSettings) -> int:
    """Count the images that are drawn into `train` and `val`; 0 where a folder gives both."""
    if data.is_folder and "val" in open_folder(data).survey.files:
        return 0
    _, places = fit_images(data)
    return len(places["train"]) + len(places["val"])


def _layers(blueprint: Blueprint) -> str:
    """Write a table of each layer's output shape and number of weights."""
    import torchinfo

    from objectives.data import image_shape_and_classes

    image_shape, n_classes = image_shape_and_classes(blueprint.data)
    sketch = blueprint.sketch(image_shape, n_classes)
    device = "cpu" if _fill_with_zeros(sketch) else "meta"
    table = str(torchinfo.summary(sketch, (1, *image_shape), device=device, verbose=0))
    return table.replace("Units.MEGABYTES", "M")  # a slip of torchinfo's


def _fill_with_zeros(sketch: "nn.Module") -> bool:
    """Bring a network from the meta device to the CPU; tell whether it could be.

    For a first relu on the meta device torch imports its compiler, which takes seconds.
    """
    import torch

    tensors = sketch.state_dict()
    if any(name not in tensors for name, _ in sketch.named_buffers()):
        return False  # a buffer that is not saved
    zeros = {name: torch.zeros(of.shape, dtype=of.dtype) for name, of in tensors.items()}
    sketch.load_state_dict(zeros, assign=True)
    return True


def _data_settings(given: Mapping[str, Any]) -> DataSettings:
    valid = [field.name for field in dataclasses.fields(DataSettings)]
    for name in given:
        if name not in valid:
            raise UnknownNameError("setting of data", name, valid)
    return DataSettings(**given)
