"""The contract that every pruner in the table keeps."""

import random
from pathlib import Path
from typing import Literal

import optuna
import pytest
from optuna.pruners import BasePruner, SuccessiveHalvingPruner

from search.spaces.pruners import PRUNERS, Judge, make_pruner, pruner_problems
from search.spaces.spec import MetricSpec
from search.studies.driver import StudyDriver
from search.studies.live_trial import LiveTrial
from search.studies.trials import Epoch, Failure
from tests.conftest import make_spec

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
    judge, lengths = Judge(by_best=True), []
    for value in values:
        live = LiveTrial(study.ask(), metrics, judge)
        for epoch in range(1, EPOCHS + 1):
            live.report(Epoch(epoch, {"score": value, "cost": -value}, 0.1, 0.1))
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
    (problem,) = pruner_problems(name, {"reduction_facto": 3})
    assert problem.path == ("pruner", "reduction_facto")
    assert problem.text.startswith(f"unknown option of the pruner {name}")


def test_pruner_option_outside_its_range_is_a_problem() -> None:
    (problem,) = pruner_problems("asha", {"reduction_factor": 1})
    assert problem.path == ("pruner",)
    assert "reduction_factor" in problem.text


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
@pytest.mark.parametrize(
    "options",
    [{}, {"reduction_factor": 2}, {"min_early_stopping_rate": 1}, {"bootstrap_count": 3}],
    ids=str,
)
def test_asha_decides_as_that_of_optuna_where_no_trial_fails(
    options: dict[str, int], direction: Literal["maximize", "minimize"]
) -> None:
    optunas = SuccessiveHalvingPruner(min_resource=1, **{"reduction_factor": 3, **options})
    ends = [
        ends_of_interleaved_trials(pruner, direction)
        for pruner in (optunas, make_pruner("asha", 1, EPOCHS, options))
    ]
    assert ends[0] == ends[1]
    assert 0 < ends[0].count(EPOCHS) < len(ends[0]) / 2


def ends_of_interleaved_trials(
    pruner: BasePruner, direction: Literal["maximize", "minimize"]
) -> list[int]:
    """Run trials of rounded values by turns; give the epoch at which each ended."""
    study = optuna.create_study(direction=direction, pruner=pruner)
    generator = random.Random(0)
    running = [study.ask() for _ in range(7)]
    ends = dict.fromkeys(range(60), 0)
    while running:
        trial = running.pop(generator.randrange(len(running)))
        ends[trial.number] += 1
        trial.report(round(generator.random(), 1), ends[trial.number])
        if trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        elif ends[trial.number] == EPOCHS:
            study.tell(trial, 0.5)
        else:
            running.append(trial)
            continue
        if len(study.trials) < len(ends):
            running.append(study.ask())
    return [*ends.values()]


@pytest.mark.parametrize("fresh", [False, True], ids=["same driver", "next driver"])
def test_trial_that_failed_prunes_nobody_under_asha(fresh: bool, tmp_path: Path) -> None:
    spec = make_spec(pruner={"name": "asha", "min_epochs": 1})
    study = StudyDriver.create(spec, tmp_path)

    def report(number: int, epoch: int, value: float) -> bool:
        return study.report(number, Epoch(epoch, {"score": value}, 0.1, 0.1 * epoch))

    def begin() -> int:
        trial = study.ask()
        assert trial
        return trial.number

    steady = begin()
    assert not report(steady, 1, 0.5)
    for value in (0.9, 0.95):
        diverging = begin()
        assert not report(diverging, 1, value)
        study.fail(diverging, 0.1, Failure("non_finite", "epoch 2: val_loss is nan"))
    if fresh:
        study = StudyDriver(study.folder, spec, study.optuna_study)
        study.take_up_unfinished()
    good = begin()
    assert not report(good, 1, 0.6)
    assert report(begin(), 1, 0.55)


CURVES = {"a": [0.3, 0.55, 0.7, 0.74], "c": [0.35, 0.6, 0.71, 0.75], "b": [0.5, 0.9, 0.6, 0.55]}


@pytest.mark.parametrize("name", PRUNERS)
def test_trial_that_was_best_at_an_earlier_epoch_runs_on(name: str, tmp_path: Path) -> None:
    pruner = {"name": name, **({} if name == "none" else {"min_epochs": 1})}
    options = {"n_startup_trials": 0} if name in {"median", "percentile"} else {}
    study = StudyDriver.create(make_spec(pruner={**pruner, **options}), tmp_path)
    for curve in CURVES.values():
        trial = study.ask()
        assert trial
        for epoch, value in enumerate(curve, start=1):
            report = Epoch(epoch, {"score": value}, 0.1, 0.1 * epoch)
            assert not study.report(trial.number, report), f"{name} at epoch {epoch}"
        study.complete(trial.number, 0.4)
    best, *_ = study.trials()
    assert (best.value, best.best_epoch) == (0.9, 2)
    assert list(best.values.values()) == CURVES["b"]  # what was reported stays recorded


class Race:
    """Trials of random curves, some at a time, that a study's pruner judges after each epoch."""

    def __init__(self, name: str, metric: MetricSpec, seed: int) -> None:
        self.chance = random.Random(seed)
        self.sign = 1 if metric.direction == "maximize" else -1
        self.metric = metric
        self.judge = Judge(by_best=metric.reduce == "best")
        options = {"n_startup_trials": 1} if name in {"median", "percentile"} else {}
        self.study = optuna.create_study(
            direction=metric.direction,
            study_name=f"race {seed}",
            pruner=make_pruner(name, 1, EPOCHS, options),
        )
        self.running: dict[int, LiveTrial] = {}
        self.ranked: dict[int, float] = {}
        self.pruned: set[int] = set()

    def step(self) -> None:
        """Begin a trial, or have a running one report its next epoch and judge it."""
        if len(self.running) < 3:
            trial = self.study.ask()
            self.running[trial.number] = LiveTrial(trial, [self.metric], self.judge)
        number, live = self.chance.choice([*self.running.items()])
        epoch, value = live.n_epochs + 1, self.chance.choice([0.1, 0.5, 0.7, self.chance.random()])
        live.report(Epoch(epoch, {"score": value}, 0.1, 0.1))
        counts = live.best["score"]
        assert counts is not None
        self.ranked[number] = self.sign * counts
        rivals = [v for n, v in self.ranked.items() if n not in self.pruned | {number}]
        if self.chance.random() < 0.2:
            return  # it is settling, as when layers begin to train
        if live.should_prune(epoch):
            assert max(rivals, default=-1e9) > self.ranked[number], "the best trial was pruned"
            self.pruned.add(number)
            live.prune(0.1)
        elif epoch == EPOCHS:
            live.complete(0.1)
        else:
            return
        del self.running[number]


@pytest.mark.parametrize("reduce", ["best", "last"])
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
@pytest.mark.parametrize("name", PRUNERS)
def test_trial_that_is_ahead_is_never_pruned(
    name: str, direction: Literal["maximize", "minimize"], reduce: Literal["best", "last"]
) -> None:
    metric = MetricSpec(name="score", direction=direction, reduce=reduce)
    n_pruned = 0
    for seed in range(10):
        race = Race(name, metric, seed)
        for _ in range(150):
            race.step()
        n_pruned += len(race.pruned)
        if reduce == "best" and race.pruned:
            lost = max(race.ranked[number] for number in race.pruned)
            assert max(v for n, v in race.ranked.items() if n not in race.pruned) > lost
    assert (n_pruned > 0) == (name != "none")
