"""The multilayer perceptron: its sizes, the numbers of each layer, the penalty on weights."""

from typing import Any

import pytest
import torch
from torch import nn

from objectives.errors import InfeasibleError, SettingsError
from objectives.models import count_parameters
from objectives.models.layers import ImageShape
from objectives.models.mlp import Mlp, mlp

MNIST: ImageShape = (1, 28, 28)


def linear_layers(model: Mlp) -> list[nn.Linear]:
    return [layer for layer in model.modules() if isinstance(layer, nn.Linear)]


@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({"widths": "512"}, 407_050),
        ({"widths": ""}, 784 * 10 + 10),
        (
            {"widths": "512-128-32-16"},
            784 * 512 + 512 * 128 + 128 * 32 + 32 * 16 + 16 * 10 + 512 + 128 + 32 + 16 + 10,
        ),
        # Batch normalisation adds a factor and a sum to each hidden output.
        ({"widths": "512-128-32-16", "batch_norm": True}, 472_410 + 2 * (512 + 128 + 32 + 16)),
    ],
)
def test_mlp_size_is_that_of_the_literature(parameters: dict[str, Any], size: int) -> None:
    assert count_parameters(mlp(MNIST, 10, **parameters)) == size


@pytest.mark.parametrize(
    ("widths", "outputs"),
    [
        ("", [5]),
        ("none", [5]),
        ([], [5]),
        (7, [7, 5]),
        ("7", [7, 5]),
        ("8-6", [8, 6, 5]),
        ("8, 6", [8, 6, 5]),
        ([8, 6], [8, 6, 5]),
    ],
    ids=repr,
)
def test_mlp_widths_are_the_hidden_outputs(widths: Any, outputs: list[int]) -> None:
    model = mlp((3, 4, 5), 5, widths=widths)
    assert [layer.out_features for layer in linear_layers(model)] == outputs
    assert linear_layers(model)[0].in_features == 60


@pytest.mark.parametrize(
    ("dropout", "shares"),
    [
        (0.0, {}),
        (0.5, {"hidden1": 0.5, "hidden2": 0.5, "hidden3": 0.5}),
        ("0.5-0.25-0.1", {"hidden1": 0.5, "hidden2": 0.25, "hidden3": 0.1}),
        ("0-0.25", {"hidden2": 0.25}),
        ("0.5", {"hidden1": 0.5}),
        ([0.5, 0.25], {"hidden1": 0.5, "hidden2": 0.25}),
    ],
    ids=repr,
)
def test_mlp_dropout_is_by_layer(dropout: Any, shares: dict[str, float]) -> None:
    model = mlp(MNIST, 10, widths="8-8-8", dropout=dropout)
    found = {
        name: layer.p
        for name, child in model.named_children()
        for layer in child.modules()
        if isinstance(layer, nn.Dropout)
    }
    assert found == shares


def test_mlp_hidden_layer_is_linear_normalised_activated_dropped() -> None:
    model = mlp(MNIST, 10, widths=[8, 6], batch_norm=True, activation="silu", dropout=0.1)
    names = [name for name, _ in model.named_children()]
    assert names == ["flatten", "hidden1", "hidden2", "head"]
    expected = [nn.Linear, nn.BatchNorm1d, nn.SiLU, nn.Dropout]
    assert [type(layer) for layer in model.get_submodule("hidden2").children()] == expected


@pytest.mark.parametrize(
    ("l2", "coefficients"),
    [
        (0.1, [0.1, 0.1, 0.1]),
        ("0.1-0.2-0.3", [0.1, 0.2, 0.3]),
        ("0-0.2", [0.0, 0.2, 0.0]),
        ("1e-3-2e-2", [1e-3, 2e-2, 0.0]),
        ([0.5], [0.5, 0.0, 0.0]),
        (0, [0.0, 0.0, 0.0]),
    ],
    ids=repr,
)
def test_mlp_penalty_is_the_weighted_sum_of_squares(l2: Any, coefficients: list[float]) -> None:
    model = mlp((1, 2, 2), 2, widths="3-2", l2=l2)
    for value, layer in enumerate(linear_layers(model), start=1):
        nn.init.constant_(layer.weight, value)
        nn.init.constant_(layer.bias, 100.0)
    squares = [12 * 1.0, 6 * 4.0, 4 * 9.0]
    expected = sum(c * square for c, square in zip(coefficients, squares, strict=True))
    assert model.penalty().item() == pytest.approx(expected)
    assert model.penalty().shape == ()


def test_mlp_penalty_gradient_is_twice_the_weight_times_l2() -> None:
    model = mlp((1, 4, 4), 2, widths="3", l2="0-0.25")
    hidden, head = linear_layers(model)
    model.penalty().backward()
    assert hidden.weight.grad is None
    torch.testing.assert_close(head.weight.grad, 0.5 * head.weight.detach())
    assert head.bias.grad is None


def test_mlp_penalty_of_zero_costs_no_backward_pass() -> None:
    assert not mlp(MNIST, 10).penalty().requires_grad
    assert mlp(MNIST, 10, l2=0.1).penalty().requires_grad


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_mlp_penalty_is_on_the_device_of_the_weights(l2: float) -> None:
    with torch.device("meta"):
        model = mlp(MNIST, 10, l2=l2)
    assert model.penalty().is_meta


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"dropout": [0.1, 0.1, 0.1]},
            "dropout=[0.1, 0.1, 0.1] must have no more entries than layers, which are 2",
        ),
        (
            {"l2": "0.1-0.1-0.1-0.1"},
            "l2='0.1-0.1-0.1-0.1' must have no more entries than layers, which are 3",
        ),
    ],
)
def test_mlp_more_entries_than_layers_are_infeasible(
    parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(InfeasibleError) as caught:
        mlp(MNIST, 10, widths="8-8", **parameters)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"widths": 0}, "widths >= 1 must hold, got widths=0"),
        ({"widths": "8-2.5"}, "widths >= 1 must hold, got widths=2.5"),
        ({"widths": None}, "widths >= 1 must hold, got widths=None"),
        ({"widths": "8-x"}, "widths must be numbers with '-' or ',' between, got widths='8-x'"),
        ({"dropout": 1}, "0 <= dropout < 1 must hold, got dropout=1"),
        ({"dropout": 1, "widths": ""}, "0 <= dropout < 1 must hold, got dropout=1"),
        ({"dropout": "0.5-1.5"}, "0 <= dropout < 1 must hold, got dropout=1.5"),
        ({"l2": -0.1}, "l2 >= 0 must hold, got l2=-0.1"),
        ({"l2": "nan"}, "l2 >= 0 must hold, got l2=nan"),
        (
            {"widths": "", "activation": "rel"},
            "unknown activation 'rel'; did you mean 'relu'; "
            "valid: relu, leaky_relu, gelu, silu, tanh",
        ),
    ],
)
def test_mlp_impossible_setting_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        mlp(MNIST, 10, **parameters)
    assert str(caught.value) == message
