"""Multilayer perceptrons: linear layers on the pixels, each with its own dropout and penalty."""

import math
from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn

from objectives.errors import InfeasibleError, require_not_negative, require_share
from objectives.models.layers import (
    ACTIVATIONS,
    ImageShape,
    Numbers,
    read_counts,
    read_numbers,
    require_activation,
)


class Mlp(nn.Sequential):
    """A chain of layers that knows the L2 penalty of its linear ones.

    Args:
        layers: Children by name, from stem to head.
        l2: Coefficient of each linear layer's weights, in their order.
    """

    def __init__(self, layers: OrderedDict[str, nn.Module], l2: list[float]) -> None:
        super().__init__(layers)
        self.l2 = l2

    def penalty(self) -> Tensor:
        """Compute what the training adds to its loss: `l2` times the squared weights, summed."""
        linear = [layer for layer in self.modules() if isinstance(layer, nn.Linear)]
        total = linear[-1].weight.new_zeros(())
        for layer, coefficient in zip(linear, self.l2, strict=True):
            if coefficient:
                total = total + coefficient * layer.weight.square().sum()
        return total


def mlp(  # noqa: PLR0913  each is a parameter that can be searched
    image_shape: ImageShape,
    n_classes: int,
    *,
    widths: Numbers = "512-128",
    dropout: Numbers = 0.0,
    l2: Numbers = 0.0,
    batch_norm: bool = False,
    activation: str = "relu",
) -> Mlp:
    """Build hidden linear layers and a linear head.

    A hidden layer is followed by batch normalisation, the activation and dropout.

    Args:
        image_shape: Channels, height and width of the input, which is flattened.
        n_classes: Outputs of the head.
        widths: Outputs of each hidden layer: a list, a number, or a text such as `512-128`;
            an empty one leaves a linear classifier.
        dropout: Share of outputs that training drops, in [0, 1): a number for every hidden
            layer, or a list or a text such as `0.5-0.1` for the first ones, 0 for the rest.
        l2: Coefficient of the penalty on weights, at least 0: a number for every layer, or a
            list or a text for the first ones, the head being the last, 0 for the rest.
        batch_norm: Whether each hidden layer normalises its output over the batch.
        activation: A key of `ACTIVATIONS`.

    Returns:
        A network from `(N, C, H, W)` to logits `(N, n_classes)`; more entries than layers are an
        `InfeasibleError`.
    """
    require_activation(activation)
    sizes = read_counts("widths", widths)
    shares = _per_layer("dropout", dropout, len(sizes), require_share)
    coefficients = _per_layer("l2", l2, len(sizes) + 1, require_not_negative)
    n_inputs = math.prod(image_shape)
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for number, (width, share) in enumerate(zip(sizes, shares, strict=True), start=1):
        layers[f"hidden{number}"] = nn.Sequential(
            nn.Linear(n_inputs, width),
            *([nn.BatchNorm1d(width)] if batch_norm else []),
            ACTIVATIONS[activation](),
            *([nn.Dropout(share)] if share else []),
        )
        n_inputs = width
    layers["head"] = nn.Linear(n_inputs, n_classes)
    return Mlp(layers, coefficients)


def _per_layer(
    name: str, value: Numbers, n_layers: int, require: Callable[[str, object], None]
) -> list[float]:
    """Give each layer its number: the same to all, or a list's with 0 for the rest."""
    numbers = read_numbers(name, value)
    for number in numbers:
        require(name, number)
    if isinstance(value, int | float):
        return numbers * n_layers
    if len(numbers) > n_layers:
        raise InfeasibleError(
            f"{name}={value!r} must have no more entries than layers, which are {n_layers}"
        )
    return numbers + [0.0] * (n_layers - len(numbers))
