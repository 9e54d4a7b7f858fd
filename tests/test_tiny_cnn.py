"""The tiny convolution network: its sizes, its parts, and what it refuses."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from objectives.errors import InfeasibleError, SettingsError
from objectives.models import count_parameters
from objectives.models.convnets import HEADS, tiny_cnn
from objectives.models.layers import ImageShape

MNIST: ImageShape = (1, 28, 28)


def layers_of(model: nn.Module, kind: type[nn.Module]) -> list[Any]:
    return [layer for layer in model.modules() if isinstance(layer, kind)]


def shapes_after(model: nn.Sequential, images: Tensor) -> dict[str, tuple[int, ...]]:
    shapes = {}
    for name, child in model.named_children():
        images = child(images)
        shapes[name] = tuple(images.shape[1:])
    return shapes


def convolution(n_in: int, n_out: int) -> int:
    """Count a 3x3 convolution without bias and its batch normalisation."""
    return 9 * n_in * n_out + 2 * n_out


@pytest.mark.parametrize(
    ("parameters", "size", "limit"),
    [
        (
            {},
            convolution(1, 8)
            + convolution(8, 8)
            + convolution(8, 12)
            + 3 * convolution(12, 12)
            + (12 * 10 + 10),
            6_000,
        ),
        (
            {"n_blocks": 5, "filters": 16, "filter_growth": 1.0, "pool_after": "2,4"},
            convolution(1, 16) + 4 * convolution(16, 16) + 16 * 10 + 10,
            10_252,
        ),
    ],
    ids=["default", "16_filters"],
)
def test_tiny_cnn_size_equals_the_sum_by_hand(
    parameters: dict[str, Any], size: int, limit: int
) -> None:
    assert count_parameters(tiny_cnn(MNIST, 10, **parameters)) == size
    assert size <= limit


@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({}, 5_658),
        ({"batch_norm": False}, 5_658 - (2 * 8 + 4 * 12)),
        ({"head": "gap_linear"}, 5_658),
        ({"head": "flatten"}, 5_658 + 12 * 10 * (14 * 14 - 1)),
        ({"head": "flatten", "padding": "valid"}, 5_658 + 12 * 10 * (4 * 4 - 1)),
        ({"n_blocks": 1, "pool_after": "none"}, 88 + 90),
        ({"n_blocks": 1, "pool_after": 1, "bottleneck": 4}, 88 + (8 * 4 + 2 * 4) + 50),
        ({"n_blocks": 2, "separable": True}, 88 + (9 * 8 + 8 * 8 + 2 * 8) + 90),
    ],
)
def test_tiny_cnn_size_changes_with_each_part(parameters: dict[str, Any], size: int) -> None:
    assert count_parameters(tiny_cnn(MNIST, 10, **parameters)) == size


def test_tiny_cnn_shapes_follow_pooling_bottleneck_and_growth() -> None:
    model = tiny_cnn(
        MNIST, 10, n_blocks=5, filters=6, filter_growth=2.0, pool_after="2,4", bottleneck=5
    )
    assert shapes_after(model, torch.randn(2, *MNIST)) == {
        "block1": (6, 28, 28),
        "block2": (5, 14, 14),
        "block3": (12, 14, 14),
        "block4": (5, 7, 7),
        "block5": (24, 7, 7),
        "head": (10,),
    }


@pytest.mark.parametrize(
    ("padding", "side"), [("same", 28), ("valid", 24), (0, 24), (1, 26)], ids=str
)
def test_tiny_cnn_padding_keeps_or_shrinks_the_image(padding: int | str, side: int) -> None:
    model = tiny_cnn(MNIST, 10, n_blocks=2, kernel_size=5, padding=padding)
    assert shapes_after(model, torch.randn(2, *MNIST))["block1"] == (8, side, side)


@pytest.mark.parametrize(
    ("pool_after", "blocks"),
    [
        ("none", []),
        ("", []),
        ([], []),
        (3, [3]),
        ("3", [3]),
        ("1,3", [1, 3]),
        ("1-3", [1, 3]),
        ([1, 3], [1, 3]),
    ],
    ids=repr,
)
def test_tiny_cnn_pools_after_the_blocks_named(pool_after: Any, blocks: list[int]) -> None:
    model = tiny_cnn(MNIST, 10, n_blocks=3, pool_after=pool_after)
    pooled = [
        int(name.removeprefix("block"))
        for name, child in model.named_children()
        if layers_of(child, nn.MaxPool2d)
    ]
    assert pooled == blocks


@pytest.mark.parametrize("separable", [False, True])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_tiny_cnn_bias_is_where_no_normalisation_follows(
    batch_norm: bool, separable: bool
) -> None:
    model = tiny_cnn(MNIST, 10, bottleneck=4, batch_norm=batch_norm, separable=separable)
    *convolutions, head = layers_of(model, nn.Conv2d)
    depthwise = [layer for layer in convolutions if layer.groups > 1]
    assert len(depthwise) == (5 if separable else 0)
    assert all(layer.bias is None for layer in depthwise)
    others = [layer for layer in convolutions if layer.groups == 1]
    assert all((layer.bias is None) == batch_norm for layer in others)
    assert head.bias is not None
    assert len(layers_of(model, nn.BatchNorm2d)) == (len(others) if batch_norm else 0)


def test_tiny_cnn_gap_heads_are_the_same_function() -> None:
    images = torch.randn(4, *MNIST)
    gap, linear = (tiny_cnn(MNIST, 10, head=head).eval() for head in ("gap", "gap_linear"))
    shapes = [parameter.shape for parameter in linear.parameters()]
    weights = [w.reshape(shape) for w, shape in zip(gap.parameters(), shapes, strict=True)]
    nn.utils.vector_to_parameters(
        nn.utils.parameters_to_vector(weights), list(linear.parameters())
    )
    torch.testing.assert_close(linear(images), gap(images))


def test_tiny_cnn_dropout_is_in_every_block_and_acts_in_training_only() -> None:
    assert layers_of(tiny_cnn(MNIST, 10), nn.Dropout) == []
    model = tiny_cnn(MNIST, 10, n_blocks=4, dropout=0.25)
    assert [layer.p for layer in layers_of(model, nn.Dropout)] == [0.25] * 4
    images = torch.randn(4, *MNIST)
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))


def test_tiny_cnn_activation_follows_each_normalisation() -> None:
    model = tiny_cnn(MNIST, 10, activation="gelu", bottleneck=4)
    assert len(layers_of(model, nn.GELU)) == len(layers_of(model, nn.BatchNorm2d)) == 7


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"padding": "valid", "pool_after": "2,3,4"},
            "block 5: the kernel 3x3 must not be larger than its input 1x1 with padding 0",
        ),
        (
            {"n_blocks": 3, "pool_after": "2,4"},
            "pool_after='2,4' must name blocks from 1 to n_blocks=3",
        ),
    ],
)
def test_tiny_cnn_misfit_is_infeasible(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(InfeasibleError) as caught:
        tiny_cnn(MNIST, 10, **parameters)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_blocks": 0}, "n_blocks >= 1 must hold, got n_blocks=0"),
        ({"filters": -1}, "filters >= 1 must hold, got filters=-1"),
        ({"filter_growth": 0.0}, "filter_growth > 0 must hold, got filter_growth=0.0"),
        ({"filter_growth": float("nan")}, "filter_growth > 0 must hold, got filter_growth=nan"),
        ({"kernel_size": 0}, "kernel_size >= 1 must hold, got kernel_size=0"),
        ({"padding": "sam"}, "padding must be a number of zeros, 'same' or 'valid', got 'sam'"),
        ({"dropout": -0.1}, "0 <= dropout < 1 must hold, got dropout=-0.1"),
        ({"bottleneck": -1}, "bottleneck >= 0 must hold, got bottleneck=-1"),
        ({"pool_after": "0,2"}, "pool_after >= 1 must hold, got pool_after=0"),
        (
            {"pool_after": "two"},
            "pool_after must be numbers with '-' or ',' between, got pool_after='two'",
        ),
        (
            {"head": "gap_linaer"},
            "unknown head 'gap_linaer'; did you mean 'gap_linear'; valid: " + ", ".join(HEADS),
        ),
        (
            {"activation": "rel"},
            "unknown activation 'rel'; did you mean 'relu'; "
            "valid: relu, leaky_relu, gelu, silu, tanh",
        ),
    ],
)
def test_tiny_cnn_impossible_setting_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        tiny_cnn(MNIST, 10, **parameters)
    assert str(caught.value) == message
