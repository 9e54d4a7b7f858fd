"""The judge of searches: its simulated engine decides and records as a real one does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import search
from search.studies.reader import StudyReader
from tests.benchmarks.quality.__main__ import results_text
from tests.benchmarks.quality.grids import RATE, Grid
from tests.benchmarks.quality.judging import N_MOMENTS, Setting, regrets
from tests.benchmarks.quality.methods import METHODS
from tests.benchmarks.quality.regrets import BASELINE, Regrets, mean_ranks, time_to_match
from tests.benchmarks.quality.simulated import Landscape, Simulation
from tests.benchmarks.quality.tables import ABSENT, DIVERGED, Table

GRID = Grid(
    settings={"data": {"name": "digits"}, "epochs": 6},
    parameters={
        "filters": {"type": "categorical", "choices": [8, 16, 32]},
        "n_blocks": {"type": "int", "low": 1, "high": 2},
    },
    rates=(1e-4, 1e-3, 1e-2, 1e-1),
    n_seeds=2,
)


def landscape() -> Landscape:
    """Make a table in which 1e-2 is the best rate, and 1e-1 diverges at its third epoch."""
    table = Table.empty(GRID)
    table.n_images[:] = 1_000
    epochs = np.arange(1, GRID.n_epochs + 1)
    for place, point in enumerate(GRID.points()):
        filters, rate = float(str(point["filters"])), float(str(point[RATE]))
        top = 800 + filters + 40 * np.log10(rate)
        for seed in range(GRID.n_seeds):
            table.val[place, seed] = (top + 5 * seed) * (1 - 0.5**epochs)
            table.test[place, seed] = table.val[place, seed]
            table.seconds[place, seed] = filters / 8
            if rate == 1e-1:
                table.val[place, seed, 2:] = DIVERGED
    return Landscape(GRID, table)


LANDSCAPE = landscape()


def replayed(params: dict[str, Any], epochs: int, seed: int = 0) -> Iterator[dict[str, float]]:
    """Report what the table says, as an objective."""
    for value in LANDSCAPE.curve(params, seed)[0]:
        yield {"val_accuracy": float(value)}


@pytest.mark.parametrize("sampler", ["random", "tpe"])
@pytest.mark.parametrize("pruner", ["none", "asha", "median", "hyperband"])
def test_one_virtual_worker_does_what_the_inline_engine_does(
    sampler: str, pruner: str, tmp_path: Path
) -> None:
    sections = {
        "sampler": {"name": sampler, "seed": 1},
        "pruner": {"name": pruner},
        "budget": {"trials": 15},
        "failures": {"max_failures": 15},
    }
    simulation = Simulation(LANDSCAPE, GRID.spec(**sections))
    simulation.search()
    space = GRID.space(
        **sections,
        objective="tests.test_quality:replayed",
        settings={"epochs": GRID.n_epochs},
    )
    search.run(space, studies=tmp_path, engine="inline", quiet=True)
    real = StudyReader.open("quality", tmp_path)
    assert facts(simulation.driver) == facts(real)


def facts(study: StudyReader) -> list[tuple[Any, ...]]:
    return [
        (trial.number, trial.state, trial.params, trial.seed, trial.values)
        for trial in sorted(study.trials(), key=lambda trial: trial.number)
    ]


def test_workers_share_the_virtual_time() -> None:
    ends = []
    for n_workers in (1, 4):
        spec = GRID.spec(
            budget={"trials": 16}, pruner={"name": "none"}, sampler={"name": "random"}
        )
        simulation = Simulation(LANDSCAPE, spec, n_workers)
        simulation.search()
        ends.append(simulation.now)
        assert len(simulation.driver.trials()) == 16
        moments = [one.at_s for one in simulation.seen]
        assert moments == sorted(moments)
    assert ends[0] / 6 < ends[1] < ends[0] / 2


def test_budget_of_virtual_time_ends_the_search() -> None:
    spec = GRID.spec(sampler={"name": "random"}, pruner={"name": "none"})
    simulation = Simulation(LANDSCAPE, spec, 2)
    simulation.search(until_s=30.0)
    assert simulation.seen[-1].at_s <= 30.0 <= simulation.now


def test_curve_between_two_rates_lies_between_theirs() -> None:
    point = {"filters": 8, "n_blocks": 1}
    low, between, high = (
        LANDSCAPE.curve({**point, RATE: rate}, 0)[0][-1] for rate in (1e-3, 3e-3, 1e-2)
    )
    assert low < between < high


def test_point_that_diverges_fails_in_its_trial() -> None:
    spec = GRID.spec(start_from=[{"filters": 8, "n_blocks": 1, RATE: 1e-1}], budget={"trials": 1})
    simulation = Simulation(LANDSCAPE, spec)
    simulation.search()
    (trial,) = simulation.driver.trials()
    assert (trial.state, trial.n_epochs) == ("FAIL", 2)
    assert trial.failure
    assert trial.failure.kind == "non_finite"


@pytest.mark.parametrize("method", METHODS)
def test_methods_get_better_with_time(method: str) -> None:
    found = []
    for seed in range(3):
        seen = METHODS[method](LANDSCAPE, seed, 2, 60.0)
        found.append(regrets(LANDSCAPE, seen, [1.0, 60.0]))
    start, end = np.mean(found, axis=0)
    assert start == 1.0 or end <= start
    assert end < 0.7


def test_regret_of_the_best_point_is_none() -> None:
    best = {"filters": 32, "n_blocks": 1, RATE: 1e-2}
    spec = GRID.spec(start_from=[best], budget={"trials": 1}, pruner={"name": "none"})
    simulation = Simulation(LANDSCAPE, spec)
    simulation.search()
    assert regrets(LANDSCAPE, simulation.seen, [1e9]) == pytest.approx([0.0])


def test_ranks_and_time_say_who_is_there_first(tmp_path: Path) -> None:
    setting = Setting("digits", 4)
    falling = np.linspace(1.0, 0.0, N_MOMENTS)
    of_methods = {
        BASELINE: np.maximum(falling, 0.5),
        "random": np.full(N_MOMENTS, 0.8),
        "gp": np.maximum(falling**2, 0.1),
    }
    regrets = {
        (setting, method, seed): found for method, found in of_methods.items() for seed in range(2)
    }
    Regrets(regrets).write({"digits": "abc"}, tmp_path / "regrets.npz")
    assert not Regrets.read({"digits": "trained on"}, tmp_path / "regrets.npz").by_search
    found = Regrets.read({"digits": "abc"}, tmp_path / "regrets.npz")
    assert len(found.of(setting, "gp")) == 2
    methods = (BASELINE, "random", "gp")
    ranks = mean_ranks(found, [setting], methods)
    assert ranks["all"].tolist() == [2, 3, 1]
    assert time_to_match(found, setting, BASELINE) == pytest.approx(13 / 24, abs=0.05)
    assert time_to_match(found, setting, "gp") < 0.4
    assert time_to_match(found, setting, "random") == np.inf
    text = results_text(found, [setting], methods[:1], 2, "make bench-quality")
    assert "| tpe + asha | 1.0 | 1.0 | 1.0 |" in text


@pytest.mark.parametrize("method", ["forest + asha", "tpe on ranks + asha"])
def test_a_contender_proposes_the_same_again(method: str) -> None:
    first, again = (METHODS[method](LANDSCAPE, 3, 2, 60.0) for _ in range(2))
    assert [one.params for one in first] == [one.params for one in again]


def test_table_that_is_not_filled_says_what_it_lacks(tmp_path: Path) -> None:
    table = Table.empty(GRID)
    assert len(table.missing()) == len(GRID.points()) * GRID.n_seeds
    assert table.missing()[0][1] == 0
    table.val[:, 0] = 1
    assert {seed for _, seed in table.missing()} == {1}
    assert (table.val[:, 1] == ABSENT).all()
