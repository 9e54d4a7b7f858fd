"""What Optuna has no public name for is still where `optuna_privates` takes it from."""

import inspect
import re
from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState

from search.spaces import optuna_privates
from search.studies import attributes
from search.studies.storage import create_optuna_study, open_storage


@pytest.fixture
def study(tmp_path: Path, storage: str) -> optuna.Study:
    """A study of two metrics and one running trial, in each kind of storage."""
    study = create_optuna_study(
        open_storage(tmp_path, storage), "toy", ["maximize", "minimize"], storage
    )
    study.ask()
    return study


def test_cache_asks_a_database_for_nothing_else() -> None:
    from optuna.storages import _cached_storage

    source = inspect.getsource(_cached_storage)
    asked = set(re.findall(r"self\._backend\.(\w+)", source))
    # It finds the best trial by itself, and stale ones by heartbeats, which are not used here.
    others = {name for name in asked if "best_trial" in name or "stale" in name}
    assert asked - others - {"record_heartbeat", "get_heartbeat_interval"} <= {
        *optuna_privates.STORAGE_CALLS
    }


def test_storage_lists_the_study_under_its_number(study: optuna.Study) -> None:
    (listed,) = optuna_privates.storage_of(study).get_all_studies()
    assert isinstance(listed, optuna_privates.FrozenStudy)
    assert listed.study_name == "toy"
    assert optuna_privates.study_id(listed) == optuna_privates.study_id(study)


def test_trial_is_found_taken_up_and_written_to(study: optuna.Study) -> None:
    assert optuna_privates.find_trial(study, 1) is None
    found = optuna_privates.find_trial(study, 0)
    assert found
    trial = optuna_privates.take_up(study, found)
    optuna_privates.set_system_attr(trial, "epoch:1", {"metrics": {"a": 0.1, "b": None, "c": 3}})
    optuna_privates.set_intermediate_value(trial, 1, 0.1)
    stored = optuna_privates.stored_trial(trial)
    assert stored.intermediate_values == {1: 0.1}
    assert stored.system_attrs["epoch:1"] == {"metrics": {"a": 0.1, "b": None, "c": 3}}
    assert stored.user_attrs == {}
    study.tell(trial, [1.0, 2.0])
    assert study.trials[0].state is TrialState.COMPLETE


def test_waiting_trial_has_its_values_under_the_key(study: optuna.Study) -> None:
    study.enqueue_trial({"x": 0.5})
    assert study.trials[1].system_attrs[optuna_privates.FIXED_PARAMS] == {"x": 0.5}


def test_successive_halving_notes_rungs_under_the_key() -> None:
    study = optuna.create_study(pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1))
    trial = study.ask()
    trial.report(0.5, 1)
    trial.should_prune()
    (key,) = study.trials[0].system_attrs
    assert key.startswith(optuna_privates.RUNG_NOTES)


def test_nsgaii_notes_generations_under_the_key() -> None:
    study = optuna.create_study(sampler=optuna.samplers.NSGAIISampler(population_size=2))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    assert [t.system_attrs[attributes.GENERATION] for t in study.trials] == [0, 0, 1]


def test_journal_takes_a_lock_of_that_base(tmp_path: Path) -> None:
    lock = JournalFileOpenLock(str(tmp_path / "journal"))
    assert isinstance(lock, optuna_privates.JournalFileLock)
    JournalFileBackend(str(tmp_path / "journal"), lock)
