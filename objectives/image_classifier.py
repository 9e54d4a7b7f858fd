"""The image classifier: an objective whose model, data and training are all settings.

Any parameter of the model or of the training can be searched (given in `parameters`) or
fixed (given in `settings`).
"""

import dataclasses
import inspect
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from objectives.data import DataSettings, load_dataset, load_test_split
from objectives.errors import require_count, unknown_name
from objectives.metrics import classification_metrics
from objectives.models import MODELS, count_parameters, model_parameters
from objectives.training import TrainingParameters, make_optimizer, predict_split, train_epoch


class ImageClassifier:
    """Trains one network; iterate over it for one epoch's metrics at a time.

    Args:
        params: The trial's parameters: any of the model's and of `TrainingParameters`.
        model: A key of `MODELS`.
        data: The fields of `DataSettings`.
        epochs: How many to train, at least 1.
        seed: Of the initial weights, of dropout and of the order of the images.
        device: `cpu`, `cuda`, or `auto` for a GPU if one can be seen.
        mixed_precision: Whether the forward pass runs in bfloat16; on a GPU only.
        **fixed: Parameters that this search does not vary.

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
        **fixed: Any,
    ) -> None:
        require_count("epochs", epochs)
        self.epochs = epochs
        self.epoch = 0
        self.device = _device(device)
        self.mixed_precision = mixed_precision and self.device.startswith("cuda")
        training, network = _sort_parameters(params, fixed, model)
        self.training = TrainingParameters(**training)
        self._data_settings = _data_settings(data or {})
        self.data = load_dataset(self._data_settings, self.device)
        torch.manual_seed(seed)
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        self._order = torch.Generator().manual_seed(seed)
        self.model = MODELS[model](self.data.image_shape, len(self.data.classes), **network)
        self.model.to(self.device)
        self.optimizer = make_optimizer(self.model, self.training)

    @staticmethod
    def measure(
        params: dict[str, Any],
        *,
        model: str = "small_cnn",
        data: dict[str, Any] | None = None,
        **settings: Any,
    ) -> dict[str, int]:
        """Tell the size of a network without making it.

        Args:
            params: As of the class.
            model: A key of `MODELS`.
            data: The fields of `DataSettings`; they give the network's input and classes.
            **settings: The other settings of the class.

        Returns:
            `n_parameters`.

        Raises:
            SettingsError: If a setting can work for no parameters.
            InfeasibleError: If these parameters make no valid network.
        """
        wanted = model_parameters(model)
        network = {k: v for k, v in {**settings, **params}.items() if k in wanted}
        loaded = load_dataset(_data_settings(data or {}), "cpu")
        with torch.device("meta"):
            built = MODELS[model](loaded.image_shape, len(loaded.classes), **network)
        return {"n_parameters": count_parameters(built)}

    def __iter__(self) -> Iterator[dict[str, float | int | None]]:
        """Train the epochs that are left.

        Yields:
            `train_` and `val_` loss and accuracy, `val_f1`, `val_auroc`, `learning_rate` and
            `n_parameters` after each epoch.
        """
        while self.epoch < self.epochs:
            order = torch.randperm(len(self.data.train), generator=self._order)
            train_loss, train_accuracy = train_epoch(
                self.model,
                self.optimizer,
                self.data,
                self.training.batch_size,
                order.to(self.device),
                self._precision(),
            )
            self.epoch += 1
            val = classification_metrics(*self.predict("val"))
            yield {
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                **{f"val_{name}": value for name, value in val.items()},
                "learning_rate": self.optimizer.param_groups[0]["lr"],
                "n_parameters": count_parameters(self.model),
            }

    def predict(self, split: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Classify the images of a split with the network as it is.

        Args:
            split: `train`, `val` or `test`.

        Returns:
            Probabilities `(N, K)` and labels `(N,)`.

        Raises:
            SettingsError: If there is no such split.
        """
        match split:
            case "train":
                images = self.data.train
            case "val":
                images = self.data.val
            case "test":
                images = load_test_split(self._data_settings, self.device)
            case _:
                raise unknown_name("split", split, ["train", "val", "test"])
        return predict_split(self.model, self.data, images)

    def state_dict(self) -> dict[str, Any]:
        """Give everything that the next epoch depends on.

        Returns:
            Tensors and plain numbers, for `torch.save` and `weights_only` loading.
        """
        cuda = torch.cuda.get_rng_state() if self.device.startswith("cuda") else None
        return {
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
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
        self.model.load_state_dict(state_dict["model"])
        self.optimizer.load_state_dict(state_dict["optimizer"])
        self._order.set_state(state_dict["order"].cpu())
        torch.set_rng_state(state_dict["random"].cpu())
        if state_dict["random_cuda"] is not None and self.device.startswith("cuda"):
            torch.cuda.set_rng_state(state_dict["random_cuda"].cpu())

    def _precision(self) -> AbstractContextManager[object] | None:
        return torch.autocast("cuda", dtype=torch.bfloat16) if self.mixed_precision else None


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.partition(":")[0] not in {"cpu", "cuda"}:
        raise unknown_name("device", name, ["auto", "cpu", "cuda"])
    return name


def _data_settings(given: dict[str, Any]) -> DataSettings:
    valid = [field.name for field in dataclasses.fields(DataSettings)]
    for name in given:
        if name not in valid:
            raise unknown_name("setting of data", name, valid)
    return DataSettings(**given)


def _sort_parameters(
    params: dict[str, Any], fixed: dict[str, Any], model: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tell the parameters of the training from those of the network."""
    training = [field.name for field in dataclasses.fields(TrainingParameters)]
    network = model_parameters(model)
    for name in params.keys() - {*network, *training}:
        raise unknown_name(f"parameter of {model}", name, [*network, *training])
    for name in fixed.keys() - {*network, *training}:
        settings = inspect.getfullargspec(ImageClassifier).kwonlyargs
        raise unknown_name("setting", name, [*settings, *network, *training])
    given = {**fixed, **params}
    return (
        {name: value for name, value in given.items() if name in training},
        {name: value for name, value in given.items() if name in network},
    )
