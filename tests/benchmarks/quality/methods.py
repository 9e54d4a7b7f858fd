"""The methods that are judged: searches of ours, and what others do, on the same landscape."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial

from search.spaces.samplers import sampler_kind
from search.spaces.sampling import PointSampler, sample_points
from search.spaces.space import Space
from search.studies import attributes
from search.studies.driver import StudyDriver
from tests.benchmarks.quality.contenders import RankedSampler
from tests.benchmarks.quality.forest import ForestSampler
from tests.benchmarks.quality.simulated import Landscape, Seen, Simulation

Search = Callable[[Landscape, int, int, float], list[Seen]]
"""Searches a landscape with a seed, a number of workers and a budget of virtual seconds."""


MakeSampler = Callable[[StudyDriver, int], PointSampler]
"""Makes a contender's sampler of a study and its seed."""


@dataclass(frozen=True)
class _Ours:
    """A search as a space file describes it, if need be with a contender's sampler."""

    sampler: str
    pruner: dict[str, Any]
    contender: MakeSampler | None = None
    told_complete: bool = False

    def __call__(
        self, landscape: Landscape, seed: int, n_workers: int, budget_s: float
    ) -> list[Seen]:
        sampler = {"name": self.sampler, "seed": seed}
        spec = landscape.grid.spec(sampler=sampler, pruner=self.pruner)
        simulation = Simulation(landscape, spec, n_workers)
        driver = simulation.driver
        if self.contender:
            driver._sampler = driver.optuna_study.sampler = self.contender(driver, seed)
        if self.told_complete:
            driver.prune = driver.complete  # type: ignore[method-assign]
        simulation.search(budget_s)
        return simulation.seen


def _ranked(driver: StudyDriver, seed: int) -> PointSampler:
    build = sampler_kind(driver.spec.sampler.name).build
    assert build
    return RankedSampler(driver.space, build, seed, {})


def _forest(cost_power: float) -> MakeSampler:
    return lambda driver, seed: ForestSampler(driver.space, seed, _epoch_seconds, cost_power)


def _epoch_seconds(trial: FrozenTrial) -> float | None:
    entries = [v for key, v in trial.system_attrs.items() if key.startswith(attributes.EPOCH)]
    seconds = [float(entry.split()[0].removeprefix("*")) for entry in entries]
    return fmean(seconds) if seconds else None


def one_epoch_first(
    landscape: Landscape, seed: int, n_workers: int, budget_s: float
) -> list[Seen]:
    """Train everyone one epoch, then the best of them fully, half of the budget each.

    Egele et al. 2023, "Is one epoch all you need for multi-fidelity hyperparameter optimization?",
    arXiv:2307.15422.
    """
    space = Space.of(landscape.grid.spec())
    free_at = np.zeros(n_workers)
    seen: list[Seen] = []
    tried = []
    for number in itertools.count():
        worker = int(free_at.argmin())
        if free_at[worker] >= budget_s / 2:
            break
        (point,) = sample_points(space, 1, seed=1_000_003 * seed + number)
        values, seconds = landscape.curve(point, number)
        free_at[worker] += seconds[0]
        value = -math.inf if math.isnan(values[0]) else float(values[0])
        tried.append((value, number, point))
        seen.append(Seen(free_at[worker], number, point, value))
    free_at[:] = free_at.max()  # only then all are known
    for _, number, point in sorted(tried, key=lambda one: -one[0]):
        worker = int(free_at.argmin())
        values, seconds = landscape.curve(point, number)
        for value, of_epoch in zip(values[1:], seconds[1:], strict=True):
            free_at[worker] += of_epoch
            if math.isnan(value) or free_at[worker] > budget_s:
                break
            seen.append(Seen(free_at[worker], number, point, float(value)))
        if free_at.min() >= budget_s:
            break
    return sorted(seen, key=lambda one: one.at_s)


_ASHA = {"name": "asha", "min_epochs": 1, "reduction_factor": 3}
_CURVES = {"name": "tests.benchmarks.quality.contenders:Extrapolation", "min_epochs": 1}
_NONE = {"name": "none"}

METHODS: dict[str, Search] = {
    "random": _Ours("random", _NONE),
    "random + asha": _Ours("random", _ASHA),
    "random + curves": _Ours("random", _CURVES),
    "one epoch first": one_epoch_first,
    "tpe": _Ours("tpe", _NONE),
    "tpe + asha": _Ours("tpe", _ASHA),
    "tpe + hyperband": _Ours("tpe", {"name": "hyperband", "min_epochs": 1}),
    "tpe + median": _Ours("tpe", {"name": "median", "min_epochs": 1}),
    "tpe + asha, told complete": _Ours("tpe", _ASHA, told_complete=True),
    "tpe on ranks + asha": _Ours("tpe", _ASHA, _ranked),
    "tpe + curves": _Ours("tpe", _CURVES),
    "gp": _Ours("gp", _NONE),
    "gp + asha": _Ours("gp", _ASHA),
    "gp on ranks + asha": _Ours("gp", _ASHA, _ranked),
    "forest + asha": _Ours("random", _ASHA, _forest(0.0)),
    "forest per root second + asha": _Ours("random", _ASHA, _forest(0.5)),
    "forest per second + asha": _Ours("random", _ASHA, _forest(1.0)),
}
"""The methods by name. `told complete`: pruned trials are, as by Ray's ASHA with OptunaSearch."""
