"""Objectives that say which images they classified right, of their own accord or wrongly."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATES = (0.5, 0.9, 0.7, 0.6)
"""The share of images that are right after each epoch; the second one is the best."""


def answers_at(epoch: int, n_images: int = 100) -> NDArray[np.bool_]:
    """Give the answers of `Answering` after an epoch, others after each."""
    return np.roll(np.arange(n_images) < RATES[epoch - 1] * n_images, 7 * epoch)


class Forgetful:
    """Gives answers after each epoch; where `dies_in` is new, kills its process at its fourth."""

    def __init__(self, params: dict[str, Any], n_images: int = 100, dies_in: str = "") -> None:
        self.n_images = n_images
        self.dies_in = dies_in
        self.epoch = 0
        self.answers: NDArray[np.bool_] | None = None

    def __iter__(self) -> Iterator[dict[str, float]]:
        while self.epoch < len(RATES):
            if self.epoch == 3 and self.dies_in and not Path(self.dies_in).exists():
                Path(self.dies_in).touch()
                os._exit(1)
            self.epoch += 1
            self.answers = answers_at(self.epoch, self.n_images)
            yield {"score": float(self.answers.mean())}


class Answering(Forgetful):
    """The same, and goes on from where it was."""

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.epoch = state_dict["epoch"]


class Sometimes(Answering):
    """Gives answers after its first epoch only."""

    def __iter__(self) -> Iterator[dict[str, float]]:
        for metrics in super().__iter__():
            self.answers = self.answers if self.epoch == 1 else None
            yield metrics


GIVEN: dict[str, Any] = {
    "booleans": [True, False, True],
    "numbers": (1, 0, 1),
    "floats": np.array([1.0, 0.0, 1.0]),
    "rows": np.array([[True, False], [False, True]]),
    "ragged": [[True], [False, True]],
    "one": True,
    "empty": [],
    "shares": [0.5, 1.0],
    "labels": [3, 1, 4],
    "texts": ["right", "wrong"],
}


class Giving:
    """Gives the answers that `params["kind"]` names, or a tensor of torch."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.answers = GIVEN.get(params["kind"])
        if params["kind"] == "tensor":
            import torch

            self.answers = torch.tensor([True, False, True])

    def __iter__(self) -> Iterator[dict[str, float]]:
        yield {"score": 0.5}
