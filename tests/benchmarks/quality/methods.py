"""The methods that are judged: searches of ours, and what others do, on the same landscape."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.spaces.samplers import sampler_kind
from search.spaces.sampling import DrawingSampler, sample_points
from search.spaces.space import Space
from tests.benchmarks.quality.simulated import Landscape, Seen, Simulation

Search = Callable[[Landscape, int, int, float], list[Seen]]
"""Searches a landscape with a seed, a number of workers and a budget of virtual seconds."""


@dataclass(frozen=True)
class _Ours:
    """A search as a space file describes it.

    Args:
        sampler: Its `sampler`, but for the seed.
        pruner: Its `pruner`.
        as_optuna: Whether the sampler sees trials as Optuna's does, not by their ranks.
        told_complete: Whether pruned trials are told to be complete.
        promotes: Whether they only pause.
    """

    sampler: dict[str, Any]
    pruner: dict[str, Any]
    as_optuna: bool = False
    told_complete: bool = False
    promotes: bool = False

    def __call__(
        self, landscape: Landscape, seed: int, n_workers: int, budget_s: float
    ) -> list[Seen]:
        sampler = {**self.sampler, "seed": seed}
        spec = landscape.grid.spec(sampler=sampler, pruner=self.pruner)
        simulation = Simulation(landscape, spec, n_workers, promotes=self.promotes)
        driver = simulation.driver
        build = sampler_kind(spec.sampler.name).build
        if self.as_optuna and build:
            driver._sampler = DrawingSampler(driver.space, build, seed, {})
            driver.optuna_study.sampler = driver._sampler
        if self.told_complete:
            driver.prune = driver.complete  # type: ignore[method-assign]
        simulation.search(budget_s)
        return simulation.seen


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

_RANDOM, _TPE, _GP, _FOREST = ({"name": name} for name in ("random", "tpe", "gp", "forest"))

_BY_COST = {**_FOREST, "cost_power": 0.5}

METHODS: dict[str, Search] = {
    "random": _Ours(_RANDOM, _NONE),
    "random + asha": _Ours(_RANDOM, _ASHA),
    "random + promotion": _Ours(_RANDOM, _ASHA, promotes=True),
    "random + curves": _Ours(_RANDOM, _CURVES),
    "one epoch first": one_epoch_first,
    "tpe": _Ours(_TPE, _NONE),
    "tpe + asha": _Ours(_TPE, _ASHA, as_optuna=True),
    "tpe + hyperband": _Ours(_TPE, {"name": "hyperband", "min_epochs": 1}, as_optuna=True),
    "tpe + median": _Ours(_TPE, {"name": "median", "min_epochs": 1}, as_optuna=True),
    "tpe + asha, told complete": _Ours(_TPE, _ASHA, as_optuna=True, told_complete=True),
    "tpe on ranks + asha": _Ours(_TPE, _ASHA),
    "gp": _Ours(_GP, _NONE),
    "forest + asha": _Ours(_FOREST, _ASHA),
    "forest by cost + asha": _Ours(_BY_COST, _ASHA),
    "forest by cost + promotion": _Ours(_BY_COST, _ASHA, promotes=True),
    "forest by cost + curves": _Ours(_BY_COST, _CURVES),
}
"""The methods by name. `told complete`: pruned trials are, as by Ray's ASHA with OptunaSearch."""
SLOW = ("gp",)
"""Those that are judged only when they are named: a search takes ten seconds, or minutes where
there are many workers."""
