"""How the learning rate goes over a training: pure functions of the step, and one that waits.

Every schedule is a factor of the learning rate, 1 at its highest. So each group of a network
keeps its own rate, and nothing but the number of the step is needed to go on.
"""

import math
from dataclasses import dataclass

from objectives.errors import SettingsError, UnknownNameError, require_count

SCHEDULES = ("constant", "cosine", "one_cycle", "step", "plateau")

_RISE = 0.3  # share of the steps in which one_cycle rises
_START = 1 / 25
_END = 1e-4 / 25


@dataclass(frozen=True)
class ScheduleParameters:
    """How the learning rate goes.

    Args:
        schedule: One of `SCHEDULES`.
        warmup_epochs: Epochs at the start over which the rate rises from zero, at least 0; not for
            one_cycle, which rises by itself.
        decay_epochs: Epochs after which `step` multiplies the rate by `decay_factor`, each time.
        decay_factor: In (0, 1], for `step` and `plateau`.
        plateau_patience: `plateau` multiplies it once val_loss has not fallen for more epochs.
    """

    schedule: str = "constant"
    warmup_epochs: float = 0.0
    decay_epochs: int = 5
    decay_factor: float = 0.1
    plateau_patience: int = 3

    def __post_init__(self) -> None:
        """Refuse values that are no schedule."""
        if self.schedule not in SCHEDULES:
            raise UnknownNameError("schedule", self.schedule, SCHEDULES)
        if self.warmup_epochs < 0:
            raise SettingsError(f"warmup_epochs >= 0 must hold, got {self.warmup_epochs}")
        if not 0 < self.decay_factor <= 1:
            raise SettingsError(f"0 < decay_factor <= 1 must hold, got {self.decay_factor}")
        require_count("decay_epochs", self.decay_epochs)
        require_count("plateau_patience", self.plateau_patience)


def rate_factor(
    parameters: ScheduleParameters, step: int, n_steps: int, steps_per_epoch: int
) -> float:
    """Compute the factor of the learning rate at one step.

    Args:
        parameters: The schedule; of `plateau` only the warm-up.
        step: Steps taken before this one, from 0.
        n_steps: Steps of the whole training.
        steps_per_epoch: Steps of one epoch, at least 1.

    Returns:
        A number in [0, 1]. `cosine` is half a wave to zero (Loshchilov and Hutter 2017,
        arXiv:1608.03983); `one_cycle` rises from 1/25 for 30 % of the steps and falls to
        almost zero, in half waves (Smith and Topin 2018, arXiv:1708.07120).

    Example:
        >>> cosine = ScheduleParameters("cosine")
        >>> [round(rate_factor(cosine, step, 4, 1), 2) for step in range(4)]
        [1.0, 0.85, 0.5, 0.15]
    """
    if parameters.schedule == "one_cycle":
        return _one_cycle(step, n_steps)
    n_warmup = round(parameters.warmup_epochs * steps_per_epoch)
    if step < n_warmup:
        return (step + 1) / n_warmup
    match parameters.schedule:
        case "cosine":
            return _half_wave(1.0, 0.0, (step - n_warmup) / max(1, n_steps - n_warmup))
        case "step":
            n_decays = step // (parameters.decay_epochs * steps_per_epoch)
            return float(parameters.decay_factor**n_decays)
        case _:
            return 1.0


def _one_cycle(step: int, n_steps: int) -> float:
    top = max(1.0, _RISE * n_steps - 1)
    if step <= top:
        return _half_wave(_START, 1.0, step / top)
    return _half_wave(1.0, _END, (step - top) / max(1.0, n_steps - 1 - top))


def _half_wave(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * min(share, 1.0)))


@dataclass
class Patience:
    """Counts the epochs in which a loss has not fallen."""

    best: float = math.inf
    n_bad: int = 0
    """Epochs since the best, or since the count began anew."""

    def add(self, loss: float) -> int:
        """Take in an epoch's loss, not fallen if not finite; give the epochs without a fall."""
        if loss < self.best:
            self.best, self.n_bad = loss, 0
        else:
            self.n_bad += 1
        return self.n_bad
