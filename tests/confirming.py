"""Objectives whose accuracy depends on their skill, on their seeds and on the images they meet."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_IMAGES = 2_000
"""Training and validation images; a fifth of them validate."""


class Skilled:
    """Classifies as many images right as its `skill` says, give or take what is random.

    Args:
        params: `skill`, a share, and `width`, its weights in hundreds.
        seed: Of what is random in training.
        split_seed: Which images validate.
        epochs: How many, each as good as the other.
        fails_at: A skill that fails with every seed but the first.
        breaks: Whether every trial fails.
        fails_without: A file without which all new seeds fail for skills under a half.
        sleep_s: How long an epoch takes.
    """

    def __init__(  # noqa: PLR0913  each is a setting
        self,
        params: dict[str, Any],
        seed: int = 0,
        split_seed: int | None = None,
        epochs: int = 2,
        fails_at: float | None = None,
        breaks: bool = False,
        fails_without: str = "",
        sleep_s: float = 0.0,
    ) -> None:
        self.params, self.seed, self.epochs = params, seed, epochs
        self.split_seed, self.sleep_s = split_seed, sleep_s
        self.fails = breaks or (split_seed is not None and params["skill"] == fails_at)
        if fails_without and split_seed is not None and params["skill"] < 0.5:
            self.fails = not Path(fails_without).exists()
        self.answers: NDArray[np.bool_] | None = None

    def __iter__(self) -> Iterator[dict[str, float]]:
        images = np.random.default_rng(self.split_seed or 0).permutation(N_IMAGES)[: N_IMAGES // 5]
        difficulty = np.random.default_rng(1).random(N_IMAGES)[images]
        skill = self.params["skill"]
        luck = np.random.default_rng([self.seed, round(skill * 1e4)]).normal(0, 0.1, len(images))
        for _ in range(self.epochs):
            time.sleep(self.sleep_s)
            if self.fails:
                raise RuntimeError("no luck with this seed")
            self.answers = difficulty + luck < skill
            yield {
                "val_accuracy": float(self.answers.mean()),
                "n_parameters": self.params.get("width", 1) * 100,
            }

    @staticmethod
    def describe(**settings: Any) -> dict[str, Any]:
        return {"n_split": N_IMAGES}


def seeded(params: dict[str, Any], seed: int = 0) -> Iterator[dict[str, float]]:
    """Report two metrics, one to be large and one to be small; no images, one split."""
    noise = np.random.default_rng(seed).normal(0, 0.001, 2)
    yield {"score": params["x"] + noise[0], "cost": params["x"] ** 2 + params["y"] + noise[1]}


def seedless(params: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Report what no seed changes."""
    yield {"score": params["x"]}


def drawing(params: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Take no seed, but draw from the generators that the worker has seeded."""
    yield {"score": params["x"] + np.random.normal(0, 0.01)}  # noqa: NPY002
