"""What can be told of a search's networks and images before anything is trained."""

from typing import Any

from objectives.blueprint import Blueprint
from objectives.data import image_shape_and_classes
from objectives.image_folder import fit_images, open_folder
from objectives.images import count_classes
from objectives.models import count_parameters


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
