"""The image classifier: an objective whose model, data and training are all settings.

Any parameter of the network or of the training can be searched (given in `parameters`) or
fixed (given in `settings`).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from objectives.blueprint import Blueprint, describe, measure
from objectives.classifier import NetworkClassifier, classification_metrics, predict_split
from objectives.data import Dataset, load_dataset
from objectives.errors import UnknownNameError, require_count
from objectives.features import feature_dataset
from objectives.models import count_parameters
from objectives.models.pretrained import Pretrained
from objectives.training import Training


class ImageClassifier:
    """Trains one network; iterate over it for one epoch's metrics at a time.

    Args:
        params: The trial's parameters: any of the model's and of the recipe's, see
            `objectives.models` and `objectives.recipe`.
        model: A key of `MODELS`, or `package.module:name` of a callable as
            `objectives.models.find_model` describes it.
        data: The fields of `DataSettings`.
        epochs: How many to train, at least 1; `patience` may end it earlier.
        seed: Of the initial weights, of dropout and of the order of the images.
        split_seed: Of the split into training and validation images, where it is drawn; None
            for the one of `data`.
        device: `cpu`, `cuda`, or `auto` for a GPU if one can be seen.
        mixed_precision: Whether training computes in bfloat16; on a GPU, or a processor that
            has units for it.
        channels_last: Whether the channels of a pixel lie side by side in memory: faster
            where most convolutions have many channels.
        **fixed: Parameters that this search does not vary.

    Attributes:
        settling: Whether layers that have just begun to train are still warming up, so that
            the trial must not be compared with others yet.
        answers: `(N,)`, whether each validation image was classified right at the end of the
            epoch; None before the first one.
        predictions: What it was classified as then: probabilities `(N, K)` and labels `(N,)`.
        stop_reason: Why it ended before its last epoch; empty if it did not.

    A setting that can work for no parameters is a `SettingsError`; parameters that make no
    valid network are an `InfeasibleError`.

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
        split_seed: int | None = None,
        device: str = "auto",
        mixed_precision: bool = False,
        channels_last: bool = False,
        **fixed: Any,
    ) -> None:
        require_count("epochs", epochs)
        self.epochs = epochs
        self.epoch = 0
        self.settling = False
        self.answers: NDArray[np.bool_] | None = None
        self.predictions: tuple[NDArray[np.float64], NDArray[np.int64]] | None = None
        self.stop_reason = ""
        self.device = _choose_device(device)
        if split_seed is not None:
            data = {**(data or {}), "split_seed": split_seed}
        self.blueprint = Blueprint.of(params, {**fixed, "model": model, "data": data})
        self.data = load_dataset(self.blueprint.data, self.device)
        torch.manual_seed(seed)
        # The fastest of cuDNN's kernels depends on timing, and some add in any order.
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        self._order = torch.Generator().manual_seed(seed)
        self._features: Dataset | None = None
        # Built on the CPU and then moved, so that every device starts from the same weights.
        self.model = self.blueprint.build(self.data.image_shape, len(self.data.classes))
        self.model.to(self.device)
        if channels_last:
            self.model.to(memory_format=torch.channels_last)
        if getattr(self.model, "takes_unit_images", False):
            self.data = self.data.as_unit_images()
        precision = _half_precision(self.device) if mixed_precision else None
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
            probabilities, labels = self.predictions = predict_split(network, data, data.val)
            self.answers = probabilities.argmax(axis=1) == labels
            val = classification_metrics(probabilities, labels)
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

    def classifier(self) -> NetworkClassifier:
        """Give the network as it is, to be used."""
        return NetworkClassifier(self.model, self.data, self.blueprint.data)

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
        """Go on from where another process left off."""
        self.epoch = state_dict["epoch"]
        self.stop_reason = state_dict["stop_reason"]
        self.settling = self.training.is_settling(self.epoch)
        self.model.load_state_dict(state_dict["model"])
        self.training.load_state_dict(state_dict["training"])
        # The states of generators are bytes on the CPU, wherever the checkpoint was mapped to.
        self._order.set_state(state_dict["order"].cpu())
        torch.set_rng_state(state_dict["random"].cpu())
        if state_dict["random_cuda"] is not None and self.device.startswith("cuda"):
            torch.cuda.set_rng_state(state_dict["random_cuda"].cpu())

    # Functions of a module without torch: `search check` asks them without importing this one.
    measure = staticmethod(measure)
    describe = staticmethod(describe)

    @property
    def _freezes(self) -> bool:
        return self.blueprint.recipe.freezing.freeze != "none"

    def _in_training(self) -> tuple[nn.Module, Dataset]:
        """Choose what the epoch goes through: the network, or only its head.

        While a body is frozen and images are not changed, its output for each image is always
        the same: it is computed once, and the head trains on that.
        """
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


def _choose_device(name: str) -> str:
    """Turn `cpu`, `cuda`, `cuda:0` and so on, or `auto` into a device of torch."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.partition(":")[0] not in {"cpu", "cuda"}:
        raise UnknownNameError("device", name, ["auto", "cpu", "cuda"])
    return name


def _half_precision(device: str) -> AbstractContextManager[object] | None:
    """Choose the context in which layers compute in bfloat16.

    None on a processor without units for such numbers (AMX), which would be slower with them.
    """
    kind = device.partition(":")[0]
    if kind == "cpu" and not torch.cpu.get_capabilities().get("amx_bf16"):
        return None
    return torch.autocast(kind, dtype=torch.bfloat16)
