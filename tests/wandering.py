"""Objectives that follow every random generator, kill their worker, have large checkpoints."""

import os
import random
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch


class Wandering:
    """Walks on by what Python, NumPy and torch draw."""

    def __init__(self, params: dict[str, Any], epochs: int, sleep_s: float = 0.0) -> None:
        self.params = params
        self.epochs = epochs
        self.sleep_s = sleep_s
        self.epoch = 0
        self.place = 0.0

    def __iter__(self) -> Iterator[dict[str, float]]:
        while self.epoch < self.epochs:
            time.sleep(self.sleep_s)
            self.epoch += 1
            self.place += random.random() + np.random.rand() + torch.rand(()).item()
            yield {"score": self.place - (self.params["x"] - 0.3) ** 2, "place": self.place}

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "place": self.place}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.epoch = state_dict["epoch"]
        self.place = state_dict["place"]


class Dying(Wandering):
    """Kills its worker some epochs after each start, so many times."""

    def __init__(
        self, params: dict[str, Any], epochs: int, dies_after: int, n_deaths: int
    ) -> None:
        super().__init__(params, epochs)
        self.dies_after = dies_after
        self.n_deaths = n_deaths
        self.n_starts = 0

    def __iter__(self) -> Iterator[dict[str, float]]:
        self.n_starts += 1
        for n_epochs, metrics in enumerate(super().__iter__()):
            if n_epochs == self.dies_after and self.n_starts <= self.n_deaths:
                os._exit(1)
            yield {**metrics, "n_starts": self.n_starts}

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "n_starts": self.n_starts}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.n_starts = state_dict["n_starts"]


class Bulky(Wandering):
    """Has a checkpoint of a megabyte."""

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "weights": torch.zeros(250_000)}
