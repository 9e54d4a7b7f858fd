"""What the networks share: layers by name, sizes, a stack of layers that knows its shape.

Which layers a network has, in which order, is left to the module of that network.
"""

from collections import OrderedDict

from torch import nn

from objectives.errors import InfeasibleError, SettingsError, unknown_name

ImageShape = tuple[int, int, int]
"""Channels, height, width."""

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
POOLINGS: dict[str, type[nn.Module]] = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}


class Stack:
    """Layers put one after another, and the shape of what leaves the last.

    Args:
        image_shape: Channels, height and width of what enters the first.
    """

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
        """Add a convolution.

        Args:
            where: The block it is in, for the error.
            filters: Channels that leave it.
            kernel_size: Height and width of the kernel.
            stride: Its step.
            n_zeros: Zeros at each edge of the input.
            groups: Parts that the channels are split into, each convolved by itself.
            bias: Whether each filter adds a number of its own.

        Raises:
            InfeasibleError: If the kernel is larger than its input.
        """
        self._slide(f"{where}: the kernel", kernel_size, stride, n_zeros)
        self.layers.append(
            nn.Conv2d(
                self.channels, filters, kernel_size, stride, n_zeros, groups=groups, bias=bias
            )
        )
        self.channels = filters

    def pool(self, where: str, pooling: str, size: int) -> None:
        """Add a pooling whose windows do not overlap.

        Args:
            where: The block it is in, for the error.
            pooling: A key of `POOLINGS`.
            size: Height, width and step of the window.

        Raises:
            InfeasibleError: If the window is larger than its input.
        """
        self._slide(f"{where}: the pool", size, size, 0)
        self.layers.append(POOLINGS[pooling](size))

    def take(self) -> list[nn.Module]:
        """Hand over the layers so far; later ones start a new list.

        Returns:
            The layers since the last call.
        """
        layers, self.layers = self.layers, []
        return layers

    def _slide(self, what: str, window: int, stride: int, n_zeros: int) -> None:
        self.height = _shrunk(self.height, window, stride, n_zeros, what)
        self.width = _shrunk(self.width, window, stride, n_zeros, what)


def with_head(layers: list[nn.Module], head: nn.Module) -> nn.Sequential:
    """Chain layers, the last of them under the name `head`.

    Args:
        layers: From the stem on.
        head: The classifier.

    Returns:
        A network whose children are numbered, but for the last.
    """
    children = {str(number): layer for number, layer in enumerate(layers)}
    return nn.Sequential(OrderedDict({**children, "head": head}))


def grown(filters: int, factor: float, steps: int) -> int:
    """Compute how many filters come some steps after the first.

    Args:
        filters: Of the first.
        factor: From one step to the next.
        steps: How many.

    Returns:
        The nearest whole number, at least 1.

    Example:
        >>> [grown(8, 1.5, steps) for steps in range(4)]
        [8, 12, 18, 27]
    """
    return max(1, round(filters * factor**steps))


def zeros_of(padding: int | str, kernel_size: int) -> int:
    """Compute the zeros at each edge of an input.

    Args:
        padding: Their number; `same` is half the kernel, `valid` none.
        kernel_size: Height and width of the kernel.

    Returns:
        Their number.

    Raises:
        SettingsError: If `padding` is none of these.
    """
    if isinstance(padding, int) and padding >= 0:
        return padding
    named = {"same": kernel_size // 2, "valid": 0}
    if padding not in named:
        raise SettingsError(
            f"padding must be a number of zeros, 'same' or 'valid', got {padding!r}"
        )
    return named[str(padding)]


def require_activation(name: str) -> None:
    """Refuse what is not a key of `ACTIVATIONS`.

    Args:
        name: The name given.

    Raises:
        SettingsError: If it is not.
    """
    if name not in ACTIVATIONS:
        raise unknown_name("activation", name, ACTIVATIONS)


def _shrunk(size: int, window: int, stride: int, n_zeros: int, what: str) -> int:
    """Compute the size that a window leaves, refusing one that does not fit."""
    if window > size + 2 * n_zeros:
        raise InfeasibleError(
            f"{what} {window}x{window} must not be larger than its input "
            f"{size}x{size} with padding {n_zeros}"
        )
    return (size + 2 * n_zeros - window) // stride + 1
