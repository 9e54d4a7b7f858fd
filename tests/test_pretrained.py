"""Pretrained networks: what becomes of images, where bodies and weights come from, errors."""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from torch import Tensor, hub, nn
from torchvision.transforms import v2

from objectives.backbones import IMAGENET_MEAN, IMAGENET_STD, Backbone, load_backbone
from objectives.errors import SettingsError
from objectives.models.pretrained import Pretrained, pretrained

HERE = "tests.test_pretrained"
SMALL = f"{HERE}:small_body"


class Echo(nn.Module):
    """Notes what the body is given, before a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(3, 1000)
        self.given = torch.empty(0)

    def forward(self, images: Tensor) -> Tensor:
        self.given = images
        return torch.as_tensor(self.classifier(self.pool(images).flatten(1)))


def small_body(pretrained: bool) -> nn.Module:
    """Build a module of which nothing else is told."""
    with torch.random.fork_rng():
        torch.manual_seed(3 if pretrained else 4)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1000)
        )


def body_of_size_48(pretrained: bool) -> Backbone:
    return Backbone(Echo(), 48, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


def no_classifier(pretrained: bool) -> nn.Module:
    return nn.Conv2d(3, 4, 3)


def fails(pretrained: bool) -> nn.Module:
    raise OSError("no route to host\nand more")


class Hostile:
    """A pickle that makes a file when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.file,)


@pytest.fixture(autouse=True)
def no_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have downloads fail at once, and look for none of an earlier day."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("<urlopen error Name or service not known>")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(hub, "download_url_to_file", refuse)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    torch.manual_seed(0)


def refusal(name: str, weights: object = "none", **parameters: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        pretrained((1, 8, 8), 10, backbone=name, weights=str(weights), **parameters)
    return str(caught.value)


def given_to_body(images: Tensor, **parameters: Any) -> Tensor:
    shape = (images.shape[1], images.shape[2], images.shape[3])
    model = pretrained(shape, 10, backbone=f"{HERE}:body_of_size_48", **parameters)
    model(images)
    assert isinstance(model.backbone, Echo)
    return model.backbone.given


@pytest.mark.parametrize("shape", [(1, 48, 48), (3, 48, 48)])
def test_images_are_widened_and_normalised_as_by_torchvision(shape: tuple[int, ...]) -> None:
    images = torch.rand(4, *shape)
    by_torchvision = v2.Normalize([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])(images.expand(4, 3, 48, 48))
    torch.testing.assert_close(given_to_body(images), by_torchvision)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 100, 60)])
def test_images_are_resized_as_by_torchvision(shape: tuple[int, ...]) -> None:
    images = torch.rand(4, *shape)
    resized = v2.Resize([20, 20], antialias=True)(images).expand(4, 3, 20, 20)
    expected = v2.Normalize([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])(resized)
    torch.testing.assert_close(given_to_body(images, image_size=20), expected)


@pytest.mark.parametrize(
    ("weights", "image_size", "expected"),
    [("default", None, 48), ("default", 20, 20), ("none", None, 8), ("none", 20, 20)],
)
def test_image_size_is_given_or_that_of_the_weights_or_of_the_images(
    weights: str, image_size: int | None, expected: int
) -> None:
    given = given_to_body(torch.rand(2, 1, 8, 8), weights=weights, image_size=image_size)
    assert given.shape == (2, 3, expected, expected)


def test_module_alone_is_taken_to_want_images_as_imagenet_does() -> None:
    backbone = load_backbone(SMALL, "none")
    assert (backbone.image_size, backbone.mean, backbone.std) == (224, IMAGENET_MEAN, IMAGENET_STD)


@pytest.mark.parametrize("weights", ["default", "none"])
def test_callable_is_told_whether_to_load_weights(weights: str) -> None:
    model = pretrained((1, 8, 8), 10, backbone=SMALL, weights=weights)
    expected = small_body(weights == "default").state_dict()["0.weight"]
    assert torch.equal(model.backbone.state_dict()["0.weight"], expected)
    assert model.has_weights == (weights == "default")


@pytest.mark.parametrize(
    ("name", "n_features"),
    [
        ("torchvision:resnet18", 512),
        ("torchvision:mobilenet_v3_small", 1024),
        ("timm:resnet10t", 512),
        ("objectives.backbones:efficientnet_lite0", 1280),
        (SMALL, 4),
    ],
)
def test_classifier_is_replaced_by_a_head(name: str, n_features: int) -> None:
    model = pretrained((1, 8, 8), 7, backbone=name, weights="none", image_size=32)
    images = torch.rand(2, 1, 8, 8)
    model.eval()
    assert model.features(images).shape == (2, n_features)
    assert model(images).shape == (2, 7)
    assert not any(p.shape[0] == 1000 for p in model.parameters())
    assert [*dict(model.named_children())] == ["backbone", "head"]


def test_dropout_of_the_head_acts_in_training_only() -> None:
    model = pretrained((1, 8, 8), 7, backbone=SMALL, dropout=0.5)
    images = torch.rand(4, 1, 8, 8)
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))


@pytest.mark.parametrize("name", ["torchvision:resnet18", "timm:resnet10t", SMALL])
@pytest.mark.parametrize("n_classes", [1000, 5])
def test_weights_from_a_file_are_loaded(name: str, n_classes: int, tmp_path: Path) -> None:
    source = load_backbone(name, "none").network
    for tensor in source.state_dict().values():
        if tensor.is_floating_point():
            tensor.add_(0.125)
    states = source.state_dict()
    classifier = [key for key in states if states[key].shape[:1] == (1000,)]
    states.update({key: states[key][:n_classes] for key in classifier})
    torch.save(states, tmp_path / "weights.pth")
    model = pretrained((1, 8, 8), 7, backbone=name, weights=str(tmp_path / "weights.pth"))
    loaded = model.backbone.state_dict()
    assert loaded.keys() == states.keys() - {*classifier}
    assert all(torch.equal(tensor, states[key]) for key, tensor in loaded.items())
    assert model.has_weights


WRONG_FILES: list[tuple[Any, str]] = [
    (b"not weights", "must be a file of torch.save(network.state_dict(), FILE), got "),
    (None, "must be a file of torch.save(network.state_dict(), FILE), got FileNotFoundError: "),
    ([1, 2], "must be a file of torch.save(network.state_dict(), FILE), got TypeError: "),
    ({"0.weight": 3}, "must hold the weights of this network, 4 of 4 differ, as 0.bias"),
    ({}, "must hold the weights of this network, 4 of 4 differ, as 0.bias"),
    (
        {"epoch": 1, 2: torch.ones(2), "model": torch.ones(2)},
        "must hold the weights of this network, 6 of 4 differ, as 0.bias",
    ),
]


@pytest.mark.parametrize(("content", "reason"), WRONG_FILES)
def test_weights_from_a_wrong_file_are_refused(content: Any, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        torch.save(content, file)
    message = refusal(SMALL, file)
    assert message.startswith(f"weights: {file} {reason}")
    assert "\n" not in message


def plain_pickle(content: object, file: Path) -> None:
    file.write_bytes(pickle.dumps(content))


@pytest.mark.parametrize("save", [torch.save, plain_pickle])
def test_weights_from_a_hostile_pickle_execute_nothing(
    save: Callable[[object, Path], None], tmp_path: Path
) -> None:
    file, touched = tmp_path / "weights.pth", tmp_path / "touched"
    save({"0.weight": Hostile(touched)}, file)
    message = refusal(SMALL, file)
    assert message.startswith(f"weights: {file} must be a file of torch.save(")
    assert "\n" not in message
    assert not touched.exists()


@pytest.mark.parametrize("name", ["torchvision:resnet18", "timm:resnet10t"])
def test_weights_that_cannot_be_downloaded_may_be_given_as_a_file(name: str) -> None:
    message = refusal(name, "default")
    assert message.startswith(f"weights: those of {name} must be downloadable, got ")
    assert message.endswith("; give a file of them instead, as weights: FILE.pth")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "resnet18",
            "backbone: torchvision:NAME, timm:NAME or package.module:callable must be given, "
            "got 'resnet18'",
        ),
        (
            "timm:resnet10x",
            "unknown network of timm 'resnet10x'; did you mean 'resnet10t'; "
            "see timm.list_models()",
        ),
        (
            "no_such_package.module:build",
            "backbone: no_such_package.module:build must be a network that can be built, got "
            "ModuleNotFoundError: No module named 'no_such_package'",
        ),
        (
            f"{HERE}:no_such_body",
            f"backbone: {HERE}:no_such_body must be a network that can be built, got "
            f"AttributeError: module '{HERE}' has no attribute 'no_such_body'",
        ),
        (
            f"{HERE}:fails",
            f"backbone: {HERE}:fails must be a network that can be built, got "
            "OSError: no route to host",
        ),
        (
            f"{HERE}:no_classifier",
            "backbone: a network with a linear classifier must be given, got none",
        ),
    ],
)
def test_backbone_that_cannot_be_had_is_refused(name: str, message: str) -> None:
    assert refusal(name) == message


def test_backbone_unknown_to_torchvision_is_told_the_nearest() -> None:
    message = refusal("torchvision:resnet19")
    assert message.startswith(
        "unknown network of torchvision 'resnet19'; did you mean 'resnet18'; valid: alexnet, "
    )


@pytest.mark.parametrize(
    ("package", "backbone", "extra"),
    [
        ("timm", "timm:resnet10t", "timm"),
        ("efficientnet_lite_pytorch", "objectives.backbones:efficientnet_lite0", "pretrained"),
    ],
)
def test_backbone_of_a_missing_package_tells_how_to_install_it(
    package: str, backbone: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert refusal(backbone) == (
        f"backbone: the package {package} must be installed, by the extra {extra!r}: "
        f"pip install 'search[{extra}]'"
    )


@pytest.mark.parametrize(
    ("shape", "parameters", "message"),
    [
        ((2, 8, 8), {}, "images of 1 or 3 channels must be given, got 2"),
        ((1, 8, 8), {"dropout": 1.0}, "0 <= dropout < 1 must hold, got dropout=1.0"),
        ((1, 8, 8), {"image_size": 0}, "image_size >= 1 must hold, got image_size=0"),
    ],
)
def test_number_out_of_range_is_refused(
    shape: tuple[int, int, int], parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        pretrained(shape, 10, backbone=SMALL, **parameters)
    assert str(caught.value) == message


def test_efficientnet_lite0_brings_its_weights() -> None:
    with_weights, without = (
        load_backbone("objectives.backbones:efficientnet_lite0", weights).network.state_dict()
        for weights in ("default", "none")
    )
    assert with_weights["_bn0.running_mean"].abs().sum() > 0
    assert without["_bn0.running_mean"].abs().sum() == 0


def test_network_for_meta_has_no_weights_to_load() -> None:
    with torch.device("meta"):
        model = pretrained((1, 8, 8), 10, backbone="torchvision:resnet18", weights="default")
    assert isinstance(model, Pretrained)
    assert all(parameter.is_meta for parameter in model.parameters())
