"""A trained network in use: probabilities and metrics of a split, pictures, a copy to deploy."""

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, islice, zip_longest

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor, nn

from objectives.data import Dataset, Split, load_test_split
from objectives.errors import UnknownNameError
from objectives.folders import SPLITS
from objectives.images import DataSettings
from objectives.pictures import as_picture
from objectives.sources import SOURCES, prepare

METRICS = ("loss", "accuracy", "f1", "auroc")
_BATCH = 1024
_LARGE_BATCH = 128
_LARGE_IMAGE = 64 * 64


class NetworkClassifier:
    """Uses a network as it is; see `Classifier` in the objective contract.

    Args:
        network: Images to logits; it is left in evaluation mode.
        data: The images it was trained on, on its device.
        settings: Which images these are.
    """

    def __init__(self, network: nn.Module, data: Dataset, settings: DataSettings) -> None:
        self._network = network
        self._data = data
        self._settings = settings

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self._data.classes

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""
        return self._data.image_shape

    def predict(self, split: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Classify a split: probabilities `(N, K)` and labels `(N,)`."""
        return predict_split(self._network, self._data, self._split(split))

    def images(self, split: str, indices: Sequence[int]) -> list[Image]:
        """Give some images of a split, counted as `predict` does, as the network is given them."""
        chosen = self._split(split)
        places = chosen.indices[torch.as_tensor(indices, device=chosen.indices.device).long()]
        return [as_picture(pixels) for pixels in chosen.images[places].cpu().numpy()]

    @torch.inference_mode()
    def classify(self, images: Sequence[Image]) -> NDArray[np.float64]:
        """Classify pictures of any size: probabilities `(N, K)`.

        `objectives.pictures` brings them to what the network was trained on; one that cannot be
        brought to that is an `ImageError`.
        """
        self._network.eval()
        pixels = torch.from_numpy(np.stack(self._prepared(images)))
        on_device = pixels.to(self._data.scale.device)
        return _probabilities(self._network, self._data, on_device).cpu().numpy()

    def seen(self, images: Sequence[Image]) -> list[Image]:
        """Show pictures as `classify` has the network see them."""
        return [as_picture(pixels) for pixels in self._prepared(images)]

    def examples(self, n: int) -> list[tuple[Image, int]]:
        """Take at most `n` test images, as their source has them, and their labels.

        The first of each class comes first, then the second of each, and so on.
        """
        settings = self._settings
        # `prepare` expects what it is given to be as small as it was before it was scaled.
        native = replace(settings, image_size=None) if settings.name in SOURCES else settings
        split = load_test_split(native, "cpu")
        places, labels = split.indices.numpy(), split.labels.numpy()
        of = labels[places]
        by_class = [places[of == label].tolist() for label in np.unique(of)]
        in_turn = chain.from_iterable(zip_longest(*by_class))
        chosen = islice((place for place in in_turn if place is not None), n)
        images = split.images.numpy()
        return [(as_picture(images[place]), int(labels[place])) for place in chosen]

    def deployable(self) -> nn.Module:
        """Copy the network with what belongs before and after it, on the CPU."""
        return _Deployed(self._network, self._data)

    def _split(self, name: str) -> Split:
        """Load a split; the test split only when it is asked for."""
        match name:
            case "train":
                return self._data.train
            case "val":
                return self._data.val
            case "test":
                return load_test_split(self._settings, str(self._data.scale.device))
        raise UnknownNameError("split", name, SPLITS)

    def _prepared(self, images: Sequence[Image]) -> list[NDArray[np.uint8]]:
        (n_channels, *size), source = self.image_shape, self._settings.name
        return [prepare(image, source, (size[0], size[1]), n_channels) for image in images]


class _Deployed(nn.Module):
    """Bytes in, probabilities out: normalisation, the network, softmax."""

    scale: Tensor
    shift: Tensor

    def __init__(self, network: nn.Module, data: Dataset) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).cpu().eval().requires_grad_(False)
        self.register_buffer("scale", data.scale.cpu())
        self.register_buffer("shift", data.shift.cpu())
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Classify images `(N, C, H, W)`, uint8 or float32, 0 to 255: `(N, K)`."""
        normal = self.shift + images * self.scale
        return self.network(normal).softmax(dim=1)  # type: ignore[no-any-return]


@torch.inference_mode()
def predict_split(
    network: nn.Module, data: Dataset, split: Split
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Classify a split with a network of images or features, left in evaluation mode.

    It gives probabilities `(N, K)`, each row summing to 1, and labels `(N,)`.
    """
    network.eval()
    # Without gradients more images fit at once than in training, but not any number of them.
    n_pixels = split.images[0, 0].numel()
    batches = split.batches(_BATCH if n_pixels < _LARGE_IMAGE else _LARGE_BATCH)
    parts = [_probabilities(network, data, images) for images, _ in batches]
    return torch.cat(parts).cpu().numpy(), split.labels[split.indices].cpu().numpy()


def _probabilities(network: nn.Module, data: Dataset, images: Tensor) -> Tensor:
    return torch.as_tensor(network(data.normalise(images)).double().softmax(dim=1))


def classification_metrics(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[str, float | None]:
    """Compute loss, accuracy, macro F1 and macro AUROC.

    Args:
        probabilities: `(N, K)`, each row sums to 1 up to rounding.
        labels: `(N,)`, 0 to K - 1.

    Returns:
        `loss` (mean negative log likelihood, in nats), `accuracy`, `f1` (mean over classes)
        and `auroc` (mean over classes of one against the rest; None if a class has no image);
        all NaN if a probability is.
    """
    # Here, as it takes seconds to import and a trained network classifies without it.
    from sklearn.metrics import f1_score, log_loss

    if not np.isfinite(probabilities).all():
        return dict.fromkeys(METRICS, math.nan)
    predictions = probabilities.argmax(axis=1)
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    n_classes = probabilities.shape[1]
    classes = np.arange(n_classes)
    return {
        "loss": float(log_loss(labels, probabilities, labels=classes)),
        "accuracy": float((predictions == labels).mean()),
        "f1": float(f1_score(labels, predictions, average="macro", zero_division=0.0)),
        "auroc": _auroc(probabilities, labels, n_classes),
    }


def _auroc(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], n_classes: int
) -> float | None:
    from sklearn.metrics import roc_auc_score

    if len(np.unique(labels)) < n_classes:
        return None
    if n_classes == 2:
        return float(roc_auc_score(labels, probabilities[:, 1]))
    return float(roc_auc_score(labels, probabilities, multi_class="ovr", average="macro"))
