"""A pretrained network with a new head, on images as they are."""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from objectives.backbones import Backbone, load_backbone
from objectives.errors import SettingsError, require_count, require_share
from objectives.models.layers import ImageShape


class Pretrained(nn.Module):
    """A body that gives features, without the classifier it came with, and a linear head."""

    takes_unit_images = True
    """It is given images of 0 … 1 and normalises them as its weights want."""

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: Backbone,
        n_classes: int,
        image_size: int,
        dropout: float = 0.0,
        has_weights: bool = True,
    ) -> None:
        super().__init__()
        self.image_size = image_size
        self.has_weights = has_weights
        self.register_buffer("mean", torch.tensor(backbone.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(backbone.std).view(1, 3, 1, 1))
        self.backbone = backbone.network
        n_features = _take_classifier(self.backbone)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(n_features, n_classes))

    def forward(self, images: Tensor) -> Tensor:
        """Classify images `(N, 1 or 3, H, W)`, 0 … 1: logits `(N, n_classes)`."""
        return torch.as_tensor(self.head(self.features(images)))

    def features(self, images: Tensor) -> Tensor:
        """Compute what the head is given, `(N, F)`; grey is widened to three channels."""
        size = (self.image_size, self.image_size)
        if images.shape[2:] != size:
            images = interpolate(images, size, mode="bilinear", antialias=True)
        images = (images.expand(-1, 3, -1, -1) - self.mean) / self.std
        return torch.flatten(self.backbone(images), 1)


def pretrained(
    image_shape: ImageShape,
    n_classes: int,
    *,
    backbone: str = "objectives.backbones:efficientnet_lite0",
    weights: str = "default",
    image_size: int | None = None,
    dropout: float = 0.0,
) -> Pretrained:
    """Build a pretrained network with a new head.

    Args:
        image_shape: Channels (1 or 3), height and width of the input.
        n_classes: Outputs of the head.
        backbone: `torchvision:NAME`, `timm:NAME` or `package.module:callable`.
        weights: `default`, `none`, or a file of weights.
        image_size: Height and width that images are scaled to; None: those that the weights
            were trained on, or without weights those of the images.
        dropout: Share of the features that training drops, in [0, 1).

    Returns:
        A network from images of 0 … 1, `(N, C, H, W)`, to logits `(N, n_classes)`.

    Raises:
        SettingsError: If the images have neither 1 nor 3 channels.
    """
    if image_shape[0] not in {1, 3}:
        raise SettingsError(f"images of 1 or 3 channels must be given, got {image_shape[0]}")
    require_share("dropout", dropout)
    if image_size is not None:
        require_count("image_size", image_size)
    loaded = load_backbone(backbone, weights)
    has_weights = weights != "none"
    size = image_size or (loaded.image_size if has_weights else image_shape[1])
    return Pretrained(loaded, n_classes, size, dropout, has_weights)


def _take_classifier(network: nn.Module) -> int:
    """Take away a network's last linear layer and tell how many features it was given."""
    linear = [(name, m) for name, m in network.named_modules() if isinstance(m, nn.Linear)]
    if not linear:
        raise SettingsError("backbone: a network with a linear classifier must be given, got none")
    name, last = linear[-1]
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
    return last.in_features
