"""One epoch of training and one of evaluation, on images that lie on the device."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from objectives.data import Dataset, Split
from objectives.errors import SettingsError, require_count, unknown_name

OPTIMIZERS = ("adamw", "adam", "sgd")
_EVALUATION_BATCH = 1024


@dataclass(frozen=True)
class TrainingParameters:
    """How a network is trained.

    Args:
        optimizer: One of `OPTIMIZERS`.
        learning_rate: Step size, above 0.
        weight_decay: Decoupled for adamw, an L2 penalty for adam and sgd; at least 0.
        momentum: Of sgd, in [0, 1).
        batch_size: Images in a step, at least 1.
    """

    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    momentum: float = 0.9
    batch_size: int = 64

    def __post_init__(self) -> None:
        """Refuse values that cannot train.

        Raises:
            SettingsError: If one does not hold.
        """
        if self.optimizer not in OPTIMIZERS:
            raise unknown_name("optimizer", self.optimizer, OPTIMIZERS)
        if self.learning_rate <= 0:
            raise SettingsError(f"learning_rate > 0 must hold, got {self.learning_rate}")
        if self.weight_decay < 0:
            raise SettingsError(f"weight_decay >= 0 must hold, got {self.weight_decay}")
        if not 0 <= self.momentum < 1:
            raise SettingsError(f"0 <= momentum < 1 must hold, got {self.momentum}")
        require_count("batch_size", self.batch_size)


def make_optimizer(model: nn.Module, parameters: TrainingParameters) -> torch.optim.Optimizer:
    """Build the optimizer of all of a network's parameters.

    Args:
        model: The network.
        parameters: Which optimizer and its numbers.

    Returns:
        An optimizer that steps all tensors in one fused kernel.
    """
    weights = list(model.parameters())
    rate, decay = parameters.learning_rate, parameters.weight_decay
    match parameters.optimizer:
        case "sgd":
            momentum = parameters.momentum
            return torch.optim.SGD(weights, rate, momentum, weight_decay=decay, fused=True)
        case "adam":
            return torch.optim.Adam(weights, rate, weight_decay=decay, fused=True)
        case _:
            return torch.optim.AdamW(weights, rate, weight_decay=decay, fused=True)


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    data: Dataset,
    batch_size: int,
    order: Tensor,
    precision: AbstractContextManager[object] | None = None,
) -> tuple[float, float]:
    """Go once over the training split.

    Args:
        model: The network; left in training mode.
        optimizer: Steps its parameters.
        data: What to train on.
        batch_size: Images in a step.
        order: `(N,)` int64, the order of the training images, on their device.
        precision: Context of the forward pass; None computes in float32.

    Returns:
        Mean loss and accuracy over the epoch, each batch as it was before its own step.
    """
    model.train()
    device = data.train.labels.device
    total_loss = torch.zeros((), device=device)
    n_right = torch.zeros((), dtype=torch.int64, device=device)
    n_seen = 0
    for images, labels in data.train.batches(batch_size, order):
        if n_seen and len(labels) < min(2, batch_size):
            continue  # a last batch of one: batch normalisation has no deviation over it
        with precision or nullcontext():
            logits = model(data.normalise(images))
            loss = cross_entropy(logits, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        total_loss += loss.detach() * len(labels)
        n_right += (logits.detach().argmax(dim=1) == labels).sum()
        n_seen += len(labels)
    return total_loss.item() / n_seen, n_right.item() / n_seen


@torch.inference_mode()
def predict_split(
    model: nn.Module, data: Dataset, split: Split
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Compute the class probabilities of a split.

    Args:
        model: The network; left in evaluation mode.
        data: Tells how to normalise.
        split: What to predict.

    Returns:
        Probabilities `(N, K)`, each row summing to 1, and labels `(N,)`.
    """
    model.eval()
    parts = [
        model(data.normalise(images)).double().softmax(dim=1)
        for images, _ in split.batches(_EVALUATION_BATCH)
    ]
    return torch.cat(parts).cpu().numpy(), split.labels[split.indices].cpu().numpy()
