"""Class probabilities of images, by a network as it is."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from objectives.data import Dataset, Split

_BATCH = 1024
_LARGE_BATCH = 128
_LARGE_IMAGE = 64 * 64


@torch.inference_mode()
def predict_split(
    network: nn.Module, data: Dataset, split: Split
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Compute the class probabilities of a split.

    Args:
        network: Images or features to logits; left in evaluation mode.
        data: Tells how to normalise.
        split: What to predict.

    Returns:
        Probabilities `(N, K)`, each row summing to 1, and labels `(N,)`.
    """
    network.eval()
    parts = [
        _probabilities(network, data, images)
        for images, _ in split.batches(evaluation_batch(split))
    ]
    return torch.cat(parts).cpu().numpy(), split.labels[split.indices].cpu().numpy()


@torch.inference_mode()
def predict_images(
    network: nn.Module, data: Dataset, images: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Compute the class probabilities of a few images.

    Args:
        network: Images to logits; left in evaluation mode.
        data: Tells how to normalise, and on which device.
        images: `(N, C, H, W)`, no more than a device has memory for.

    Returns:
        Probabilities `(N, K)`, each row summing to 1.
    """
    network.eval()
    on_device = torch.from_numpy(images).to(data.scale.device)
    return _probabilities(network, data, on_device).cpu().numpy()


def _probabilities(network: nn.Module, data: Dataset, images: Tensor) -> Tensor:
    return torch.as_tensor(network(data.normalise(images)).double().softmax(dim=1))


def evaluation_batch(split: Split) -> int:
    """Choose how many images to send through a network at once, without gradients.

    Args:
        split: The images.

    Returns:
        Fewer where images are large.
    """
    n_pixels = split.images[0, 0].numel()
    return _BATCH if n_pixels < _LARGE_IMAGE else _LARGE_BATCH
