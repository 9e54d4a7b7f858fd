"""What the forest learns from, and that samplers see all trials by their carried ranks."""

from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

import search
from search.errors import SpaceError
from search.spaces.encoding import Encoding, value_at
from search.spaces.ranks import carried_ranks
from search.spaces.sampling import make_sampler
from search.spaces.space import Params, Space
from search.spaces.space_file import load_space_file
from search.spaces.spec import SamplerSpec
from tests.conftest import BASE, make_spec

UNIT = {"type": "float", "low": 0.0, "high": 1.0}


def space(*names: str) -> Space:
    return Space.of(make_spec(parameters=dict.fromkeys(names or ("x",), UNIT)))


def trial(x: float, values: list[float], state: TrialState = TrialState.PRUNED) -> FrozenTrial:
    """Make a trial of one parameter with a value after each epoch."""
    return create_trial(
        state=state,
        value=max(values) if state is TrialState.COMPLETE else None,
        params={"x": x},
        distributions={"x": FloatDistribution(0.0, 1.0)},
        intermediate_values=dict(enumerate(values, start=1)),
    )


def proposals(
    name: str,
    trials: list[FrozenTrial],
    n: int = 20,
    seconds: Any = lambda _: None,
    **options: Any,
) -> list[float]:
    """Let a sampler propose values of x, each as if it were the next one."""
    found = []
    for seed in range(n):
        spec = SamplerSpec.model_validate({"name": name, "seed": seed, **options})
        sampler = make_sampler(spec, space(), seconds=seconds)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials(trials)
        (x,) = space().suggest(study.ask()).values()
        assert isinstance(x, float)
        found.append(x)
    return found


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def test_ranks_are_carried_from_epoch_to_epoch() -> None:
    assert carried_ranks([[1.0], [2.0, 5.0], [3.0, 4.0]]).tolist() == [0, 1, 0.5]


def test_ranks_of_who_ended_early_stay_behind_those_they_were_behind_of() -> None:
    ranks = carried_ranks([[0.5], [0.1, 0.2], [0.9, 0.95, 0.1], []])
    assert ranks[:3].tolist() == [0.5, 0.0, 1.0]
    assert np.isnan(ranks[3])


def test_equal_values_share_their_ranks() -> None:
    assert carried_ranks([[1.0], [1.0], [0.0]]).tolist() == [0.75, 0.75, 0.0]


@pytest.mark.parametrize("name", ["forest", "tpe", "gp"])
def test_pruned_trials_are_learnt_from(name: str) -> None:
    pruned = [trial(x, [x]) for x in np.linspace(0.02, 0.98, 25).tolist()]
    assert np.median(proposals(name, pruned)) > 0.75


@pytest.mark.parametrize("name", ["forest", "tpe"])
def test_running_trials_are_learnt_from(name: str) -> None:
    running = [trial(x, [x], TrialState.RUNNING) for x in np.linspace(0.02, 0.98, 25).tolist()]
    assert np.median(proposals(name, [trial(0.01, [0.0]), *running])) > 0.75


@pytest.mark.parametrize("name", ["forest", "tpe", "gp"])
def test_points_that_fail_are_kept_away_from(name: str) -> None:
    good = [trial(x, [0.5 + x / 100]) for x in np.linspace(0.02, 0.48, 15).tolist()]
    failed = [trial(x, [0.9], TrialState.FAIL) for x in np.linspace(0.52, 0.98, 15).tolist()]
    assert np.mean(np.array(proposals(name, [*good, *failed])) < 0.5) > 0.6


def test_encoding_tells_every_value_apart_and_what_does_not_exist() -> None:
    momentum = {"type": "float", "low": 0.0, "high": 0.9, "step": 0.3}
    parameters = {
        "optimizer": {"type": "categorical", "choices": ["sgd", "adam", "rmsprop"]},
        "momentum": {**momentum, "when": {"optimizer": "sgd"}},
        "width": {"type": "int", "low": 1, "high": 64, "log": True},
        "norm": {"type": "categorical", "choices": [True, False]},
    }
    finite = Space.of(make_spec(parameters=parameters))
    points = [*finite.points()]
    rows = Encoding(finite).rows(points)
    assert len(np.unique(rows, axis=0)) == len(points)
    assert rows.min() == -1
    assert rows.max() == 1
    for name, distribution in finite.distributions.items():
        drawn = {value_at(distribution, unit) for unit in np.linspace(0, 1, 500)}
        assert drawn == {point[name] for point in points if name in point}


def test_the_forest_prefers_what_costs_less_where_it_is_as_good() -> None:
    trials = [trial(x, [1 - abs(x - 0.5)]) for x in np.linspace(0.02, 0.98, 25).tolist()]

    def cheap_below(trial: FrozenTrial) -> float:
        return 1.0 if trial.params["x"] < 0.5 else 100.0

    shares = {
        power: np.mean(
            np.array(proposals("forest", trials, seconds=cheap_below, cost_power=power)) < 0.5
        )
        for power in (0.0, 1.0)
    }
    assert shares[1.0] > shares[0.0] + 0.15
    assert shares[1.0] > 0.6


def test_the_forest_finds_the_best_of_several_parameters_sooner_than_chance() -> None:
    names = [f"x{i}" for i in range(6)]

    def best_found(name: str, seed: int) -> float:
        sampler = make_sampler(SamplerSpec(name=name, seed=seed), space(*names))
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for _ in range(60):
            asked = study.ask()
            point = space(*names).suggest(asked)
            value = -sum((float(x or 0) - 0.3) ** 2 for x in point.values())
            asked.report(value, 1)
            study.tell(asked, value)
        return study.best_value

    means = {n: np.mean([best_found(n, seed) for seed in range(4)]) for n in ("forest", "random")}
    assert means["forest"] > 0.8 * means["random"]  # values are below 0


def test_the_forest_moves_between_the_only_two_values_of_a_range() -> None:
    parameters = {"n": {"type": "int", "low": 1, "high": 2}, "m": {**UNIT, "step": 1.0}}
    two = Space.of(make_spec(parameters=parameters))
    sampler = make_sampler(SamplerSpec(name="forest"), two)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    seen: list[Params] = []
    for number in range(20):
        asked = study.ask()
        seen.append(two.suggest(asked))
        asked.report(number, 1)
        study.tell(asked, number)
    assert len({tuple(point.values()) for point in seen}) == 4


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cost_power": 3}, "cost_power must be from 0 to 2, got 3"),
        ({"cost_power": "much"}, "a number must be given, got 'much'"),
        ({"n_startup_trials": 0}, "n_startup_trials must be at least 1, got 0"),
    ],
)
def test_options_out_of_range_are_a_mistake_of_the_file(
    options: dict[str, Any], told: str
) -> None:
    with pytest.raises(SpaceError, match=told):
        load_space_file({**BASE, "sampler": {"name": "forest", **options}})


def test_a_search_by_the_default_sampler_repeats(tmp_path: Path) -> None:
    sections = {key: value for key, value in BASE.items() if key != "sampler"}
    space_file = {**sections, "budget": {"trials": 25}, "pruner": {"name": "asha"}}
    runs = [
        search.run(space_file, studies=tmp_path / name, engine="inline", quiet=True)
        for name in ("first", "again")
    ]
    first, again = ({trial.number: trial.params for trial in run.trials} for run in runs)
    assert first == again


AWKWARD: dict[str, dict[str, Any]] = {
    "thirds": {"type": "float", "low": 1 / 3, "high": 2 / 3, "step": 1 / 3},
    "up to two thirds": {"type": "float", "low": 0.0, "high": 2 / 3},
    "tiny": {"type": "float", "low": 1.5e-13, "high": 1e-3, "log": True},
    "wide": {"type": "int", "low": 0, "high": 2**60},
    "wide logarithm": {"type": "int", "low": 1, "high": 2**60, "log": True},
    "one value": {"type": "int", "low": 3, "high": 3},
    "all sorts": {"type": "categorical", "choices": [True, 1, 0.0, None, "1"]},
    "true or one": {"type": "categorical", "choices": [True, 1]},
}


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_forest_stays_in_awkward_ranges(name: str, sign: int) -> None:
    awkward = Space.of(make_spec(parameters={"x": AWKWARD[name]}))
    sampler = make_sampler(SamplerSpec(name="forest", seed=1), awkward)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for _ in range(30):
        asked = study.ask()
        (x,) = awkward.suggest(asked).values()
        value = sign * float(x) if isinstance(x, int | float) else 0.0
        asked.report(value, 1)
        study.tell(asked, value)
        assert awkward.contains({"x": x})


def test_given_points_may_write_a_choice_as_another_type_of_number() -> None:
    parameters = {"x": UNIT, "d": {"type": "categorical", "choices": [0.0, 0.1]}}
    space = Space.of(make_spec(parameters=parameters))
    sampler = make_sampler(SamplerSpec(name="forest"), space)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for number in range(14):
        study.enqueue_trial({"d": 0})
        asked = study.ask()
        assert space.suggest(asked)["d"] == 0
        asked.report(number, 1)
        study.tell(asked, number)


def test_a_search_for_several_metrics_does_not_follow_the_first_alone_once_one_is_pruned() -> None:
    sampler = make_sampler(SamplerSpec(name="tpe", seed=0), space())
    study = optuna.create_study(directions=["maximize", "maximize"], sampler=sampler)
    for number in range(60):
        asked = study.ask()
        (x,) = space().suggest(asked).values()
        assert isinstance(x, float)
        asked.study._storage.set_trial_intermediate_value(asked._trial_id, 1, x)
        if number == 5:
            study.tell(asked, state=TrialState.PRUNED)
        else:
            study.tell(asked, [x, 1 - x])
    late = [trial.params["x"] for trial in study.trials[20:]]
    assert 0.3 < np.mean(late) < 0.7


@pytest.mark.parametrize("name", ["tpe", "gp", "forest"])
def test_failed_trials_without_a_point_do_not_count(name: str) -> None:
    pruned = [trial(x, [x]) for x in np.linspace(0.02, 0.98, 25).tolist()]
    pointless = [create_trial(state=TrialState.FAIL) for _ in range(5)]
    assert np.median(proposals(name, [*pruned, *pointless])) > 0.75


def test_the_forest_sees_all_brackets_of_hyperband() -> None:
    sampler = make_sampler(SamplerSpec(name="forest", seed=0), space())
    pruner = optuna.pruners.HyperbandPruner(1, 9)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    study.add_trials([trial(x, [x]) for x in np.linspace(0.02, 0.98, 25).tolist()])
    found = [space().suggest(study.ask())["x"] for _ in range(20)]
    assert np.mean(np.array(found, float) > 0.6) > 0.6


def test_the_forest_goes_on_from_known_points_of_a_tight_space() -> None:
    tight = Space.of(make_spec(parameters={"a": UNIT, "b": UNIT}, constraints=["a + b <= 0.04"]))
    sampler = make_sampler(SamplerSpec(name="forest", seed=0), tight)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for place in range(20):
        study.enqueue_trial({"a": place / 1_000, "b": 0.01})
    for number in range(40):
        asked = study.ask()
        assert tight.satisfies(tight.suggest(asked))
        asked.report(number % 7, 1)
        study.tell(asked, number % 7)
