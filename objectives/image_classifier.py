"""The image classifier: an objective whose model, data and training are all settings.

Any parameter of the network or of the training can be searched (given in `parameters`) or
fixed (given in `settings`).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image
from torch import nn

from objectives.blueprint import Blueprint
from objectives.data import Dataset, Split, load_dataset, load_test_split
from objectives.deployment import Deployed
from objectives.descriptions import class_counts, describe, measure, notes
from objectives.devices import choose_device, half_precision
from objectives.errors import require_count, unknown_name
from objectives.examples import some_examples
from objectives.features import feature_dataset
from objectives.folders import SPLITS
from objectives.metrics import classification_metrics
from objectives.models import count_parameters
from objectives.pictures import as_picture, prepare
from objectives.prediction import predict_images, predict_split
from objectives.pretrained import Pretrained
from objectives.training import Training


class ImageClassifier:
    """Trains one network; iterate over it for one epoch's metrics at a time.

    Args:
        params: The trial's parameters: any of the model's and of the recipe's, see
            `objectives.models` and `objectives.recipe`.
        model: A key of `MODELS`.
        data: The fields of `DataSettings`.
        epochs: How many to train, at least 1; `patience` may end it earlier.
        seed: Of the initial weights, of dropout and of the order of the images.
        device: `cpu`, `cuda`, or `auto` for a GPU if one can be seen.
        mixed_precision: Whether training computes in bfloat16; on a GPU, or a processor that
            has units for it.
        channels_last: Whether the channels of a pixel lie side by side in memory: faster
            where most convolutions have many channels.
        **fixed: Parameters that this search does not vary.

    Attributes:
        settling: Whether layers that have just begun to train are still warming up, so that
            the trial must not be compared with others yet.
        stop_reason: Why it ended before its last epoch; empty if it did not.

    Raises:
        SettingsError: If a setting can work for no parameters.
        InfeasibleError: If these parameters make no valid network.

    Example:
        >>> objective = ImageClassifier({"filters": 8}, data={"limit": 100}, epochs=1)
        >>> [round(metrics["learning_rate"], 3) for metrics in objective]
        [0.001]
    """

    def __init__(  # noqa: PLR0913  each is a key of `settings`
        self,
        params: dict[str, Any],
        *,
        model: str = "small_cnn",
        data: dict[str, Any] | None = None,
        epochs: int = 10,
        seed: int = 0,
        device: str = "auto",
        mixed_precision: bool = False,
        channels_last: bool = False,
        **fixed: Any,
    ) -> None:
        require_count("epochs", epochs)
        self.epochs = epochs
        self.epoch = 0
        self.settling = False
        self.stop_reason = ""
        self.device = choose_device(device)
        self.blueprint = Blueprint.of(params, {**fixed, "model": model, "data": data})
        self.data = load_dataset(self.blueprint.data, self.device)
        torch.manual_seed(seed)
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        self._order = torch.Generator().manual_seed(seed)
        self._features: Dataset | None = None
        self.model = self.blueprint.build(self.data.image_shape, len(self.data.classes))
        self.model.to(self.device)
        if channels_last:
            self.model.to(memory_format=torch.channels_last)
        if getattr(self.model, "takes_unit_images", False):
            self.data = self.data.as_unit_images()
        precision = half_precision(self.device) if mixed_precision else None
        self.training = Training(self.model, self.blueprint.recipe, self.data, epochs, precision)

    def __iter__(self) -> Iterator[dict[str, float | int | None]]:
        """Train the epochs that are left.

        Yields:
            `train_` and `val_` loss and accuracy, `val_f1`, `val_auroc`, `learning_rate` and
            `n_parameters` after each epoch; with freezing also `backbone_learning_rate`.
        """
        while self.epoch < self.epochs and not self.stop_reason:
            self.epoch += 1
            network, data = self._in_training()
            order = torch.randperm(len(data.train), generator=self._order).to(self.device)
            train_loss, train_accuracy = self.training.train_epoch(
                network, data, order, self.epoch
            )
            val = classification_metrics(*predict_split(network, data, data.val))
            rates = self.training.rates(self.epoch)
            self._take_in(val["loss"])
            yield {
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                **{f"val_{name}": value for name, value in val.items()},
                "learning_rate": rates[0],
                **({"backbone_learning_rate": rates[1]} if self._freezes else {}),
                "n_parameters": count_parameters(self.model),
            }

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.data.classes

    def predict(self, split: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Classify the images of a split with the network as it is.

        Args:
            split: `train`, `val` or `test`.

        Returns:
            Probabilities `(N, K)` and labels `(N,)`.

        Raises:
            SettingsError: If there is no such split.
        """
        return predict_split(self.model, self.data, self._split(split))

    def images(self, split: str, indices: Sequence[int]) -> list[Image]:
        """Give images of a split as the network is given them.

        Args:
            split: `train`, `val` or `test`.
            indices: `(N,)`, which of them, counted from 0 as `predict` does.

        Returns:
            `(N,)`, grey or RGB.

        Raises:
            SettingsError: If there is no such split.
        """
        chosen = self._split(split)
        places = chosen.indices[torch.as_tensor(indices, device=chosen.indices.device).long()]
        return [as_picture(pixels) for pixels in chosen.images[places].cpu().numpy()]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""
        return self.data.image_shape

    def classify(self, images: Sequence[Image]) -> NDArray[np.float64]:
        """Classify pictures with the network as it is.

        Args:
            images: `(N,)`, of any size; `objectives.pictures` brings them to what the network
                was trained on.

        Returns:
            Probabilities `(N, K)`.

        Raises:
            PictureError: If one of them cannot be brought to that.
        """
        return predict_images(self.model, self.data, np.stack(self._prepared(images)))

    def seen(self, images: Sequence[Image]) -> list[Image]:
        """Show pictures as the network sees them.

        Args:
            images: As for `classify`.

        Returns:
            `(N,)`, grey or colour, of the size of `image_shape`.

        Raises:
            PictureError: If one of them cannot be brought to that.
        """
        return [as_picture(pixels) for pixels in self._prepared(images)]

    def examples(self, n: int) -> list[tuple[Image, int]]:
        """Take some images of the test split.

        Args:
            n: How many at most.

        Returns:
            Images and labels: the first of each class, then the second of each, and so on.

        Raises:
            SettingsError: If the data has no test split.
        """
        return some_examples(self.blueprint.data, n)

    def deployable(self) -> nn.Module:
        """Copy the network as it is, with what belongs before and after it.

        Returns:
            On the CPU: from images `(N, C, H, W)`, 0 to 255, to probabilities `(N, K)`.
        """
        return Deployed(self.model, self.data)

    def state_dict(self) -> dict[str, Any]:
        """Give everything that the next epoch depends on.

        Returns:
            Tensors and plain numbers, for `torch.save` and `weights_only` loading.
        """
        cuda = torch.cuda.get_rng_state() if self.device.startswith("cuda") else None
        return {
            "epoch": self.epoch,
            "stop_reason": self.stop_reason,
            "model": self.model.state_dict(),
            "training": self.training.state_dict(),
            "order": self._order.get_state(),
            "random": torch.get_rng_state(),
            "random_cuda": cuda,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from where another process left off.

        Args:
            state_dict: What `state_dict` gave there.
        """
        self.epoch = state_dict["epoch"]
        self.stop_reason = state_dict["stop_reason"]
        self.settling = self.training.is_settling(self.epoch)
        self.model.load_state_dict(state_dict["model"])
        self.training.load_state_dict(state_dict["training"])
        self._order.set_state(state_dict["order"].cpu())
        torch.set_rng_state(state_dict["random"].cpu())
        if state_dict["random_cuda"] is not None and self.device.startswith("cuda"):
            torch.cuda.set_rng_state(state_dict["random_cuda"].cpu())

    measure = staticmethod(measure)
    describe = staticmethod(describe)
    class_counts = staticmethod(class_counts)
    notes = staticmethod(notes)

    def _split(self, name: str) -> Split:
        """Load a split; the test split only when it is asked for."""
        match name:
            case "train":
                return self.data.train
            case "val":
                return self.data.val
            case "test":
                return load_test_split(self.blueprint.data, self.device)
        raise unknown_name("split", name, SPLITS)

    def _prepared(self, images: Sequence[Image]) -> list[NDArray[np.uint8]]:
        source, size = self.blueprint.data.name, self.image_shape[1:]
        return [prepare(image, source, size) for image in images]

    @property
    def _freezes(self) -> bool:
        return self.blueprint.recipe.freezing.freeze != "none"

    def _in_training(self) -> tuple[nn.Module, Dataset]:
        """Choose what the epoch goes through: the network, or only its head."""
        if (
            isinstance(self.model, Pretrained)
            and self.model.has_weights
            and not self.blueprint.recipe.augmentation.is_on
            and self.training.head_only(self.epoch)
        ):
            if self._features is None:
                self._features = feature_dataset(self.model, self.data, self.blueprint.data)
            return self.model.head, self._features
        return self.model, self.data

    def _take_in(self, val_loss: float | None) -> None:
        assert val_loss is not None
        self.settling = self.training.is_settling(self.epoch)
        if self.training.take_in(val_loss) and self.epoch < self.epochs:
            patience = self.blueprint.recipe.training.patience
            self.stop_reason = f"val_loss has not fallen for {patience} epochs"
