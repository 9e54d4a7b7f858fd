"""An objective that predicts, best at its second of three epochs, with every flaw on demand."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image


class NoTestSplitError(ValueError):
    """Stands for an objective's own error about its settings."""

    fatal = True


class Predicting:
    """Classifies the first `20 * epoch` of 60 images right, and the others as class 0.

    Args:
        params: `x`, its best score.
        n_classes: How many.
        flaw: What is wrong with `predict`.
        seed: The trial's.
    """

    made: list[dict[str, Any]] = []
    """With what each of them was made."""
    read: list[str] = []
    """Each split that was predicted."""

    def __init__(
        self, params: dict[str, Any], n_classes: int = 3, flaw: str = "", seed: int = 0
    ) -> None:
        self.made.append({"params": params, "n_classes": n_classes, "seed": seed})
        self.x = params.get("x", 0.5)
        self.n_classes = n_classes
        self.flaw = flaw
        self.epoch = 0

    def __iter__(self) -> Iterator[Any]:
        while self.epoch < 3:
            self.epoch += 1
            score = self.x - abs(self.epoch - 2) / 10
            yield {"score": score, "train_accuracy": 0.9, "val_accuracy": score}

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.epoch = state_dict["epoch"]

    def classifier(self) -> "Predicting":
        return self

    def predict(self, split: str) -> tuple[Any, Any]:
        self.read.append(split)
        labels = np.arange(60) % self.n_classes
        predicted = np.where(np.arange(60) < 20 * self.epoch, labels, 0)
        probabilities = np.eye(self.n_classes)[predicted]
        match self.flaw:
            case "no test split":
                raise NoTestSplitError("data: a test split must exist, got none")
            case "raises":
                raise KeyError("images")
            case "shape":
                return probabilities[:-1], labels
            case "labels":
                return probabilities, labels + 1
            case "logits":
                return probabilities * 3, labels
            case "nan":
                return probabilities * np.nan, labels
        return probabilities, labels


class Named(Predicting):
    """One that names its classes."""

    classes = ("cat", "dog", "owl")


class Showing(Predicting):
    """One that gives its images: squares of 8 pixels, as light as their index."""

    shown: list[tuple[str, list[int]]] = []
    """Each time that it was asked."""

    def images(self, split: str, indices: list[int]) -> list[Any]:
        self.shown.append((split, indices))
        match self.flaw:
            case "too few":
                return []
            case "no pictures":
                return [np.zeros((8, 8))] * len(indices)
            case "images raise":
                raise OSError("the disk is gone")
        return [Image.new("L", (8, 8), 4 * index) for index in indices]

    @staticmethod
    def describe(**settings: Any) -> dict[str, Any]:
        return {
            "class_counts": {
                "cat": {"train": 1200, "val": 300},
                "dog": {"train": 1100, "val": 299},
            },
            "layers": lambda params: f"Conv2d  {params['filters']}\nLinear  <2>",
        }


class Judged(Showing):
    """One that gives the probabilities of its validation images, and names its three classes."""

    classes = ("cat", "dog", "owl")

    def __iter__(self) -> Iterator[Any]:
        for metrics in super().__iter__():
            labels = np.arange(60) % self.n_classes
            predicted = np.where(np.arange(60) < 20 * self.epoch, labels, 0)
            self.predictions = np.eye(self.n_classes)[predicted], labels
            yield metrics
