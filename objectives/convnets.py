"""Plain convolution networks: blocks, then one linear layer on all that they leave.

A geometry that cannot be built is refused with the block and the sizes named.
"""

from torch import nn

from objectives.errors import require_count, unknown_name
from objectives.layers import (
    ACTIVATIONS,
    POOLINGS,
    ImageShape,
    Stack,
    grown,
    require_activation,
    with_head,
    zeros_of,
)
from objectives.model_numbers import require_above_zero, require_share


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
    require_activation(activation)
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

    Raises:
        InfeasibleError: If a kernel or pool is larger than its input.
        SettingsError: If a number is outside its range.
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
