"""Training a network an epoch at a time, on images that lie on the device."""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from objectives.augmentation import augment
from objectives.data import Dataset
from objectives.freezing import (
    first_epochs,
    is_settling,
    rate_shares,
    set_training_modes,
    unfreeze_factor,
)
from objectives.groups import layer_groups
from objectives.recipe import Recipe, TrainingParameters
from objectives.schedules import Patience, rate_factor


@dataclass(frozen=True)
class _RateGroup:
    """Parameters that begin to train in the same epoch, at the same rate and decay."""

    first_epoch: int | None
    share: float
    weight_decay: float


class Training:
    """A network in training.

    Args:
        model: The network, on its device.
        recipe: How.
        data: What it is trained on.
        n_epochs: Epochs in all; schedules end with the last one.
        precision: Context of the forward pass; None computes in float32.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        data: Dataset,
        n_epochs: int,
        precision: AbstractContextManager[object] | None = None,
    ) -> None:
        self._model = model
        self._recipe = recipe
        self._precision = precision or nullcontext()
        self._groups = layer_groups(model, recipe.freezing.n_stages, recipe.groups)
        self._starts = first_epochs(recipe.freezing, len(self._groups), n_epochs)
        batch_size = recipe.training.batch_size
        self._steps_per_epoch = max(1, -(-len(data.train) // batch_size))
        self._n_steps = n_epochs * self._steps_per_epoch
        self._loss_weights = _class_weights(recipe.training.class_weights, data)
        self._optimizer, self._rate_groups = self._make_optimizer()
        self._plateau = Patience()
        self._plateau_factor = 1.0
        self._stopper = Patience()

    def head_only(self, epoch: int) -> bool:
        """Tell whether an epoch, from 1, trains the head and nothing else."""
        return all(start is None or epoch < start for start in self._starts[:-1])

    def is_settling(self, epoch: int) -> bool:
        """Tell whether the trial must not be compared at the end of an epoch, from 1."""
        n_warmup = self._recipe.freezing.unfreeze_warmup_steps
        return is_settling(self._starts, epoch, n_warmup, self._steps_per_epoch)

    def rates(self, epoch: int) -> tuple[float, float]:
        """Tell the learning rates at the end of an epoch: the head's, and the body's highest."""
        step = epoch * self._steps_per_epoch - 1
        rates = [self._rate(group, step) for group in self._rate_groups]
        return rates[-1], max(rates[:-1], default=rates[-1])

    def train_epoch(
        self, network: nn.Module, data: Dataset, order: Tensor, epoch: int
    ) -> tuple[float, float]:
        """Go once over the training split.

        Args:
            network: The model, or its head for a body that is frozen.
            data: What to train on: images, or features for the head.
            order: `(N,)` int64, the order of the training images, on their device.
            epoch: From 1.

        Returns:
            Mean loss and accuracy over the epoch, each batch as it was before its own step.
        """
        training = self._recipe.training
        bn = self._recipe.freezing.batch_norms
        set_training_modes(self._model, self._groups, self._starts, epoch, bn)
        step = (epoch - 1) * self._steps_per_epoch
        total_loss = torch.zeros((), device=order.device)
        n_right = torch.zeros((), dtype=torch.int64, device=order.device)
        n_seen = 0
        for images, labels in data.train.batches(training.batch_size, order):
            if n_seen and len(labels) < min(2, training.batch_size):
                continue  # a last batch of one: batch normalisation has no deviation over it
            if self._recipe.augmentation.is_on:
                images = augment(images, self._recipe.augmentation)
            with self._precision:
                logits = network(data.normalise(images))
                loss = cross_entropy(
                    logits, labels, self._loss_weights, label_smoothing=training.label_smoothing
                )
            self._step(loss, step)
            step += 1
            total_loss += loss.detach() * len(labels)
            n_right += (logits.detach().argmax(dim=1) == labels).sum()
            n_seen += len(labels)
        return total_loss.item() / n_seen, n_right.item() / n_seen

    def take_in(self, val_loss: float) -> bool:
        """Let what waits for the validation loss know of it; True ends the training early."""
        schedule = self._recipe.schedule
        # One more than the patience, as torch's ReduceLROnPlateau counts.
        if self._plateau.add(val_loss) > schedule.plateau_patience:
            self._plateau_factor *= schedule.decay_factor
            self._plateau.n_bad = 0
        patience = self._recipe.training.patience
        return self._stopper.add(val_loss) >= (patience or math.inf)

    def state_dict(self) -> dict[str, Any]:
        """Give everything that the next epoch depends on: tensors and plain numbers."""
        return {
            "optimizer": self._optimizer.state_dict(),
            "plateau": asdict(self._plateau),
            "plateau_factor": self._plateau_factor,
            "stopper": asdict(self._stopper),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from where another process left off."""
        self._optimizer.load_state_dict(state_dict["optimizer"])
        self._plateau = Patience(**state_dict["plateau"])
        self._plateau_factor = state_dict["plateau_factor"]
        self._stopper = Patience(**state_dict["stopper"])

    def _step(self, loss: Tensor, step: int) -> None:
        penalty = getattr(self._model, "penalty", None)
        # To None, not zero: momentum and weight decay must not move what is frozen.
        self._optimizer.zero_grad(set_to_none=True)
        (loss if penalty is None else loss + penalty()).backward()
        clip = self._recipe.training.gradient_clip
        if clip is not None:
            nn.utils.clip_grad_norm_(self._model.parameters(), clip)
        for group, of in zip(self._optimizer.param_groups, self._rate_groups, strict=True):
            group["lr"] = self._rate(of, step)
        self._optimizer.step()

    def _rate(self, group: _RateGroup, step: int) -> float:
        schedule, n_warmup = self._recipe.schedule, self._recipe.freezing.unfreeze_warmup_steps
        factor = rate_factor(schedule, step, self._n_steps, self._steps_per_epoch)
        if schedule.schedule == "plateau":
            factor *= self._plateau_factor
        factor *= unfreeze_factor(group.first_epoch, step, n_warmup, self._steps_per_epoch)
        return self._recipe.training.learning_rate * group.share * factor

    def _make_optimizer(self) -> tuple[torch.optim.Optimizer, list[_RateGroup]]:
        """Put every parameter into the optimizer, in as few groups as rates and decays need."""
        training, freezing = self._recipe.training, self._recipe.freezing
        head_decay, body_decay = training.weight_decay, freezing.backbone_weight_decay
        shares = rate_shares(freezing, len(self._groups))
        weights = dict(self._model.named_parameters())
        sorted_: dict[_RateGroup, list[nn.Parameter]] = {}
        for layers, start, share in zip(self._groups, self._starts, shares, strict=True):
            is_head = layers is self._groups[-1]
            decay = head_decay if is_head or body_decay is None else body_decay
            of = sorted_.setdefault(_RateGroup(start, share, decay), [])
            of += [weights[name] for name in layers.parameters]
        groups: list[dict[str, Any]] = [
            {"params": of, "weight_decay": group.weight_decay} for group, of in sorted_.items()
        ]
        return _optimizer(groups, training), list(sorted_)


def _optimizer(
    groups: list[dict[str, Any]], training: TrainingParameters
) -> torch.optim.Optimizer:
    """Build an optimizer that steps all tensors of a group in one fused kernel."""
    rate = training.learning_rate
    match training.optimizer:
        case "sgd":
            momentum, nesterov = training.momentum, training.nesterov
            return torch.optim.SGD(groups, rate, momentum, nesterov=nesterov, fused=True)
        case "adam":
            return torch.optim.Adam(groups, rate, fused=True)
        case _:
            return torch.optim.AdamW(groups, rate, fused=True)


def _class_weights(kind: str, data: Dataset) -> Tensor | None:
    """Weigh each class by how rare it is in the training split: `(K,)`, 1 on average."""
    if kind == "none":
        return None
    labels = data.train.labels[data.train.indices]
    counts = torch.bincount(labels, minlength=len(data.classes)).clamp(min=1)
    return len(labels) / (len(data.classes) * counts.float())
