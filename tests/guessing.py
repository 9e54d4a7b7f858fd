"""Objectives that give the probabilities of their validation images, rightly or wrongly."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.studies.test_metrics import evaluate_predictions

SURE = (0.5, 2.0, 1.0, 0.8)
"""How sure `Guessing` is of the right class after each epoch; the second one is the best."""

Pair = tuple[NDArray[np.float64], NDArray[np.int64]]


def guesses(sure: float, n_images: int = 200, n_classes: int = 3, seed: int = 0) -> Pair:
    """Draw probabilities `(N, K)` and labels `(N,)`, which are the same for every seed."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n_images) % n_classes
    logits = generator.normal(size=(n_images, n_classes)) + sure * np.eye(n_classes)[labels]
    odds = np.exp(logits)
    return odds / odds.sum(axis=1, keepdims=True), labels


def guessed(x: float, epoch: int, n_images: int = 200) -> Pair:
    """Give the predictions of `Guessing` after an epoch; the images are always the same."""
    return guesses(SURE[epoch - 1] * (0.5 + x), n_images, seed=round(100 * x))


def metrics_of(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    """Compute what the project does of a split: loss, accuracy, F1, AUROC."""
    names = [str(name) for name in range(probabilities.shape[1])]
    return evaluate_predictions(probabilities, labels, names, 0.0).metrics


class Guessing:
    """Reports what it gives the images; surer by `params["x"]`, which is from 0 to 1.

    Args:
        params: `x`.
        n_images: How many there are.
        dies_in: Where this is new, its process is killed at its fourth epoch.
        wrong_by: What is added to each metric.
    """

    def __init__(
        self, params: dict[str, Any], n_images: int = 200, dies_in: str = "", wrong_by: float = 0.0
    ) -> None:
        self.x = params["x"]
        self.n_images = n_images
        self.dies_in = dies_in
        self.wrong_by = wrong_by
        self.epoch = 0
        self.predictions: Pair | None = None

    def __iter__(self) -> Iterator[dict[str, float]]:
        while self.epoch < len(SURE):
            if self.epoch == 3 and self.dies_in and not Path(self.dies_in).exists():
                Path(self.dies_in).touch()
                os._exit(1)
            self.epoch += 1
            self.predictions = guessed(self.x, self.epoch, self.n_images)
            metrics = metrics_of(*self.predictions)
            yield {f"val_{name}": value + self.wrong_by for name, value in metrics.items()}

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.epoch = state_dict["epoch"]


class Silent(Guessing):
    """The same, without telling what it gives the images."""

    def __iter__(self) -> Iterator[dict[str, float]]:
        for metrics in super().__iter__():
            self.predictions = None
            yield metrics


GIVEN: dict[str, Any] = {
    "half": (np.array([[0.1, 0.9], [0.5, 0.5]], np.float16), np.array([1, 0], np.uint8)),
    "lists": [[[0.1, 0.9], [0.5, 0.5]], [1, 0]],
    "alone": [[0.1, 0.9], [0.5, 0.5]],
    "flat": ([0.1, 0.9], [1, 0]),
    "fewer labels": ([[0.1, 0.9], [0.5, 0.5]], [1]),
    "other labels": ([[0.1, 0.9], [0.5, 0.5]], [1, 2]),
    "below zero": ([[0.1, 0.9], [0.5, 0.5]], [1, -1]),
    "no integers": ([[0.1, 0.9], [0.5, 0.5]], [1.0, 0.0]),
    "logits": ([[-3.0, 4.0], [0.5, 0.5]], [1, 0]),
    "not a number": ([[float("nan"), 0.9], [0.5, 0.5]], [1, 0]),
    "ragged": ([[0.1, 0.9], [1.0]], [1, 0]),
    "empty": ([], []),
    "one": 0.5,
}


class Giving:
    """Gives the predictions that `params["kind"]` names."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.predictions = GIVEN[params["kind"]]

    def __iter__(self) -> Iterator[dict[str, float]]:
        yield {"val_loss": 0.4}

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        pass
