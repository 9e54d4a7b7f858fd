"""Probabilities of the validation images: given, kept in `best.pt`, and what they are worth."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from search.api.study import Study
from search.errors import ObjectiveError
from search.progress.terminal import Progress
from search.running.engines.inline import run_trials
from search.running.run import INTERRUPTED, Run
from search.statistics.by_image import METRICS
from search.statistics.paired import compare_scores
from search.studies.checkpoint_store import FolderStore
from search.studies.checkpoints import load_checkpoint, load_predictions
from search.studies.driver import StudyDriver
from search.studies.leaderboard import leaderboard_rows
from search.studies.predictions import (
    Predictions,
    are_too_many,
    pack_predictions,
    unpack_predictions,
)
from search.studies.reader import StudyReader
from search.summaries.summary import summary_facts, summary_parts
from tests.conftest import RunStudy, make_spec
from tests.guessing import guessed, guesses, metrics_of
from tests.processes import command_in, start
from tests.reports import GOLDEN, told
from tests.test_imports import loaded

DIRECTIONS = {"loss": "minimize", "f1": "maximize", "auroc": "maximize"}
POINTS = [{"x": x} for x in (0.2, 0.95, 0.9, 0.3)]
"""Trial 1 is the best, trial 2 hardly worse, trial 3 clearly; trial 0 keeps no `best.pt`."""


def guessing(metric: str = "loss", **sections: Any) -> dict[str, Any]:
    """Give the sections of a study of a metric of `Guessing`."""
    return {
        "objective": "tests.guessing:Guessing",
        "metric": {"name": f"val_{metric}", "direction": DIRECTIONS[metric]},
        "start_from": POINTS,
        **sections,
    }


def kept(study: StudyReader) -> dict[int, Predictions]:
    """Read a study's predictions as another process does."""
    reader = StudyReader.open(study.name, study.folder.parent)
    return dict(reader.checkpoints.predictions(trial.number for trial in reader.trials()))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_scores_have_the_metric_as_their_mean(metric: str, n_classes: int) -> None:
    probabilities, labels = guesses(1.0, 300, n_classes)
    mean = METRICS[metric](probabilities, labels).mean()
    assert mean == pytest.approx(metrics_of(probabilities, labels)[metric], rel=1e-9)


def test_f1_is_that_of_the_classes_that_are_there_or_predicted() -> None:
    probabilities, labels = guesses(1.0, 300, 5)
    probabilities, labels = probabilities[labels < 3], labels[labels < 3]
    f1 = metrics_of(probabilities, labels)["f1"]
    assert METRICS["f1"](probabilities, labels).mean() == pytest.approx(f1, rel=1e-9)
    assert np.isnan(METRICS["auroc"](probabilities, labels)).all()


@pytest.mark.parametrize("metric", METRICS)
def test_interval_is_that_of_metrics_of_images_drawn_again(metric: str) -> None:
    (first, labels), (second, _) = guesses(1.5, 400), guesses(1.0, 400, seed=1)
    score = METRICS[metric]
    draws = np.random.default_rng(1).integers(400, size=(1_000, 400))
    again = [
        score(first[drawn], labels[drawn]).mean() - score(second[drawn], labels[drawn]).mean()
        for drawn in draws
    ]
    found = compare_scores(score(first, labels), score(second, labels))
    ends = np.quantile(again, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(ends, abs=0.1 * (ends[1] - ends[0]))


@pytest.mark.parametrize("sure", [0.01, 1.0, 40.0], ids=["hardly", "rather", "too sure"])
@pytest.mark.parametrize("n_classes", [2, 300])
def test_packed_predictions_give_the_metrics_as_they_were(sure: float, n_classes: int) -> None:
    probabilities, labels = guesses(sure, 1_200, n_classes)
    probabilities[:5] = np.eye(n_classes)[1]  # of which some are wrong
    packed = pack_predictions(Predictions(probabilities, labels))
    again = unpack_predictions(packed)
    assert len(packed) <= 1_000 + 1_200 * (2 * n_classes + (2 if n_classes > 256 else 1))
    assert (again.labels == labels).all()
    assert (again.probabilities.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    for metric, score in METRICS.items():
        value = score(probabilities, labels).mean()
        rel = 1e-12 if metric == "f1" else 1e-3
        mean = score(again.probabilities, again.labels).mean()
        assert mean == pytest.approx(value, rel=rel), metric


@pytest.mark.parametrize("engine", ["inline", pytest.param("ray", marks=pytest.mark.ray)])
def test_predictions_of_the_best_epoch_are_kept_with_best_pt(
    run_study: RunStudy, engine: str
) -> None:
    study = run_study(engine, **guessing())
    found = kept(study)
    assert sorted(found) == [1, 2, 3]
    for number, predictions in found.items():
        expected = guessed(study.trial(number).params["x"], 2)[0]
        assert predictions.probabilities == pytest.approx(expected, rel=0.01)
        assert (predictions.labels == np.arange(200) % 3).all()
        assert load_checkpoint(study.checkpoints.store, f"{number:04}/best.pt")


@pytest.mark.parametrize("metric", METRICS)
def test_kept_trials_have_errors_and_ties(run_study: RunStudy, metric: str) -> None:
    study = run_study("inline", **guessing(metric))
    rows = {row["trial"]: row for row in leaderboard_rows(study)}
    assert {n: row["tied_with_best"] for n, row in rows.items()} == {
        1: True,
        2: True,
        3: False,
        0: None,
    }
    assert [rows[n]["value_se"] is None for n in (1, 2, 3, 0)] == [False, False, False, True]
    assert 0 < rows[1]["value_se"] < 0.06
    assert {trial.number for trial in Study(study).tied()} == {1, 2}


def test_summary_tells_what_the_lead_is_worth(run_study: RunStudy) -> None:
    facts = summary_facts(run_study("inline", **guessing()))
    assert facts["trust"]
    assert facts["trust"]["by_answers"] is False
    assert facts["trust"]["optimism"]
    assert facts["trust"]["images_needed"]
    text = told(summary_parts(facts), 120)
    assert "trials 1, 2 cannot be told apart on 200 images" in text
    assert "not compared: 1 complete trial without their probabilities in a best.pt" in text


def compared(study: StudyReader, a: int, b: int) -> tuple[Any, str]:
    found = Study(study).compare(a, b)
    return found.facts, told(found.parts, 200)


@pytest.mark.parametrize("metric", METRICS)
def test_comparison_says_who_is_better(run_study: RunStudy, metric: str) -> None:
    study = run_study("inline", **guessing(metric))
    facts, text = compared(study, 3, 1)
    values = [study.trial(number).value or 0.0 for number in (3, 1)]
    paired = facts["paired"]
    assert paired["difference"] == pytest.approx(values[1] - values[0], abs=2e-3)
    assert paired["low"] < paired["difference"] < paired["high"]
    assert (paired["shown"], paired["better"]) == (True, "b")
    assert "b is better" in text
    assert compared(study, 1, 3)[0]["paired"]["better"] == "a"
    assert "no difference shown" in compared(study, 1, 2)[1]


def assert_untested(study: StudyReader, why: str) -> None:
    facts, _ = compared(study, 1, 2)
    assert facts["paired"] is None
    assert facts["notes"][-1] == f"{why}: whether they differ is not tested"
    assert {row["value_se"] for row in leaderboard_rows(study)} == {None}


@pytest.mark.parametrize(
    "sections",
    [
        {"keep": "none"},
        {"objective": "tests.guessing:Silent"},
        {"settings": {"wrong_by": 0.1}},
    ],
    ids=["nothing kept", "nothing given", "another metric"],
)
def test_nothing_is_told_without_probabilities_that_give_the_metric(
    run_study: RunStudy, sections: dict[str, Any]
) -> None:
    study = run_study("inline", **guessing(**sections))
    assert_untested(study, "no probabilities in a best.pt of a and b that give val_loss")


def test_trial_that_lost_its_best_pt_is_not_compared(run_study: RunStudy) -> None:
    study = run_study("inline", **guessing())
    study.checkpoints.store.write("0002/best.pt", b"torn")
    rows = {row["trial"]: row["tied_with_best"] for row in leaderboard_rows(study)}
    assert rows == {1: True, 3: False, 0: None, 2: None}
    facts, _ = compared(study, 1, 2)
    assert facts["notes"][-1].startswith("no probabilities in a best.pt of b that give val_loss")


def test_predictions_go_with_best_pt(run_study: RunStudy, tmp_path: Path) -> None:
    study = run_study("inline", **guessing(keep=1))
    assert list(kept(study)) == [1]
    (files,) = {tuple(study.checkpoints.store.names())}
    assert files == ("0001/best.pt",)
    study.checkpoints.sweep([], [2])
    assert kept(study) == {}


def test_older_checkpoint_has_none() -> None:
    store = FolderStore(GOLDEN / "second_version" / "trials")
    assert store.size("0001/best.pt")
    assert load_predictions(store, "0001/best.pt") is None
    assert load_predictions(store, "0002/best.pt") is None


class Stopping(Progress):
    """Interrupts its run after the third epoch."""

    def epoch_finished(self, number: int, epoch: Any) -> None:
        super().epoch_finished(number, epoch)
        if epoch.number == 3:
            self.run.stop(INTERRUPTED)

    def run_started(self, run: Run, n_workers: int) -> None:
        super().run_started(run, n_workers)
        self.run = run


@pytest.mark.parametrize("reduce", ["best", "last"])
def test_resumed_trial_keeps_the_predictions_of_the_epoch_that_counts(
    tmp_path: Path, reduce: str
) -> None:
    metric = {"name": "val_loss", "direction": "minimize", "reduce": reduce}
    spec = make_spec(**guessing(metric="loss"), **{"budget": {"trials": 1}})
    study = StudyDriver.create(
        spec.model_validate({**spec.model_dump(), "metric": metric}), tmp_path
    )
    run_trials(Run(study, Stopping(Console(stderr=True))))
    assert study.trial(0).state == "INTERRUPTED"
    assert {row["value_se"] for row in leaderboard_rows(study)} == {None}
    resumed = StudyDriver.open("toy", tmp_path)
    run_trials(Run(resumed, Progress(Console(stderr=True))))
    expected = guessed(POINTS[0]["x"], 2 if reduce == "best" else 4)[0]
    assert kept(resumed)[0].probabilities == pytest.approx(expected, rel=0.01)


SPACE = """\
study: toy
objective: tests.guessing:Guessing
settings: {dies_in: died}
metric: {name: val_loss, direction: minimize}
budget: {trials: 2}
sampler: {name: random}
parameters:
  x: {type: float, low: 0, high: 1}
start_from: [{x: 0.2}, {x: 0.9}]
"""


def test_killed_and_resumed_study_tells_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE)
    killed = start(tmp_path, "run", "toy.yaml", "--engine", "inline")
    _, stderr = killed.communicate(timeout=120)
    assert killed.returncode == 1, stderr
    search = command_in(tmp_path)
    assert search("resume", "toy", "--engine", "inline").returncode == 0
    done = search("compare", "toy", "0", "1", "--json")
    paired = json.loads(done.stdout)["paired"]
    assert (paired["n_images"], paired["better"]) == (200, "b")


@pytest.mark.parametrize("kind", ["half", "lists"])
def test_predictions_may_be_anything_like_arrays(run_study: RunStudy, kind: str) -> None:
    found = kept(run_study("inline", **giving(kind)))[0]
    assert found.probabilities == pytest.approx(np.array([[0.1, 0.9], [0.5, 0.5]]), abs=1e-3)
    assert found.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("kind", "got"),
    [
        ("alone", "[[0.1, 0.9], [0.5, 0.5]]"),
        ("flat", "([0.1, 0.9], [1, 0])"),
        ("fewer labels", "([[0.1, 0.9], [0.5, 0.5]], [1])"),
        ("other labels", "([[0.1, 0.9], [0.5, 0.5]], [1, 2])"),
        ("below zero", "([[0.1, 0.9], [0.5, 0.5]], [1, -1])"),
        ("no integers", "([[0.1, 0.9], [0.5, 0.5]], [1.0, 0.0])"),
        ("logits", "([[-3.0, 4.0], [0.5, 0.5]], [1, 0])"),
        ("not a number", "([[nan, 0.9], [0.5, 0.5]], [1, 0])"),
        ("ragged", "([[0.1, 0.9], [1.0]], [1, 0])"),
        ("empty", "([], [])"),
        ("one", "0.5"),
    ],
)
def test_predictions_of_another_shape_end_the_run(
    run_study: RunStudy, kind: str, got: str
) -> None:
    with pytest.raises(ObjectiveError) as error:
        run_study("inline", **giving(kind))
    assert str(error.value) == (
        "objective: predictions must be probabilities (N, K) whose rows sum to 1 and labels (N,) "
        f"from 0 to K - 1 of the validation images, on the CPU, got {got} at epoch 1"
    )


def giving(kind: str) -> dict[str, Any]:
    return {
        "objective": "tests.guessing:Giving",
        "metric": {"name": "val_loss", "direction": "minimize"},
        "parameters": {"kind": {"type": "categorical", "choices": [kind]}},
        "budget": {"trials": 1},
    }


def test_image_classifiers_predictions_give_its_metrics(run_study: RunStudy) -> None:
    study = run_study(
        "inline",
        objective="objectives.image_classifier:ImageClassifier",
        settings={"data": {"name": "digits", "limit": 300}, "epochs": 2, "device": "cpu"},
        metric={"name": "val_auroc", "direction": "maximize"},
        parameters={"learning_rate": {"type": "float", "low": 1e-3, "high": 1e-2}},
        budget={"trials": 2},
    )
    for number, found in kept(study).items():
        metrics = study.trial(number).metrics
        for name, score in METRICS.items():
            mean = score(found.probabilities, found.labels).mean()
            assert mean == pytest.approx(metrics[f"val_{name}"], rel=2e-3), name
    assert compared(study, 0, 1)[0]["paired"]["n_images"] == 60


def test_leaderboard_of_a_loss_loads_neither_torch_nor_sklearn(
    run_study: RunStudy, tmp_path: Path
) -> None:
    study = run_study("inline", **guessing())
    studies = tmp_path / "studies"
    shutil.copytree(study.folder, studies / "toy")
    packages = loaded("-m", "search", "leaderboard", "toy", "--studies", str(studies))
    assert "numpy" in packages
    assert not packages & {"torch", "sklearn", "scipy", "ray"}


@pytest.mark.parametrize("metric", METRICS)
def test_three_trials_of_ten_thousand_images_take_two_seconds_at_most(
    run_study: RunStudy, metric: str
) -> None:
    settings = {"n_images": 10_000}
    study = run_study("inline", **guessing(metric, settings=settings, budget={"trials": 3}))
    began = time.process_time()
    assert len(leaderboard_rows(study)) == 3
    assert compared(study, 0, 1)[0]["paired"]["shown"]
    assert time.process_time() - began < 2.0


def test_predictions_that_would_fill_the_disk_are_not_kept() -> None:
    probabilities = np.broadcast_to(np.float32(1e-4), (2_000, 10_000))
    assert are_too_many((probabilities, np.zeros(2_000, int)))
    assert not are_too_many((probabilities[:100], np.zeros(100, int)))
    assert not are_too_many("nonsense")
