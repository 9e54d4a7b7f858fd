"""What can be told of a search's networks and images before anything is trained."""

from typing import TYPE_CHECKING, Any

from objectives.blueprint import Blueprint
from objectives.image_folder import fit_images, open_folder
from objectives.images import count_classes
from objectives.models import count_parameters, model_parameters
from objectives.recipe import recipe_parameters

if TYPE_CHECKING:
    from torch import nn


def declares(**settings: Any) -> dict[str, list[str]]:
    """Name what a trial can be given, and what is reported after an epoch.

    Args:
        **settings: Those of the objective.

    Returns:
        `parameters` of the network and of the training, and `metrics`.

    Raises:
        SettingsError: If a setting does not exist or its value does not hold.
    """
    blueprint = Blueprint.of({}, settings)
    return {
        "parameters": [*model_parameters(blueprint.model), *recipe_parameters()],
        "metrics": [
            "val_accuracy",
            "val_loss",
            "val_f1",
            "val_auroc",
            "train_loss",
            "train_accuracy",
            "learning_rate",
            "backbone_learning_rate",
            "n_parameters",
        ],
    }


def measure(params: dict[str, Any], **settings: Any) -> dict[str, float]:
    """Tell what can be known of a network before it is trained, for `constraints:`.

    Args:
        params: Those of a trial.
        **settings: Those of the objective.

    Returns:
        `parameters` and, the same number, `n_parameters`.

    Raises:
        InfeasibleError: If these parameters make no valid network.
    """
    from objectives.data import image_shape_and_classes

    blueprint = Blueprint.of(params, settings)
    sketch = blueprint.sketch(*image_shape_and_classes(blueprint.data))
    n_parameters = count_parameters(sketch)
    return {"parameters": n_parameters, "n_parameters": n_parameters}


def describe(params: dict[str, Any], **settings: Any) -> str:
    """Describe a trial's network, layer by layer.

    Args:
        params: Those of the trial.
        **settings: Those of the objective.

    Returns:
        A table of several lines: each layer's output shape and number of parameters.
    """
    import torchinfo

    from objectives.data import image_shape_and_classes

    blueprint = Blueprint.of(params, settings)
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


def class_counts(**settings: Any) -> dict[str, dict[str, int]]:
    """Count the images of each class.

    Args:
        **settings: Those of the objective.

    Returns:
        For each class, how many images `train` and `val` have of it, and `test` of a folder.
    """
    data = Blueprint.of({}, settings).data
    if data.is_folder:
        return open_folder(data).class_counts()
    arrays, places = fit_images(data)
    return count_classes(
        arrays.classes, {split: arrays.labels[at] for split, at in places.items()}
    )


def notes(**settings: Any) -> list[str]:
    """Tell what is worth knowing of the images before a search.

    Args:
        **settings: Those of the objective.

    Returns:
        A sentence each.
    """
    data = Blueprint.of({}, settings).data
    return open_folder(data).notes() if data.is_folder else []
