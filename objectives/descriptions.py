"""What can be told of a search's networks and images before anything is trained."""

from typing import Any

import numpy as np

from objectives.blueprint import Blueprint
from objectives.images import divide, shared_arrays
from objectives.models import count_parameters, model_parameters
from objectives.recipe import recipe_parameters


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
    table = str(torchinfo.summary(sketch, (1, *image_shape), device="meta", verbose=0))
    return table.replace("Units.MEGABYTES", "M")  # a slip of torchinfo's


def class_counts(**settings: Any) -> dict[str, dict[str, int]]:
    """Count the images of each class.

    Args:
        **settings: Those of the objective.

    Returns:
        For each class, how many images `train` and `val` have of it.
    """
    data = Blueprint.of({}, settings).data
    arrays = shared_arrays(data, train=True)
    counts = {
        name: np.bincount(arrays.labels[indices], minlength=len(arrays.classes))
        for name, indices in divide(arrays.labels, data).items()
    }
    return {
        label: {name: int(count[i]) for name, count in counts.items()}
        for i, label in enumerate(arrays.classes)
    }
