"""Trials of another study inform a sampler, have no numbers of the study's and prune nothing."""

from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from search.spaces.samplers import SAMPLERS
from search.studies import attributes
from search.studies.driver import StudyDriver
from search.studies.queue import warm_start
from search.studies.space_change import change_space
from search.studies.trials import Epoch
from tests.conftest import make_spec

N_OLD = 12
PARAMETERS: dict[str, Any] = {
    "x": {"type": "int", "low": 0, "high": 9},
    "kind": {"type": "categorical", "choices": ["a", "b"]},
    "only_b": {"type": "int", "low": 1, "high": 3, "when": {"kind": "b"}},
}


def spec_of(study: str, name: str = "random", **sections: Any) -> Any:
    few = {"tpe", "gp", "cmaes"}
    options = {"n_startup_trials": 4} if name in few else {}
    options = {"population_size": 4} if name == "nsgaii" else options
    sampler = {"name": name, "seed": 3, **options}
    return make_spec(**{"study": study, "sampler": sampler, "parameters": PARAMETERS, **sections})


def run_trial(study: StudyDriver, end: str = "complete") -> dict[str, Any]:
    """Run a trial that is the better the larger its x."""
    trial = study.ask()
    assert trial
    for epoch in (1, 2):
        score = trial.params["x"] + epoch / 10
        study.report(trial.number, Epoch(epoch, {"score": score}, 0.1, 0.1))
    getattr(study, end)(trial.number, 0.2)
    return trial.params


@pytest.fixture
def old(tmp_path: Path) -> StudyDriver:
    study = StudyDriver.create(spec_of("old"), tmp_path)
    for number in range(N_OLD):
        run_trial(study, "prune" if number % 4 == 3 else "complete")
    return study


@pytest.mark.parametrize("name", SAMPLERS)
def test_informed_sampler_proposes_the_same_after_each_resume(
    old: StudyDriver, tmp_path: Path, name: str
) -> None:
    whole, resumed = (
        StudyDriver.create(spec_of(study, name), tmp_path) for study in ("one", "two")
    )
    assert warm_start(whole, old) == warm_start(resumed, old) == N_OLD
    expected = [run_trial(whole) for _ in range(9)]
    found = [run_trial(StudyDriver.open("two", tmp_path)) for _ in range(9)]
    assert found == expected
    assert sorted(r.number for r in StudyDriver.open("two", tmp_path).trials()) == list(range(9))


@pytest.mark.parametrize("name", ["tpe", "gp", "cmaes"])
def test_informed_sampler_starts_where_the_other_study_was_good(
    old: StudyDriver, tmp_path: Path, name: str
) -> None:
    # Fewer trials than a sampler that knows nothing would draw at random.
    sampler = {"name": name, "seed": 3, "n_startup_trials": 8}
    cold = StudyDriver.create(spec_of("cold", sampler=sampler), tmp_path)
    warm = StudyDriver.create(spec_of("warm", sampler=sampler), tmp_path)
    warm_start(warm, old)
    sums = [sum(run_trial(study)["x"] for _ in range(8)) for study in (cold, warm)]
    assert sums[1] > sums[0]


def test_points_of_a_list_that_another_study_tried_are_not_tried_again(
    old: StudyDriver, tmp_path: Path
) -> None:
    study = StudyDriver.create(spec_of("new", "brute_force"), tmp_path)
    warm_start(study, old)
    tried = {tuple(r.params.items()) for r in old.trials()}
    assert not tried & {tuple(run_trial(study).items()) for _ in range(40 - len(tried))}
    assert study.ask() is None


def test_informing_trials_prune_nothing(old: StudyDriver, tmp_path: Path) -> None:
    pruner = {"name": "median", "min_epochs": 1, "n_startup_trials": 1}
    study = StudyDriver.create(spec_of("new", pruner=pruner, start_from=[{"x": 0}]), tmp_path)
    warm_start(study, old)
    trial = study.ask()
    assert trial
    assert not study.report(trial.number, Epoch(1, {"score": 0.0}, 0.1, 0.1))


def test_informing_trials_follow_into_a_changed_space(old: StudyDriver, tmp_path: Path) -> None:
    study = StudyDriver.create(spec_of("new", "brute_force"), tmp_path)
    warm_start(study, old)
    narrow = {"x": {"type": "int", "low": 5, "high": 9}, "kind": PARAMETERS["kind"]}
    wider = {**narrow, "size": {"type": "int", "low": 1, "high": 1, "default": 1}}
    changed = change_space(study, spec_of("new", "brute_force", parameters=wider), [])
    reopened = StudyDriver.open("new", tmp_path)
    assert reopened.version == changed.version == 2
    tried = {(r.params["x"], r.params["kind"]) for r in old.trials() if r.params["x"] >= 5}
    points = [run_trial(reopened) for _ in range(10 - len(tried))]
    assert not tried & {(point["x"], point["kind"]) for point in points}


def test_removed_study_leaves_none_in_a_database(old: StudyDriver, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/all.db"
    study = StudyDriver.create(spec_of("new", storage=url), tmp_path)
    warm_start(study, old)
    study.remove()
    assert optuna.get_all_study_names(url) == []


def test_older_study_with_informing_trials_among_its_own_goes_on(
    old: StudyDriver, tmp_path: Path
) -> None:
    study = StudyDriver.create(spec_of("new", "tpe"), tmp_path)
    for trial in old.optuna_study.get_trials(states=[TrialState.COMPLETE]):
        trial.user_attrs = {attributes.CARRIED_FROM: f"old/{trial.number}"}
        study.optuna_study.add_trial(trial)
    run_trial(study)
    reopened = StudyDriver.open("new", tmp_path)
    run_trial(reopened)
    assert sorted(r.number for r in reopened.trials()) == [9, 10]
