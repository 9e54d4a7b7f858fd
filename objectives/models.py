"""Networks that can be built from a handful of parameters.

A model is a function from image shape, number of classes and its own parameters to a
module; `MODELS` names them. A geometry that cannot be built is refused with the layer and
the sizes named.
"""

import inspect
from collections.abc import Callable

from torch import nn

from objectives.errors import InfeasibleError, SettingsError, require_count, unknown_name

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


def small_cnn(  # noqa: PLR0913  each is a parameter that can be searched
    image_shape: ImageShape,
    n_classes: int,
    *,
    n_blocks: int = 1,
    filters: int = 32,
    filter_growth: float = 2.0,
    kernel_size: int = 3,
    stride: int = 1,
    padding: int | str = 0,
    activation: str = "relu",
    batch_norm: bool = False,
    pooling: str = "none",
    pool_size: int = 2,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Build convolution blocks and a linear head.

    Args:
        image_shape: Channels, height and width of the input.
        n_classes: Outputs of the head.
        n_blocks: Convolution blocks, at least 1.
        filters: Filters of the first block.
        filter_growth: Factor from the filters of one block to those of the next, above 0.
        kernel_size: Height and width of every kernel.
        stride: Step of every convolution.
        padding: Zeros around every input; `same` is half the kernel, `valid` none.
        activation: A key of `ACTIVATIONS`.
        batch_norm: Whether each block normalises its output over the batch.
        pooling: `none`, `max` or `avg`, after each block.
        pool_size: Height, width and step of the pooling.
        dropout: Share of the head's inputs that training drops, in [0, 1).

    Returns:
        A network from `(N, C, H, W)` to logits `(N, n_classes)`.

    Raises:
        InfeasibleError: If a kernel or pool is larger than its input.
        SettingsError: If a name or number is outside its range.
    """
    if activation not in ACTIVATIONS:
        raise unknown_name("activation", activation, ACTIVATIONS)
    if pooling not in {"none", *POOLINGS}:
        raise unknown_name("pooling", pooling, ["none", *POOLINGS])
    counts = {
        "n_blocks": n_blocks,
        "filters": filters,
        "kernel_size": kernel_size,
        "stride": stride,
        "pool_size": pool_size,
    }
    for name, count in counts.items():
        require_count(name, count)
    if filter_growth <= 0:
        raise SettingsError(f"filter_growth > 0 must hold, got filter_growth={filter_growth}")
    if not 0 <= dropout < 1:
        raise SettingsError(f"0 <= dropout < 1 must hold, got dropout={dropout}")
    n_zeros = _padding(padding, kernel_size)
    channels, height, width = image_shape
    layers: list[nn.Module] = []
    for block in range(1, n_blocks + 1):
        n_filters = max(1, round(filters * filter_growth ** (block - 1)))
        where = f"block {block}"
        height = _shrunk(height, kernel_size, stride, n_zeros, f"{where}: the kernel")
        width = _shrunk(width, kernel_size, stride, n_zeros, f"{where}: the kernel")
        layers.append(nn.Conv2d(channels, n_filters, kernel_size, stride, n_zeros))
        if batch_norm:
            layers.append(nn.BatchNorm2d(n_filters))
        layers.append(ACTIVATIONS[activation]())
        if pooling != "none":
            height = _shrunk(height, pool_size, pool_size, 0, f"{where}: the pool")
            width = _shrunk(width, pool_size, pool_size, 0, f"{where}: the pool")
            layers.append(POOLINGS[pooling](pool_size))
        channels = n_filters
    layers.append(nn.Flatten())
    if dropout:
        layers.append(nn.Dropout(dropout))
    layers.append(nn.Linear(channels * height * width, n_classes))
    return nn.Sequential(*layers)


MODELS: dict[str, Callable[..., nn.Module]] = {"small_cnn": small_cnn}


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
    """Count a network's trainable numbers.

    Args:
        model: The network.

    Returns:
        Their number.
    """
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _padding(padding: int | str, kernel_size: int) -> int:
    if isinstance(padding, int) and padding >= 0:
        return padding
    named = {"same": kernel_size // 2, "valid": 0}
    if padding not in named:
        raise SettingsError(
            f"padding must be a number of zeros, 'same' or 'valid', got {padding!r}"
        )
    return named[str(padding)]


def _shrunk(size: int, kernel: int, stride: int, padding: int, what: str) -> int:
    """Compute the size that a window leaves, refusing one that does not fit."""
    if kernel > size + 2 * padding:
        raise InfeasibleError(
            f"{what} {kernel}x{kernel} must not be larger than its input "
            f"{size}x{size} with padding {padding}"
        )
    return (size + 2 * padding - kernel) // stride + 1
