"""The contract of every network, and what is asked of networks by name."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from objectives.errors import InfeasibleError, SettingsError
from objectives.layers import ImageShape
from objectives.models import MODELS, count_parameters, model_parameters

GREY: ImageShape = (1, 28, 28)
SHAPES: list[ImageShape] = [GREY, (3, 32, 32), (1, 14, 23)]

# Every part that a network can have, so that the contract holds for those too.
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in MODELS if name != "pretrained"),
    ("pretrained", {"image_size": 32}),
    ("pretrained", {"image_size": 40, "weights": "none", "dropout": 0.2}),
    ("small_cnn", {"n_blocks": 2, "batch_norm": True, "pooling": "avg", "dropout": 0.3}),
    ("tiny_cnn", {"head": "gap_linear", "separable": True, "dropout": 0.1}),
    ("tiny_cnn", {"head": "flatten", "bottleneck": 4, "batch_norm": False}),
    ("mnist_convnet", {"batch_norm": True}),
    ("mlp", {"widths": "32-16", "batch_norm": True, "dropout": "0.5-0.1", "l2": 1e-4}),
    ("mlp", {"widths": ""}),
]

# A number of each network that is out of its range, and what the error says of it.
OUT_OF_RANGE: list[tuple[str, dict[str, Any], str]] = [
    ("small_cnn", {"filters": 0}, "filters >= 1 must hold, got filters=0"),
    ("tiny_cnn", {"dropout": 1.0}, "0 <= dropout < 1 must hold, got dropout=1.0"),
    ("mnist_convnet", {"filters": 2.5}, "filters >= 1 must hold, got filters=2.5"),
    ("mlp", {"widths": "64-0"}, "widths >= 1 must hold, got widths=0"),
    ("pretrained", {"dropout": -0.1}, "0 <= dropout < 1 must hold, got dropout=-0.1"),
]

# Numbers that are each in their range but make no network of these images.
MISFITS: list[tuple[str, ImageShape, dict[str, Any], str]] = [
    (
        *("small_cnn", (1, 8, 8), {"kernel_size": 9}),
        "block 1: the kernel 9x9 must not be larger than its input 8x8 with padding 0",
    ),
    (
        *("tiny_cnn", (1, 8, 8), {"pool_after": "1,2,3,4"}),
        "block 4: the pool 2x2 must not be larger than its input 1x1 with padding 0",
    ),
    (
        *("mnist_convnet", (1, 8, 8), {}),
        "block 2: the pool 2x2 must not be larger than its input 1x1 with padding 0",
    ),
    (
        *("mlp", (1, 8, 8), {"widths": "64", "dropout": "0.5-0.5"}),
        "dropout='0.5-0.5' must have no more entries than layers, which are 1",
    ),
]


def variant_id(value: object) -> str | None:
    return ",".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else None


variants = pytest.mark.parametrize(("name", "parameters"), VARIANTS, ids=variant_id)


def build(name: str, shape: ImageShape, n_classes: int, **parameters: Any) -> nn.Module:
    torch.manual_seed(0)
    return MODELS[name](shape, n_classes, **parameters)


@pytest.mark.parametrize("table", [OUT_OF_RANGE, MISFITS], ids=["out_of_range", "misfits"])
def test_contract_covers_every_model(table: list[tuple[Any, ...]]) -> None:
    assert {row[0] for row in table} >= set(MODELS) - {"pretrained"}  # takes any size


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@variants
def test_model_output_has_a_logit_per_class(
    name: str, parameters: dict[str, Any], shape: ImageShape
) -> None:
    logits = build(name, shape, 7, **parameters)(torch.randn(5, *shape))
    assert logits.shape == (5, 7)
    assert logits.isfinite().all()


@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
@variants
def test_model_gradients_reach_every_parameter(
    name: str, parameters: dict[str, Any], shape: ImageShape
) -> None:
    model = build(name, shape, 4, **parameters)
    model(torch.randn(8, *shape)).square().sum().backward()
    for parameter in model.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()
        assert parameter.grad.abs().sum() > 0


@variants
def test_model_evaluation_is_deterministic_and_by_image(
    name: str, parameters: dict[str, Any]
) -> None:
    model = build(name, GREY, 3, **parameters).eval()
    images = torch.randn(4, *GREY)
    together = model(images)
    assert torch.equal(together, model(images))
    # An image's logits are its own, whatever else is in the batch.
    alone = torch.cat([model(image[None]) for image in images])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


@variants
def test_model_same_seed_gives_the_same_weights(name: str, parameters: dict[str, Any]) -> None:
    weights = [
        nn.utils.parameters_to_vector(build(name, GREY, 2, **parameters).parameters())
        for _ in range(2)
    ]
    assert torch.equal(*weights)


@variants
def test_model_on_the_meta_device_has_the_same_size(name: str, parameters: dict[str, Any]) -> None:
    with torch.device("meta"):
        sketch = build(name, GREY, 10, **parameters)
    assert all(parameter.is_meta for parameter in sketch.parameters())
    assert count_parameters(sketch) == count_parameters(build(name, GREY, 10, **parameters))


@variants
def test_model_last_child_is_the_head(name: str, parameters: dict[str, Any]) -> None:
    children = list(build(name, GREY, 13, **parameters).named_children())
    child, head = children[-1]
    assert child == "head"
    assert list(head.parameters())[-1].shape == (13,)


@pytest.mark.parametrize("name", MODELS)
def test_model_parameters_are_what_it_accepts(name: str) -> None:
    with pytest.raises(TypeError):
        MODELS[name](GREY, 2, no_such_parameter=1)
    assert "image_shape" not in model_parameters(name)
    assert "n_classes" not in model_parameters(name)


@pytest.mark.parametrize(("name", "parameters", "message"), OUT_OF_RANGE)
def test_model_number_out_of_range_is_refused(
    name: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        MODELS[name](GREY, 10, **parameters)
    assert str(caught.value) == message


@pytest.mark.parametrize(("name", "shape", "parameters", "message"), MISFITS)
def test_model_misfit_is_infeasible(
    name: str, shape: ImageShape, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(InfeasibleError) as caught:
        MODELS[name](shape, 10, **parameters)
    assert str(caught.value) == message


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


def test_count_parameters_frozen_ones_count() -> None:
    model = nn.Linear(3, 2)
    model.bias.requires_grad_(False)
    assert count_parameters(model) == math.prod((3, 2)) + 2
