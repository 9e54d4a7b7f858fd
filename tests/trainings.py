"""Made-up images, and looks at what a training does to a network's weights."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from objectives.data import Dataset, Split
from objectives.recipe import Recipe
from objectives.training import Training


def make_data(n_train: int = 60, n_val: int = 20, size: int = 4) -> Dataset:
    """Make grey square images whose brightness tells the class; image i has i in its corner."""
    n_images = n_train + n_val
    labels = torch.arange(n_images) % 2
    noise = torch.randint(0, 50, (n_images, 1, size, size))
    images = (labels.view(-1, 1, 1, 1) * 100 + noise).byte()
    images[:, 0, 0, 0] = torch.arange(n_images)
    return Dataset(
        train=Split(images, labels, torch.arange(n_train)),
        val=Split(images, labels, torch.arange(n_train, n_images)),
        classes=("dark", "bright"),
        scale=torch.full((1, 1, 1, 1), 0.02),
        shift=torch.full((1, 1, 1, 1), -1.5),
    )


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """Copy a network's weights and buffers, by name."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def moved(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    """Name what is not the same bit for bit."""
    return {name for name in before if not torch.equal(before[name], after[name])}


def epochs_of(
    model: nn.Module, data: Dataset, epochs: int, **parameters: Any
) -> Iterator[tuple[Training, int, set[str]]]:
    """Train; give the training, each epoch that is done, and what moved in it."""
    training = Training(model, Recipe.of({"batch_size": 20, **parameters}), data, epochs)
    for epoch in range(1, epochs + 1):
        before = snapshot(model)
        training.train_epoch(model, data, torch.randperm(len(data.train)), epoch)
        yield training, epoch, moved(before, snapshot(model))
