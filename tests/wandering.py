"""A resumable objective whose every number depends on every random generator before it."""

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
