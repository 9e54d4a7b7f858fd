"""The contract of every network, and what is asked of networks by name."""

import math
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from objectives.errors import InfeasibleError, SettingsError
from objectives.image_classifier import ImageClassifier
from objectives.models import MODELS, count_parameters, find_model
from objectives.models.layers import ImageShape

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
    assert MODELS[name].parameters
    assert not {"image_shape", "n_classes"} & set(MODELS[name].parameters)
    assert MODELS[name].description


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
    assert MODELS["small_cnn"].parameters == (
        *("n_blocks", "filters", "filter_growth", "kernel_size", "stride", "padding"),
        *("activation", "batch_norm", "pooling", "pool_size", "dropout"),
    )


def test_model_parameters_unknown_model_is_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        find_model("smal_cnn")
    assert str(caught.value) == (
        "unknown model 'smal_cnn'; did you mean 'small_cnn'; valid: "
        + ", ".join([*MODELS, "package.module:name"])
    )


def test_count_parameters_frozen_ones_count() -> None:
    model = nn.Linear(3, 2)
    model.bias.requires_grad_(False)
    assert count_parameters(model) == math.prod((3, 2)) + 2


OWN = """\
from torch import nn


class Net(nn.Module):
    \"\"\"One hidden layer.\"\"\"

    def __init__(self, image_shape, n_classes, *, width=4, slope=0.0):
        super().__init__()
        n_pixels = image_shape[0] * image_shape[1] * image_shape[2]
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(n_pixels, width), nn.LeakyReLU(slope))
        self.last = nn.Linear(width, n_classes)

    def forward(self, images):
        return self.last(self.body(images))


def nothing(image_shape, n_classes):
    return None


def short(image_shape):
    return None
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write a module of networks and give its name."""
    (tmp_path / "own_nets.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_nets", raising=False)
    return "own_nets"


def test_own_model_trains_and_its_parameters_are_known_by_name(own: str) -> None:
    data = {"limit": 100}
    objective = ImageClassifier({"width": 6}, model=f"{own}:Net", data=data, epochs=1)
    (metrics,) = objective
    assert metrics["n_parameters"] == 64 * 6 + 6 + 6 * 10 + 10
    assert ImageClassifier.measure({"width": 6}, model=f"{own}:Net")["n_parameters"] == 460
    told = ImageClassifier.describe(model=f"{own}:Net", width=6)
    assert told["parameters"][:2] == ["width", "slope"]
    assert "LeakyReLU" in told["layers"]({})
    with pytest.raises(SettingsError, match="unknown parameter of own_nets:Net 'widht'; did you"):
        ImageClassifier({"widht": 6}, model=f"{own}:Net")


def test_own_model_freezes_all_but_its_last_layer(own: str) -> None:
    objective = ImageClassifier({"freeze": "probe"}, model=f"{own}:Net", data={"limit": 100})
    before = {name: weights.clone() for name, weights in objective.model.state_dict().items()}
    next(iter(objective))
    after = objective.model.state_dict()
    moved = {name for name, weights in after.items() if not torch.equal(weights, before[name])}
    assert moved == {"last.weight", "last.bias"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (":Met", "model: own_nets:Met must be importable, got AttributeError: module 'own_nets'"),
        (":short", "model: own_nets:short must take image_shape and n_classes, it takes (image_"),
        (":nothing", "model: own_nets:nothing must give a torch.nn.Module, got None"),
    ],
)
def test_own_model_that_is_none_is_refused(own: str, name: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        ImageClassifier({}, model=f"{own}{name}", data={"limit": 100})
    assert str(caught.value).startswith(message)
