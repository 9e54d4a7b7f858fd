"""The grids whose every point is trained for a table: each as a space that can be searched.

A grid is of the values below; a search of it draws learning rates from the whole range, and the
table gives the curve between its two neighbours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from search.spaces.space import Params, Space
from search.spaces.space_file import load_space_file
from search.spaces.spec import Spec

RATE = "learning_rate"
_OBJECTIVE = "objectives.image_classifier:ImageClassifier"


def choices(*values: object, when: dict[str, Any] | None = None) -> dict[str, Any]:
    """Write a categorical parameter."""
    return {"type": "categorical", "choices": list(values), "when": when or {}}


@dataclass(frozen=True)
class Grid:
    """What a table is of.

    Args:
        settings: Of the image classifier; `epochs` among them.
        parameters: All of finitely many values but `learning_rate`, which is searched between the
            first and the last of `rates`.
        rates: The learning rates of the grid, ascending.
        n_seeds: With how many seeds each point is trained.
    """

    settings: dict[str, Any]
    parameters: dict[str, dict[str, Any]]
    rates: tuple[float, ...]
    n_seeds: int

    @property
    def n_epochs(self) -> int:
        """How many epochs each point is trained."""
        return int(self.settings["epochs"])

    def space(self, **sections: Any) -> dict[str, Any]:
        """Make the space file of a search of it, with further sections."""
        rate = {"type": "float", "low": self.rates[0], "high": self.rates[-1], "log": True}
        return {
            "study": "quality",
            "objective": _OBJECTIVE,
            "settings": self.settings,
            "metric": {"name": "val_accuracy", "direction": "maximize"},
            "budget": {"trials": 10_000},
            "resources": {"gpus_per_trial": 0},
            "parameters": {**self.parameters, RATE: rate},
            **sections,
        }

    def spec(self, **sections: Any) -> Spec:
        """Make a search of it, with further sections of a space file."""
        return load_space_file(self.space(**sections))

    def points(self) -> list[Params]:
        """List the points, in an order in which every part of the list is like the whole."""
        points = list(Space.of(self.spec()).points({RATE: list(self.rates)}))
        order = np.random.default_rng(0).permutation(len(points))
        return [points[place] for place in order]


def rates(low: float, high: float, n: int) -> tuple[float, ...]:
    """Space learning rates evenly in their logarithms."""
    return tuple(float(f"{rate:.3g}") for rate in np.geomspace(low, high, n))


GRIDS = {
    "digits": Grid(
        settings={
            "model": "small_cnn",
            "data": {"name": "digits", "val_fraction": 0.2},
            "epochs": 15,
            "batch_norm": True,
            "padding": "same",
        },
        parameters={
            "n_blocks": {"type": "int", "low": 1, "high": 2},
            "filters": choices(4, 8, 16),
            "kernel_size": choices(3, 5),
            "stride": {"type": "int", "low": 1, "high": 2},
            "dropout": {"type": "float", "low": 0.0, "high": 0.4, "step": 0.4},
            "optimizer": choices("adamw", "sgd"),
            "batch_size": choices(16, 64),
        },
        rates=rates(1e-4, 1e-1, 6),
        n_seeds=3,
    ),
    "mnist": Grid(
        settings={
            "model": "small_cnn",
            "data": {"name": "mnist", "limit": 6_000, "val_fraction": 0.2},
            "epochs": 9,
            "n_blocks": 1,
        },
        parameters={
            "filters": choices(4, 8, 16),
            "kernel_size": choices(3, 5, 7),
            "stride": {"type": "int", "low": 2, "high": 3},
            "batch_norm": choices(False, True),
            "optimizer": choices("adamw", "sgd"),
            "batch_size": choices(32, 128),
        },
        rates=rates(1e-4, 1e-1, 4),
        n_seeds=2,
    ),
    "cifar10": Grid(
        settings={
            "model": "small_cnn",
            "data": {"name": "image_folder", "path": "cifar10_jpg", "limit": 2_000},
            "epochs": 12,
            "batch_norm": True,
            "padding": "same",
        },
        parameters={
            "n_blocks": {"type": "int", "low": 1, "high": 3},
            "filters": choices(8, 16),
            "stride": {"type": "int", "low": 2, "high": 3},
            "dropout": {"type": "float", "low": 0.0, "high": 0.4, "step": 0.4},
            "optimizer": choices("adamw", "sgd"),
            "batch_size": choices(32, 128),
        },
        rates=rates(1e-4, 1e-1, 4),
        n_seeds=1,
    ),
    "finetune": Grid(
        settings={
            "model": "pretrained",
            "backbone": "objectives.backbones:efficientnet_lite0",
            "image_size": 32,
            "data": {
                "name": "image_folder",
                "path": "cifar10_jpg",
                "image_size": 32,
                "limit": 800,
                "val_fraction": 0.4,
            },
            "epochs": 5,
            "batch_size": 32,
            "schedule": "cosine",
            "unfreeze_warmup_steps": 15,
            "channels_last": True,
        },
        parameters={
            "freeze": choices("none", "probe", "lpft", "llrd"),
            "unfreeze_at": choices(0.2, 0.4, when={"freeze": "lpft"}),
            "backbone_lr_ratio": choices(0.1, 1.0, when={"freeze": "lpft"}),
            "layer_decay": choices(0.5, 0.85, when={"freeze": "llrd"}),
            "n_stages": choices(2, 4, when={"freeze": "llrd"}),
            "bn": choices("affine", "full", when={"freeze": ["none", "lpft", "llrd"]}),
            "weight_decay": choices(1e-4, 1e-1),
            "dropout": choices(0.0, 0.3),
        },
        rates=rates(3e-4, 3e-2, 4),
        n_seeds=1,
    ),
}
"""The grids by the name of their table."""
