"""The contract that every sampler in the table keeps."""

from typing import Any

import optuna
import pytest

from search.errors import SpaceError
from search.spaces.point_sampler import trial_seed
from search.spaces.samplers import SAMPLERS, sampler_problems
from search.spaces.sampling import make_sampler, sample_points
from search.spaces.space import Params, Space
from search.spaces.spec import SamplerSpec
from search.studies import attributes
from tests.conftest import make_spec

SPACES: dict[str, dict[str, Any]] = {
    "finite": {
        "parameters": {
            "filters": {"type": "categorical", "choices": [8, 16, None, "all", True]},
            "n": {"type": "int", "low": 1, "high": 7, "step": 3},
            "rate": {"type": "float", "low": 0.1, "high": 0.3, "step": 0.1},
            "only": {"type": "categorical", "choices": ["fixed"]},
            "single": {"type": "int", "low": 4, "high": 4},
        }
    },
    "conditional": {
        "parameters": {
            "optimizer": {"type": "categorical", "choices": ["sgd", "adam"]},
            "nesterov": {
                "type": "categorical",
                "choices": [True, False],
                "when": {"optimizer": "sgd"},
            },
            "momentum": {
                "type": "float",
                "low": 0.5,
                "high": 0.9,
                "step": 0.2,
                "when": {"nesterov": True},
            },
        }
    },
    "constrained": {
        "parameters": {
            "kernel_size": {"type": "int", "low": 1, "high": 5},
            "stride": {"type": "int", "low": 1, "high": 5},
        },
        "constraints": ["kernel_size >= stride", "kernel_size * stride <= 10"],
    },
    "continuous": {
        "parameters": {
            "rate": {"type": "float", "low": 1e-5, "high": 1.0, "log": True},
            "width": {"type": "int", "low": 1, "high": 1024, "log": True},
            "share": {"type": "float", "low": -1.0, "high": 1.0},
        },
        "constraints": ["share + rate <= 1"],
    },
}
DRAWING = [name for name, kind in SAMPLERS.items() if not kind.lists]
LISTING = [name for name, kind in SAMPLERS.items() if kind.lists]
CASES = [(name, space) for name in DRAWING for space in SPACES] + [
    (name, space) for name in LISTING for space in SPACES if space != "continuous"
]


def propose(name: str, space: Space, n_trials: int, seed: int = 0) -> list[Params]:
    """Let a sampler propose points and tell it a value for each, some pruned."""
    sampler = make_sampler(SamplerSpec(name=name, seed=seed), space)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    points: list[Params] = []
    for number in range(n_trials):
        if sampler.exhausted(study.get_trials(deepcopy=False)):
            break
        trial = study.ask()
        points.append(space.suggest(trial))
        trial.report(number % 5, 1)
        if number % 4 == 3:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, number % 5)
    return points


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.mark.parametrize(("name", "space_name"), CASES)
def test_sampler_points_lie_in_the_space(name: str, space_name: str) -> None:
    space = Space.of(make_spec(**SPACES[space_name]))
    points = propose(name, space, 16)
    assert points
    for point in points:
        assert space.contains(point)
        assert {type(value) for value in point.values()} <= {bool, int, float, str, type(None)}


@pytest.mark.parametrize(("name", "space_name"), CASES)
def test_sampler_same_seed_gives_same_points(name: str, space_name: str) -> None:
    space = Space.of(make_spec(**SPACES[space_name]))
    assert propose(name, space, 14, seed=5) == propose(name, space, 14, seed=5)


@pytest.mark.parametrize("name", [n for n in SAMPLERS if n not in {"grid", "qmc"}])
def test_sampler_another_seed_gives_other_points(name: str) -> None:
    space = Space.of(make_spec(**SPACES["finite"]))
    assert propose(name, space, 8, seed=1) != propose(name, space, 8, seed=2)


@pytest.mark.parametrize("name", [name for name, kind in SAMPLERS.items() if kind.several])
@pytest.mark.parametrize("space_name", ["conditional", "constrained"])
def test_sampler_of_several_metrics_depends_on_the_record_alone(
    name: str, space_name: str
) -> None:
    space = Space.of(make_spec(**SPACES[space_name]))
    storage = optuna.storages.InMemoryStorage()
    options = {"population_size": 4} if name == "nsgaii" else {}
    spec = SamplerSpec.model_validate({"name": name, "seed": 3, **options})
    studies = [
        optuna.create_study(study_name=study_name, storage=storage, directions=["minimize"] * 2)
        for study_name in ("whole", "interrupted")
    ]
    points: list[list[Params]] = [[], []]
    sampler = make_sampler(spec, space)
    for study, proposed in zip(studies, points, strict=True):
        for number in range(12):
            study.sampler = sampler if study is studies[0] else make_sampler(spec, space)
            if study.sampler.exhausted(study.trials):
                break
            trial = study.ask()
            proposed.append(space.suggest(trial))
            assert space.contains(proposed[-1])
            storage.set_trial_intermediate_value(trial._trial_id, 1, number % 5)
            if number % 4 == 3:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            else:
                study.tell(trial, [number % 5, number % 3])
    assert points[0] == points[1]
    assert len(points[0]) >= 5


def test_nsgaii_breeds_from_the_front() -> None:
    parameters = {name: {"type": "float", "low": 0.0, "high": 1.0} for name in ("x", "waste")}
    space = Space.of(make_spec(parameters=parameters))
    spec = SamplerSpec.model_validate({"name": "nsgaii", "seed": 1, "population_size": 8})
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=make_sampler(spec, space)
    )
    wastes = []
    for _ in range(80):
        trial = study.ask()
        point = space.suggest(trial)
        x, waste = (float(point[name] or 0) for name in ("x", "waste"))
        study.tell(trial, [x - waste, x**2 + waste])
        wastes.append(waste)
    assert sum(wastes[-16:]) < sum(wastes[:16]) / 3


def test_nsgaii_breeds_from_given_points_too() -> None:
    space = Space.of(make_spec())
    spec = SamplerSpec.model_validate({"name": "nsgaii", "population_size": 2})
    study = optuna.create_study(directions=["maximize"], sampler=make_sampler(spec, space))
    for x in (0.25, 0.75):
        study.enqueue_trial({"x": x})
    for _ in range(2):
        trial = study.ask()
        study.tell(trial, float(space.suggest(trial)["x"] or 0))
    space.suggest(study.ask())
    assert study.trials[2].system_attrs == {attributes.GENERATION: 1}


@pytest.mark.parametrize("name", DRAWING)
def test_sampler_proposal_depends_on_the_record_alone(name: str) -> None:
    space = Space.of(make_spec(**SPACES["continuous"]))
    storage = optuna.storages.InMemoryStorage()
    spec = SamplerSpec(name=name, seed=3)
    study = optuna.create_study(
        study_name="s", storage=storage, direction="maximize", sampler=make_sampler(spec, space)
    )
    interrupted: list[Params] = []
    for number in range(12):
        # Another process: nothing but the record is left of the one before.
        study = optuna.load_study(
            study_name="s", storage=storage, sampler=make_sampler(spec, space)
        )
        trial = study.ask()
        interrupted.append(space.suggest(trial))
        trial.report(number % 5, 1)
        if number % 4 == 3:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, number % 5)
    assert interrupted == propose(name, space, 12, seed=3)


@pytest.mark.parametrize("name", LISTING)
@pytest.mark.parametrize(("space_name", "size"), [("conditional", 5), ("constrained", 10)])
def test_listing_sampler_tries_every_feasible_point_once(
    name: str, space_name: str, size: int
) -> None:
    space = Space.of(make_spec(**SPACES[space_name]))
    points = propose(name, space, 100)
    assert len(points) == size == space.size()
    assert len({repr(sorted(point.items())) for point in points}) == size


def test_grid_values_stand_in_for_a_continuous_range() -> None:
    spec = SamplerSpec.model_validate({"name": "grid", "values": {"rate": [1e-3, 1e-2]}})
    space = Space.of(make_spec(parameters={"rate": {"type": "float", "low": 1e-4, "high": 1.0}}))
    sampler = make_sampler(spec, space)
    study = optuna.create_study(sampler=sampler)
    assert [space.suggest(study.ask()) for _ in range(2)] == [{"rate": 1e-3}, {"rate": 1e-2}]
    assert sampler.exhausted(study.trials)


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampler_given_point_is_kept_and_the_rest_drawn(name: str) -> None:
    space = Space.of(make_spec(**SPACES["constrained"]))
    study = optuna.create_study(sampler=make_sampler(SamplerSpec(name=name), space))
    study.enqueue_trial({"kernel_size": 4})
    point = space.suggest(study.ask())
    assert point["kernel_size"] == 4
    assert space.contains(point)


def test_sampler_constraints_that_reject_all_draws_are_an_error() -> None:
    spec = make_spec(**{**SPACES["constrained"], "constraints": ["kernel_size > stride * 9"]})
    with pytest.raises(SpaceError) as error:
        sample_points(Space.of(spec), 1)
    assert str(error.value) == (
        "constraints: some point must satisfy them, but 1,000 draws in a row did not: "
        "kernel_size > stride * 9"
    )


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampler_unknown_option_is_a_problem(name: str) -> None:
    (problem,) = sampler_problems(name, {"n_startup_trails": 3})
    assert problem.path == ("sampler", "n_startup_trails")
    assert problem.text.startswith(f"unknown option of the sampler {name}")


def test_sampler_own_options_reach_it() -> None:
    assert not list(sampler_problems("tpe", {"n_startup_trials": 3, "multivariate": False}))
    assert not list(sampler_problems("qmc", {"qmc_type": "halton"}))
    (problem,) = sampler_problems("qmc", {"qmc_type": "sobl"})
    assert problem.path == ("sampler",)
    assert "sobl" in problem.text


def test_trial_seed_differs_between_studies_trials_and_draws() -> None:
    seeds = {trial_seed(s, n, d) for s in range(5) for n in range(20) for d in range(3)}
    assert len(seeds) == 5 * 20 * 3
    assert all(0 <= seed < 2**31 for seed in seeds)
