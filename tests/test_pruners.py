"""The contract that every pruner in the table keeps."""

import optuna
import pytest

from search.spaces.pruners import PRUNERS, make_pruner, pruner_problems
from search.spaces.spec import MetricSpec
from search.studies.live_trial import LiveTrial
from search.studies.record import Report

EPOCHS = 9


def epochs_run(name: str, values: list[float], min_epochs: int) -> list[int]:
    """Run one trial for each value, which it reports at every epoch; count its epochs."""
    study = optuna.create_study(
        direction="maximize",
        study_name="contract",
        pruner=make_pruner(name, min_epochs, EPOCHS, {}),
    )
    lengths = []
    for value in values:
        trial = study.ask()
        for epoch in range(1, EPOCHS + 1):
            trial.report(value, epoch)
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, value)
        lengths.append(epoch)
    return lengths


def epochs_run_live(name: str, values: list[float], n_metrics: int) -> list[int]:
    """Do the same by live trials, of which the first metric alone says what a trial is worth."""
    metrics = [
        MetricSpec(name="score", direction="maximize"),
        MetricSpec(name="cost", direction="minimize"),
    ][:n_metrics]
    study = optuna.create_study(
        directions=[metric.direction for metric in metrics],
        study_name="contract",
        pruner=make_pruner(name, 1, EPOCHS, {}),
    )
    lengths = []
    for value in values:
        live = LiveTrial(study.ask(), metrics)
        for epoch in range(1, EPOCHS + 1):
            live.report(Report(epoch, {"score": value, "cost": -value}, 0.1, 0.1))
            if live.should_prune(epoch):
                live.prune(0.1)
                break
        else:
            live.complete(0.1)
        lengths.append(epoch)
    return lengths


@pytest.mark.parametrize("name", PRUNERS)
def test_pruner_judges_several_metrics_by_the_first(name: str) -> None:
    values = [0.9] * 8 + [0.1] * 8 + [1.0]
    one = epochs_run(name, values, min_epochs=1)
    assert epochs_run_live(name, values, 1) == one
    assert epochs_run_live(name, values, 2) == one


@pytest.mark.parametrize("name", PRUNERS)
def test_pruner_first_trial_is_never_pruned(name: str) -> None:
    assert epochs_run(name, [0.5], min_epochs=1) == [EPOCHS]


@pytest.mark.parametrize("name", PRUNERS)
@pytest.mark.parametrize("min_epochs", [1, 3, 5])
def test_pruner_prunes_nothing_before_min_epochs(name: str, min_epochs: int) -> None:
    lengths = epochs_run(name, [0.9] * 8 + [0.1] * 8, min_epochs)
    assert min(lengths) >= min_epochs


@pytest.mark.parametrize("name", [name for name in PRUNERS if name != "none"])
def test_pruner_stops_bad_trials_and_keeps_the_best(name: str) -> None:
    lengths = epochs_run(name, [0.9] * 8 + [0.1] * 8 + [1.0], min_epochs=1)
    assert min(lengths[8:16]) < EPOCHS
    assert lengths[16] == EPOCHS


def test_pruner_none_stops_nothing() -> None:
    assert epochs_run("none", [0.9, 0.1, 0.5], 1) == [EPOCHS] * 3


@pytest.mark.parametrize("name", PRUNERS)
def test_pruner_unknown_option_is_a_problem(name: str) -> None:
    ((option, text),) = pruner_problems(name, {"reduction_facto": 3})
    assert option == "reduction_facto"
    assert text.startswith(f"unknown option of the pruner {name}")


def test_pruner_option_outside_its_range_is_a_problem() -> None:
    ((option, text),) = pruner_problems("asha", {"reduction_factor": 1})
    assert option == ""
    assert "reduction_factor" in text
