"""A tiny vision transformer of Hugging Face, drawn at random."""

from typing import Any

import torch
from transformers import ViTConfig, ViTForImageClassification

_made = torch.Generator().manual_seed(0)
_images = torch.randn(24, 1, 8, 8, generator=_made)
data = [{"pixel_values": image, "labels": int(image.mean() > 0)} for image in _images]


def make_model() -> Any:
    config = ViTConfig(
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=8,
        patch_size=4,
        num_channels=1,
    )
    return ViTForImageClassification(config)
