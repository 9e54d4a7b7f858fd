"""Convolution networks: plain ones with a linear head, and ones of a few thousand weights.

A geometry that cannot be built is refused with the block and the sizes named.
"""

from collections import OrderedDict
from dataclasses import dataclass

from torch import nn

from objectives.errors import (
    InfeasibleError,
    UnknownNameError,
    require_above_zero,
    require_count,
    require_share,
)
from objectives.models.layers import (
    ACTIVATIONS,
    POOLINGS,
    ImageShape,
    Numbers,
    Stack,
    grown,
    read_counts,
    require_activation,
    with_head,
    zeros_of,
)

HEADS = ("gap", "gap_linear", "flatten")


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
        A network from `(N, C, H, W)` to logits `(N, n_classes)`; a kernel or pool that is larger
        than its input is an `InfeasibleError`, a number out of its range a `SettingsError`.

    Raises:
        UnknownNameError: If there is no such pooling.
    """
    require_activation(activation)
    if pooling not in {"none", *POOLINGS}:
        raise UnknownNameError("pooling", pooling, ["none", *POOLINGS])
    counts = {
        "n_blocks": n_blocks,
        "filters": filters,
        "kernel_size": kernel_size,
        "stride": stride,
        "pool_size": pool_size,
    }
    for name, count in counts.items():
        require_count(name, count)
    require_above_zero("filter_growth", filter_growth)
    require_share("dropout", dropout)
    n_zeros = zeros_of(padding, kernel_size)
    stack = Stack(image_shape)
    for block in range(1, n_blocks + 1):
        n_filters = grown(filters, filter_growth, block - 1)
        where = f"block {block}"
        stack.convolve(where, n_filters, kernel_size, stride=stride, n_zeros=n_zeros)
        stack.layers += [nn.BatchNorm2d(n_filters)] if batch_norm else []
        stack.layers.append(ACTIVATIONS[activation]())
        if pooling != "none":
            stack.pool(where, pooling, pool_size)
    layers = [*stack.take(), nn.Flatten(), *([nn.Dropout(dropout)] if dropout else [])]
    return with_head(layers, nn.Linear(stack.n_features, n_classes))


def mnist_convnet(  # noqa: PLR0913  each is a parameter that can be searched
    image_shape: ImageShape,
    n_classes: int,
    *,
    filters: int = 32,
    filter_growth: float = 2.0,
    kernel_size: int = 3,
    dropout: float = 0.5,
    batch_norm: bool = False,
) -> nn.Sequential:
    """Build the network of Keras' example "Simple MNIST convnet" (keras.io, mnist_convnet).

    Two blocks of an unpadded convolution, ReLU and a 2x2 max pool, dropout, a linear head.

    Args:
        image_shape: Channels, height and width of the input.
        n_classes: Outputs of the head.
        filters: Filters of the first block.
        filter_growth: Factor from them to the filters of the second, above 0.
        kernel_size: Height and width of both kernels.
        dropout: Share of the head's inputs that training drops, in [0, 1).
        batch_norm: Whether each block normalises its output over the batch.

    Returns:
        A network from `(N, C, H, W)` to logits `(N, n_classes)`.
    """
    return small_cnn(
        image_shape,
        n_classes,
        n_blocks=2,
        filters=filters,
        filter_growth=filter_growth,
        kernel_size=kernel_size,
        batch_norm=batch_norm,
        pooling="max",
        dropout=dropout,
    )


def tiny_cnn(  # noqa: PLR0913  each is a parameter that can be searched
    image_shape: ImageShape,
    n_classes: int,
    *,
    n_blocks: int = 6,
    filters: int = 8,
    filter_growth: float = 1.5,
    kernel_size: int = 3,
    padding: int | str = "same",
    batch_norm: bool = True,
    activation: str = "relu",
    dropout: float = 0.0,
    pool_after: Numbers = "2",
    bottleneck: int = 0,
    separable: bool = False,
    head: str = "gap",
) -> nn.Sequential:
    """Build convolution blocks with few weights and a head with fewer.

    A block is a convolution, batch normalisation, the activation and dropout; its child of
    the network also holds the pooling and the bottleneck that follow it.

    Args:
        image_shape: Channels, height and width of the input.
        n_classes: Outputs of the head.
        n_blocks: Convolution blocks, at least 1.
        filters: Filters of the blocks before the first pooling.
        filter_growth: Factor on the filters at each pooling, above 0.
        kernel_size: Height and width of every kernel.
        padding: Zeros around every input; `same` is half the kernel, `valid` none.
        batch_norm: Whether convolutions are normalised over the batch; they then have no bias.
        activation: A key of `ACTIVATIONS`.
        dropout: Share of each block's outputs that training drops, in [0, 1).
        pool_after: Blocks, from 1, that a 2x2 max pool follows: a list, a number, or a text
            such as `2,4`; `none` is no pooling.
        bottleneck: Filters of a 1x1 convolution after each pooling, normalised and activated
            as the blocks are; 0 for none.
        separable: Whether each block but the first, which sees the image's few channels, is a
            depthwise and a 1x1 convolution with nothing between.
        head: `gap` is a 1x1 convolution and the mean over the image, `gap_linear` the mean and
            a linear layer (the same function, computed the other way round), `flatten` a linear
            layer on every pixel.

    Returns:
        A network from `(N, C, H, W)` to logits `(N, n_classes)`; a kernel or pool larger than its
        input, or a pooling after a block that is not there, is an `InfeasibleError`, a number
        out of its range a `SettingsError`.

    Raises:
        UnknownNameError: If there is no such head.
    """
    require_activation(activation)
    if head not in HEADS:
        raise UnknownNameError("head", head, HEADS)
    counts = {"n_blocks": n_blocks, "filters": filters, "kernel_size": kernel_size}
    for name, count in counts.items():
        require_count(name, count)
    require_above_zero("filter_growth", filter_growth)
    require_share("dropout", dropout)
    require_count("bottleneck", bottleneck, least=0)
    pooled = _pooled_blocks(pool_after, n_blocks)
    n_zeros = zeros_of(padding, kernel_size)
    style = _Style(kernel_size, n_zeros, batch_norm, activation, dropout)
    stack = Stack(image_shape)
    children: OrderedDict[str, nn.Module] = OrderedDict()
    for block in range(1, n_blocks + 1):
        n_filters = grown(filters, filter_growth, sum(after < block for after in pooled))
        _add_block(stack, f"block {block}", n_filters, style, separable and block > 1)
        if block in pooled:
            _add_pooling(stack, f"block {block}", bottleneck, style)
        children[f"block{block}"] = nn.Sequential(*stack.take())
    _add_head(children, head, stack, n_classes)
    return nn.Sequential(children)


@dataclass(frozen=True)
class _Style:
    """What the blocks of a `tiny_cnn` have in common."""

    kernel_size: int
    n_zeros: int
    batch_norm: bool
    activation: str
    dropout: float


def _pooled_blocks(pool_after: Numbers, n_blocks: int) -> set[int]:
    blocks = set(read_counts("pool_after", pool_after))
    if max(blocks, default=0) > n_blocks:
        raise InfeasibleError(
            f"pool_after={pool_after!r} must name blocks from 1 to n_blocks={n_blocks}"
        )
    return blocks


def _add_block(stack: Stack, where: str, filters: int, style: _Style, separable: bool) -> None:
    size, n_zeros, bias = style.kernel_size, style.n_zeros, not style.batch_norm
    if separable:
        channels = stack.channels
        stack.convolve(where, channels, size, n_zeros=n_zeros, groups=channels, bias=False)
        stack.convolve(where, filters, bias=bias)
    else:
        stack.convolve(where, filters, size, n_zeros=n_zeros, bias=bias)
    _add_activation(stack, style)
    if style.dropout:
        stack.layers.append(nn.Dropout(style.dropout))


def _add_pooling(stack: Stack, where: str, bottleneck: int, style: _Style) -> None:
    stack.pool(where, "max", 2)
    if bottleneck:
        stack.convolve(where, bottleneck, bias=not style.batch_norm)
        _add_activation(stack, style)


def _add_activation(stack: Stack, style: _Style) -> None:
    if style.batch_norm:
        stack.layers.append(nn.BatchNorm2d(stack.channels))
    stack.layers.append(ACTIVATIONS[style.activation]())


def _add_head(
    children: OrderedDict[str, nn.Module], head: str, stack: Stack, n_classes: int
) -> None:
    """Add what turns `(N, C, H, W)` into logits; its weights are in the child `head`."""
    mean = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    match head:
        case "gap":
            children["head"] = nn.Sequential(nn.Conv2d(stack.channels, n_classes, 1), *mean)
        case "gap_linear":
            children["mean"] = nn.Sequential(*mean)
            children["head"] = nn.Linear(stack.channels, n_classes)
        case _:
            children["flatten"] = nn.Flatten()
            children["head"] = nn.Linear(stack.n_features, n_classes)
