"""Everything a training is told, as parameters that can be searched or fixed."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from objectives.augmentation import AugmentationParameters
from objectives.errors import SettingsError, UnknownNameError, require_count
from objectives.freezing import FreezeParameters
from objectives.schedules import ScheduleParameters

OPTIMIZERS = ("adamw", "adam", "sgd")
CLASS_WEIGHTS = ("none", "balanced")


@dataclass(frozen=True)
class TrainingParameters:
    """How a network is trained.

    Args:
        optimizer: One of `OPTIMIZERS`.
        learning_rate: Step size of the head, above 0.
        weight_decay: Decoupled for adamw, an L2 penalty for adam and sgd; at least 0.
        momentum: Of sgd, in [0, 1).
        nesterov: Whether sgd looks ahead (Nesterov's momentum); momentum must be above 0.
        batch_size: Images in a step, at least 1.
        label_smoothing: Share of each label spread over all classes, in [0, 1).
        class_weights: `balanced` weighs an image by how rare its class is; `none` does not.
        gradient_clip: Largest norm of the gradient, above 0; None: it is not clipped.
        patience: Epochs without a fall of val_loss that end a training; None: it never ends early.
    """

    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    momentum: float = 0.9
    nesterov: bool = False
    batch_size: int = 64
    label_smoothing: float = 0.0
    class_weights: str = "none"
    gradient_clip: float | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        """Refuse values that cannot train."""
        if self.optimizer not in OPTIMIZERS:
            raise UnknownNameError("optimizer", self.optimizer, OPTIMIZERS)
        if self.class_weights not in CLASS_WEIGHTS:
            raise UnknownNameError("class_weights", self.class_weights, CLASS_WEIGHTS)
        if self.learning_rate <= 0:
            raise SettingsError(f"learning_rate > 0 must hold, got {self.learning_rate}")
        if self.weight_decay < 0:
            raise SettingsError(f"weight_decay >= 0 must hold, got {self.weight_decay}")
        for name in ("momentum", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingsError(f"0 <= {name} < 1 must hold, got {getattr(self, name)}")
        if self.nesterov and not self.momentum:
            raise SettingsError("momentum > 0 must hold with nesterov, got momentum=0")
        if self.gradient_clip is not None and self.gradient_clip <= 0:
            raise SettingsError(f"gradient_clip > 0 must hold, got {self.gradient_clip}")
        require_count("batch_size", self.batch_size)
        if self.patience is not None:
            require_count("patience", self.patience)


@dataclass(frozen=True)
class Recipe:
    """Everything a training is told."""

    training: TrainingParameters
    schedule: ScheduleParameters
    freezing: FreezeParameters
    augmentation: AugmentationParameters
    groups: Mapping[str, Sequence[str]] | None = None
    """Patterns of the groups of layers, see `objectives.groups`; None: stages."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Recipe":
        """Sort parameters into those of each part; what is not given has its default."""
        parts = {part: kind(**_given(kind, given)) for part, kind in _PARTS.items()}
        return cls(**parts, groups=given.get("groups"))


_PARTS: dict[str, type[Any]] = {
    "training": TrainingParameters,
    "schedule": ScheduleParameters,
    "freezing": FreezeParameters,
    "augmentation": AugmentationParameters,
}


def recipe_parameters() -> list[str]:
    """Name all parameters that a recipe can be given."""
    return [name for kind in _PARTS.values() for name in _names(kind)] + ["groups"]


def _names(kind: type[Any]) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


def _given(kind: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Pick what a part is given, numbers where numbers must be."""
    picked = {}
    for field in dataclasses.fields(kind):
        if field.name in given:
            value = picked[field.name] = given[field.name]
            if field.type in (float, float | None) and not _fits(value, field.default):
                raise SettingsError(f"{field.name} must be a finite number, got {value!r}")
            if field.type is bool and not isinstance(value, bool):
                raise SettingsError(f"{field.name} must be true or false, got {value!r}")
    return picked


def _fits(value: object, default: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value is None and default is None
    return math.isfinite(value)
