"""Objectives that follow every random generator, kill their worker, have large checkpoints."""

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

import search


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


@search.reporting
def reported(
    params: dict[str, Any],
    report: search.Report,
    folder: str,
    kind: str = "mapping",
    every: int = 1,
    dies_at: int = 0,
) -> None:
    """Walks likewise, and reports; kills its process once if it is to."""
    torch.nn.Linear(9, 9)  # a network draws its weights before it goes on
    epoch, place = _read(report.checkpoint)
    while epoch < 6:
        assert epoch == report.n_epochs
        epoch += 1
        place += random.random() + np.random.rand() + torch.rand(()).item()
        mark = Path(folder) / "died"
        if epoch == dies_at and not mark.exists():
            mark.touch()
            os._exit(1)
        checkpoint = None if epoch % every else _written(epoch, place, kind, Path(folder))
        metrics = {"score": place - params["x"], "n_threads": torch.get_num_threads()}
        report(metrics, checkpoint=checkpoint)


def _written(epoch: int, place: float, kind: str, folder: Path) -> Any:
    if kind == "mapping":
        return {"place": torch.tensor(place, dtype=torch.float64), "epoch": epoch}
    path = folder / f"{kind}_{os.getpid()}"
    if kind == "folder":
        (path / "deep" / "er").mkdir(parents=True, exist_ok=True)
    file = path / "deep" / "er" / "state.json" if kind == "folder" else path
    file.write_text(json.dumps([epoch, place]))
    return path


def _read(checkpoint: Any) -> tuple[int, float]:
    if checkpoint is None:
        return 0, 0.0
    if isinstance(checkpoint, dict):
        return checkpoint["epoch"], checkpoint["place"].item()
    assert checkpoint.name.startswith("folder" if checkpoint.is_dir() else "file")
    file = next(checkpoint.rglob("*.json")) if checkpoint.is_dir() else checkpoint
    epoch, place = json.loads(file.read_text())
    return epoch, place
