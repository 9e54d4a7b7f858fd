"""The networks by name, what each can be given, and how large one is.

A model is a function from image shape, number of classes and its own parameters to a
module. Its children go from stem to head: the classifier is the last, under the name `head`.
"""

import inspect
from collections.abc import Callable

from torch import nn

from objectives.convnets import mnist_convnet, small_cnn
from objectives.errors import unknown_name
from objectives.mlp import mlp
from objectives.pretrained import pretrained
from objectives.tiny_cnn import tiny_cnn

MODELS: dict[str, Callable[..., nn.Module]] = {
    "small_cnn": small_cnn,
    "tiny_cnn": tiny_cnn,
    "mnist_convnet": mnist_convnet,
    "mlp": mlp,
    "pretrained": pretrained,
}


def model_parameters(name: str) -> list[str]:
    """List what a model can be given.

    Args:
        name: A key of `MODELS`.

    Returns:
        Names of its parameters.

    Raises:
        SettingsError: If there is no such model.
    """
    if name not in MODELS:
        raise unknown_name("model", name, MODELS)
    signature = inspect.signature(MODELS[name])
    return [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]


def count_parameters(model: nn.Module) -> int:
    """Count a network's weights, frozen ones too.

    Args:
        model: The network; on the `meta` device it has a size but costs no memory.

    Returns:
        Their number.
    """
    return sum(parameter.numel() for parameter in model.parameters())
