"""The small convolution network and the one of Keras' example: geometry, names, sizes."""

from typing import Any

import pytest
import torch
from torch import nn

from objectives.errors import InfeasibleError, SettingsError
from objectives.models import count_parameters
from objectives.models.convnets import mnist_convnet, small_cnn
from objectives.models.layers import ACTIVATIONS, POOLINGS

# size, kernel, stride, padding: what torch makes of it is computed in the test.
GEOMETRIES = [
    (8, 3, 1, 0),
    (8, 8, 1, 0),
    (8, 3, 3, 0),
    (8, 5, 2, 1),
    (9, 3, 2, 1),
    (7, 2, 2, 0),
    (4, 6, 1, 1),
    (28, 7, 3, 3),
    (1, 1, 1, 0),
]


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), GEOMETRIES)
def test_small_cnn_head_fits_what_torch_computes(
    size: int, kernel: int, stride: int, padding: int
) -> None:
    images = torch.randn(2, 1, size, size)
    expected = nn.Conv2d(1, 4, kernel, stride, padding)(images).shape[2]
    model = small_cnn(
        (1, size, size), 3, filters=4, kernel_size=kernel, stride=stride, padding=padding
    )
    head = model[-1]
    assert isinstance(head, nn.Linear)
    assert head.in_features == 4 * expected**2
    assert model(images).shape == (2, 3)


@pytest.mark.parametrize(("padding", "side"), [("same", 9), ("valid", 5), (0, 5), (1, 7)], ids=str)
def test_small_cnn_padding_keeps_or_shrinks_the_image(padding: int | str, side: int) -> None:
    model = small_cnn((1, 9, 9), 2, kernel_size=5, padding=padding)
    assert model[0](torch.zeros(1, 1, 9, 9)).shape[2:] == (side, side)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_small_cnn_activation_follows_each_convolution(activation: str) -> None:
    model = small_cnn((1, 8, 8), 2, n_blocks=2, activation=activation)
    assert sum(isinstance(layer, ACTIVATIONS[activation]) for layer in model) == 2
    assert model(torch.randn(3, 1, 8, 8)).shape == (3, 2)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_small_cnn_pooling_halves_the_image(pooling: str) -> None:
    model = small_cnn((1, 10, 10), 2, filters=4, pooling=pooling, pool_size=2)
    head = model[-1]
    assert isinstance(head, nn.Linear)
    assert head.in_features == 4 * 4 * 4
    assert model(torch.randn(3, 1, 10, 10)).shape == (3, 2)


def test_small_cnn_filters_grow_by_block() -> None:
    model = small_cnn((1, 20, 20), 2, n_blocks=3, filters=4, filter_growth=1.5)
    widths = [layer.out_channels for layer in model if isinstance(layer, nn.Conv2d)]
    assert widths == [4, 6, 9]


def test_small_cnn_dropout_acts_in_training_only() -> None:
    torch.manual_seed(0)
    model = small_cnn((1, 8, 8), 2, dropout=0.5)
    images = torch.randn(4, 1, 8, 8)
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"kernel_size": 9},
            "block 1: the kernel 9x9 must not be larger than its input 8x8 with padding 0",
        ),
        (
            {"kernel_size": 11, "padding": 1},
            "block 1: the kernel 11x11 must not be larger than its input 8x8 with padding 1",
        ),
        (
            {"n_blocks": 3, "kernel_size": 4},
            "block 3: the kernel 4x4 must not be larger than its input 2x2 with padding 0",
        ),
        (
            {"kernel_size": 7, "pooling": "max", "pool_size": 3},
            "block 1: the pool 3x3 must not be larger than its input 2x2 with padding 0",
        ),
    ],
)
def test_small_cnn_infeasible_geometry_is_refused(
    parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(InfeasibleError) as caught:
        small_cnn((1, 8, 8), 10, **parameters)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"activation": "rellu"},
            "unknown activation 'rellu'; did you mean 'relu'; "
            "valid: relu, leaky_relu, gelu, silu, tanh",
        ),
        (
            {"activation": "?"},
            "unknown activation '?'; valid: relu, leaky_relu, gelu, silu, tanh",
        ),
        (
            {"pooling": "maxx"},
            "unknown pooling 'maxx'; did you mean 'max'; valid: none, max, avg",
        ),
        ({"n_blocks": 0}, "n_blocks >= 1 must hold, got n_blocks=0"),
        ({"filters": 0}, "filters >= 1 must hold, got filters=0"),
        ({"stride": -1}, "stride >= 1 must hold, got stride=-1"),
        ({"dropout": 1.0}, "0 <= dropout < 1 must hold, got dropout=1.0"),
        ({"padding": -1}, "padding must be a number of zeros, 'same' or 'valid', got -1"),
        ({"padding": "full"}, "padding must be a number of zeros, 'same' or 'valid', got 'full'"),
    ],
)
def test_small_cnn_impossible_setting_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        small_cnn((1, 8, 8), 10, **parameters)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "parameters",
    [
        {"kernel_size": 0},
        {"pooling": "max", "pool_size": 0},
        {"n_blocks": 2, "filter_growth": 0.0},
        {"activation": None},
    ],
    ids=["kernel", "pool", "growth", "no_name"],
)
def test_small_cnn_number_out_of_range_is_a_settings_error(parameters: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        small_cnn((1, 8, 8), 10, **parameters)


def test_small_cnn_size_equals_the_sum_by_hand() -> None:
    model = small_cnn((3, 8, 8), 10, n_blocks=2, filters=4, batch_norm=True)
    first, second = 4 * 3 * 9 + 4, 8 * 4 * 9 + 8
    norms = 2 * 4 + 2 * 8
    assert count_parameters(model) == first + second + norms + 8 * 4 * 4 * 10 + 10


def test_mnist_convnet_has_the_size_that_keras_prints() -> None:
    # keras.io/examples/vision/mnist_convnet: "Total params: 34,826".
    assert count_parameters(mnist_convnet((1, 28, 28), 10)) == 34_826


def test_mnist_convnet_layers_are_in_the_order_of_the_example() -> None:
    block = [nn.Conv2d, nn.ReLU, nn.MaxPool2d]
    expected = [*block, *block, nn.Flatten, nn.Dropout, nn.Linear]
    assert [type(layer) for layer in mnist_convnet((1, 28, 28), 10)] == expected


def test_mnist_convnet_parameters_reach_the_layers() -> None:
    model = mnist_convnet(
        (1, 28, 28), 10, filters=4, filter_growth=1.5, kernel_size=5, dropout=0.2, batch_norm=True
    )
    convolutions = [layer for layer in model if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [4, 6]
    assert [layer.kernel_size for layer in convolutions] == [(5, 5), (5, 5)]
    assert [layer.num_features for layer in model if isinstance(layer, nn.BatchNorm2d)] == [4, 6]
    assert [layer.p for layer in model if isinstance(layer, nn.Dropout)] == [0.2]
