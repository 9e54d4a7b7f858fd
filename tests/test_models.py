"""The contract of every network, and the geometry and names of the small one."""

from typing import Any

import pytest
import torch
from torch import nn

from objectives.errors import InfeasibleError, SettingsError
from objectives.models import (
    ACTIVATIONS,
    MODELS,
    POOLINGS,
    ImageShape,
    count_parameters,
    model_parameters,
    small_cnn,
)

SHAPES: list[ImageShape] = [(1, 8, 8), (3, 32, 32), (1, 12, 9)]

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


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_model_output_has_a_logit_per_class(name: str, shape: ImageShape) -> None:
    logits = MODELS[name](shape, 7)(torch.randn(5, *shape))
    assert logits.shape == (5, 7)


@pytest.mark.parametrize("name", MODELS)
def test_model_gradients_reach_every_parameter(name: str) -> None:
    torch.manual_seed(0)
    model = MODELS[name]((3, 16, 16), 4)
    model(torch.randn(8, 3, 16, 16)).square().sum().backward()
    for parameter in model.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0


@pytest.mark.parametrize("name", MODELS)
def test_model_same_seed_gives_the_same_weights(name: str) -> None:
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        weights.append(nn.utils.parameters_to_vector(MODELS[name]((1, 8, 8), 2).parameters()))
    assert torch.equal(*weights)


@pytest.mark.parametrize("name", MODELS)
def test_model_parameters_are_what_it_accepts(name: str) -> None:
    with pytest.raises(TypeError):
        MODELS[name]((1, 8, 8), 2, no_such_parameter=1)
    assert "image_shape" not in model_parameters(name)
    assert "n_classes" not in model_parameters(name)


def test_model_parameters_small_cnn_lists_all() -> None:
    assert model_parameters("small_cnn") == [
        *("n_blocks", "filters", "filter_growth", "kernel_size", "stride", "padding"),
        *("activation", "batch_norm", "pooling", "pool_size", "dropout"),
    ]


def test_model_parameters_unknown_model_is_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        model_parameters("smal_cnn")
    assert str(caught.value) == (
        "unknown model 'smal_cnn'; did you mean 'small_cnn'; valid: " + ", ".join(MODELS)
    )


def test_count_parameters_equals_the_sum_by_hand() -> None:
    model = small_cnn((3, 8, 8), 10, n_blocks=2, filters=4, batch_norm=True)
    first, second = 4 * 3 * 9 + 4, 8 * 4 * 9 + 8
    norms = 2 * 4 + 2 * 8
    assert count_parameters(model) == first + second + norms + 8 * 4 * 4 * 10 + 10


def test_count_parameters_frozen_ones_do_not_count() -> None:
    model = nn.Linear(3, 2)
    model.bias.requires_grad_(False)
    assert count_parameters(model) == 6


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
