"""What we lean on of Optuna that it does not promise: each fails when a release moves it."""

from typing import Any

import optuna
import pytest
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.spaces.optuna_privates import (
    fixed_params,
    quiet_optuna,
    study_for_pruner,
    study_with_earlier,
    trial_id,
)

X = optuna.distributions.FloatDistribution(0.0, 1.0)


@pytest.fixture
def study() -> optuna.Study:
    """Two metrics, and one complete trial."""
    with quiet_optuna():
        study = optuna.create_study(directions=["maximize", "minimize"])
    study.add_trial(create_trial(params={"x": 0.5}, distributions={"x": X}, values=[1.0, 1.0]))
    return study


def earlier_trials(n_trials: int) -> list[FrozenTrial]:
    """Trials of a study of one metric, the best near x = 0.9."""
    trials = []
    for number in range(n_trials):
        x = number / n_trials
        trial = create_trial(params={"x": x}, distributions={"x": X}, value=-abs(x - 0.9))
        trial.number = number
        trials.append(trial)
    return trials


def same(trial: FrozenTrial, direction: StudyDirection) -> FrozenTrial:
    return trial


def test_quiet_optuna_announces_no_study(capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    with quiet_optuna():
        optuna.create_study()
    assert not capfd.readouterr().err
    assert optuna.logging.get_verbosity() == optuna.logging.INFO
    optuna.logging.set_verbosity(before)


def test_trial_id_tells_trials_of_two_studies_apart() -> None:
    storage = optuna.storages.InMemoryStorage()
    trials = []
    for _ in range(2):
        study = optuna.create_study(storage=storage)
        study.ask()
        trials += study.get_trials()
    assert [trial.number for trial in trials] == [0, 0]
    assert len({trial_id(trial) for trial in trials}) == 2
    assert storage.get_trial(trial_id(trials[1])) == trials[1]


def test_fixed_params_are_those_of_a_queued_trial(study: optuna.Study) -> None:
    study.enqueue_trial({"x": 0.25})
    study.ask()
    assert [fixed_params(trial) for trial in study.trials] == [{}, {"x": 0.25}]


@pytest.mark.parametrize("states", [None, [TrialState.COMPLETE], [TrialState.PRUNED]])
def test_study_with_earlier_numbers_its_own_trials_after_them(
    study: optuna.Study, states: list[TrialState] | None
) -> None:
    seen = study_with_earlier(study, earlier_trials(3), {})
    expected = [] if states == [TrialState.PRUNED] else [0, 1, 2, 3]
    assert [trial.number for trial in seen.get_trials(states=states)] == expected
    assert [trial.number for trial in seen._get_trials(states=states)] == expected
    assert [trial.number for trial in study.trials] == [0]
    assert seen.direction == StudyDirection.MAXIMIZE


def test_samplers_of_optuna_read_the_earlier_trials() -> None:
    with quiet_optuna():
        study = optuna.create_study(direction="maximize")
    study.ask()
    seen = study_with_earlier(study, earlier_trials(200), {})
    draft = seen.get_trials()[-1]
    drawn = [TPESampler(seed=i).sample_independent(seen, draft, "x", X) for i in range(10)]
    assert all(0.8 <= x <= 1.0 for x in drawn)  # of no trials, it draws uniformly


def test_pruners_of_optuna_read_the_first_metric_and_write_only_notes() -> None:
    with quiet_optuna():
        study = optuna.create_study(study_name="s", directions=["maximize", "minimize"])
    storage: Any = study._storage
    for value in (0.9, 0.1):
        trial = study.ask()
        storage.set_trial_intermediate_value(trial._trial_id, 1, value)
    pruner = SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    verdicts, noted = [], []
    for frozen in study.get_trials():
        notes: list[tuple[str, Any]] = []
        view = study_for_pruner(study, same, notes)
        verdicts.append(pruner.prune(view, frozen))
        noted += notes
        for key, value in notes:
            storage.set_trial_system_attr(trial_id(frozen), key, value)
    assert view.directions == [StudyDirection.MAXIMIZE] != study.directions
    assert verdicts == [False, True]
    assert noted == [("completed_rung_0", 0.9), ("completed_rung_0", 0.1)]


def test_pruner_sees_each_trial_as_it_is_shown(study: optuna.Study) -> None:
    def hide(trial: FrozenTrial, direction: StudyDirection) -> FrozenTrial:
        assert direction == StudyDirection.MAXIMIZE
        return create_trial(state=TrialState.FAIL)

    view = study_for_pruner(study, hide, [])
    assert [trial.state for trial in view.get_trials()] == [TrialState.FAIL]
    assert [trial.state for trial in study.get_trials()] == [TrialState.COMPLETE]
