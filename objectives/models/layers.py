"""What the networks share: layers by name, numbers, a stack of layers that knows its shape.

Which layers a network has, in which order, is left to the module of that network.
"""

import re
from collections import OrderedDict

from torch import nn

from objectives.errors import InfeasibleError, SettingsError, UnknownNameError, require_count

ImageShape = tuple[int, int, int]
"""Channels, height, width."""

Numbers = float | str | list[int] | list[float]
"""A list of numbers, one number, or a text of several, such as `512-128` or `2,4`."""

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
POOLINGS: dict[str, type[nn.Module]] = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}


class Stack:
    """Layers put one after another, and the shape of what leaves the last."""

    def __init__(self, image_shape: ImageShape) -> None:
        self.channels, self.height, self.width = image_shape
        self.layers: list[nn.Module] = []

    @property
    def n_features(self) -> int:
        """Numbers that one image has become."""
        return self.channels * self.height * self.width

    def convolve(  # noqa: PLR0913  each is a size of the one layer
        self,
        where: str,
        filters: int,
        kernel_size: int = 1,
        *,
        stride: int = 1,
        n_zeros: int = 0,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        """Add a convolution; `where` names its block in the error if the kernel is too large."""
        self._slide(f"{where}: the kernel", kernel_size, stride, n_zeros)
        self.layers.append(
            nn.Conv2d(
                self.channels, filters, kernel_size, stride, n_zeros, groups=groups, bias=bias
            )
        )
        self.channels = filters

    def pool(self, where: str, pooling: str, size: int) -> None:
        """Add a pooling, a key of `POOLINGS`, whose windows do not overlap."""
        self._slide(f"{where}: the pool", size, size, 0)
        self.layers.append(POOLINGS[pooling](size))

    def take(self) -> list[nn.Module]:
        """Hand over the layers since the last call."""
        layers, self.layers = self.layers, []
        return layers

    def _slide(self, what: str, window: int, stride: int, n_zeros: int) -> None:
        self.height = _shrunk(self.height, window, stride, n_zeros, what)
        self.width = _shrunk(self.width, window, stride, n_zeros, what)


def read_numbers(name: str, value: Numbers) -> list[float]:
    """Read a list of numbers that may be written as a text, as search parameters are.

    Args:
        name: Of the parameter, for the error.
        value: A list, one number, or a text with `-` or `,` between the numbers; an empty
            text and `none` are the empty list.

    Returns:
        The numbers; whole ones of a text as int.

    Raises:
        SettingsError: If a part of the text is no number.

    Example:
        >>> read_numbers("l2", "1e-4-0-2e-5")
        [0.0001, 0, 2e-05]
    """
    if not isinstance(value, str):
        return list(value) if isinstance(value, list | tuple) else [value]
    # The minus of an exponent does not separate.
    parts = [] if value in {"", "none"} else re.split(r",|(?<![eE])-", value)
    try:
        return [int(part) if part.strip().isdecimal() else float(part) for part in parts]
    except ValueError:
        raise SettingsError(
            f"{name} must be numbers with '-' or ',' between, got {name}={value!r}"
        ) from None


def read_counts(name: str, value: Numbers) -> list[int]:
    """Read a list of whole numbers from 1 on, as `read_numbers` does."""
    numbers = read_numbers(name, value)
    for number in numbers:
        require_count(name, number)
    return [int(number) for number in numbers]


def with_head(layers: list[nn.Module], head: nn.Module) -> nn.Sequential:
    """Chain layers under numbers, and then the classifier under the name `head`."""
    children = {str(number): layer for number, layer in enumerate(layers)}
    return nn.Sequential(OrderedDict({**children, "head": head}))


def grown(filters: int, factor: float, steps: int) -> int:
    """Compute how many filters come some steps after the first, such as 8, 12, 18, 27."""
    return max(1, round(filters * factor**steps))


def zeros_of(padding: int | str, kernel_size: int) -> int:
    """Compute the zeros at each edge of an input; `same` is half the kernel, `valid` none."""
    if isinstance(padding, int) and padding >= 0:
        return padding
    named = {"same": kernel_size // 2, "valid": 0}
    if padding not in named:
        raise SettingsError(
            f"padding must be a number of zeros, 'same' or 'valid', got {padding!r}"
        )
    return named[str(padding)]


def require_activation(name: str) -> None:
    """Refuse what is not a key of `ACTIVATIONS`."""
    if name not in ACTIVATIONS:
        raise UnknownNameError("activation", name, ACTIVATIONS)


def _shrunk(size: int, window: int, stride: int, n_zeros: int, what: str) -> int:
    """Compute the size that a window leaves, refusing one that does not fit."""
    if window > size + 2 * n_zeros:
        raise InfeasibleError(
            f"{what} {window}x{window} must not be larger than its input "
            f"{size}x{size} with padding {n_zeros}"
        )
    return (size + 2 * n_zeros - window) // stride + 1
