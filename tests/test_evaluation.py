"""Trials are evaluated on the test split: which ones, once, as they ran, and what is shown."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from objectives.image_classifier import ImageClassifier
from search.best_trial.evaluation import choose_trials, evaluate_trials
from search.columns import TEST_METRICS
from search.commands import looking
from search.commands.using import evaluate
from search.errors import ObjectiveError, SearchError, StudyError
from search.studies.driver import StudyDriver
from search.studies.export import EXPORT_FORMATS, LEADERBOARD_FILE
from search.studies.leaderboard import leaderboard_rows
from search.studies.lock import driving
from search.studies.space_change import change_space
from search.studies.trials import Trial
from tests.conftest import RunStudy, make_spec
from tests.predicting import Predicting
from tests.processes import command_in

X = [0.5, 0.9, 0.7, 0.3]
"""Trial 1 is best, then 2, 0 and 3."""
TEST_COLUMNS = [f"test_{name}" for name in TEST_METRICS]


@pytest.fixture
def sections() -> dict[str, Any]:
    Predicting.made.clear()
    Predicting.read.clear()
    return {
        "objective": "tests.predicting:Predicting",
        "settings": {"n_classes": 3},
        "start_from": [{"x": x} for x in X],
        "keep": 2,
    }


@pytest.fixture
def study(run_study: RunStudy, sections: dict[str, Any]) -> StudyDriver:
    return run_study("inline", **sections)


def evaluated(study: StudyDriver, *numbers: int, **options: Any) -> list[Trial]:
    """Evaluate trials, the best one if none is named."""
    chosen = choose_trials(study, numbers, options.pop("top", 1))
    options = {"again": False, "skip": not numbers, "say": lambda text: None, **options}
    return evaluate_trials(study, chosen, **options)


def best_file(study: StudyDriver, number: int) -> Path:
    return study.trial_folder(number) / "best.pt"


def test_evaluate_takes_the_best_trial_at_its_best_epoch(study: StudyDriver) -> None:
    (trial,) = evaluated(study)
    assert (trial.number, trial.best_epoch) == (1, 2)
    assert trial.test
    assert Predicting.read == ["test"]
    # At epoch 2 the first 40 images are right; the other 20 are taken for class 0.
    assert trial.test.confusion == [[20, 0, 0], [7, 13, 0], [7, 0, 13]]
    assert trial.test.per_class["class"] == ["0", "1", "2"]
    assert trial.test.seconds < 5


def test_evaluate_makes_the_objective_as_the_trial_did(study: StudyDriver) -> None:
    evaluated(study)
    assert Predicting.made[-1] == Predicting.made[1]
    assert len(Predicting.made) == len(X) + 1


def test_evaluate_stores_the_metrics_once(
    run_study: RunStudy, sections: dict[str, Any], storage: str
) -> None:
    study = run_study("inline", **sections, storage=storage)
    (first,) = evaluated(study)
    best_file(study, 1).unlink()
    said: list[str] = []
    reopened = StudyDriver.open("toy", study.folder.parent)
    assert evaluated(reopened, say=said.append) == [first]
    assert Predicting.read == ["test"]
    assert said == ["toy: trial 1 evaluated before; --again does it once more"]


def test_evaluate_again_reads_the_split_again(study: StudyDriver) -> None:
    evaluated(study)
    evaluated(study, again=True)
    assert Predicting.read == ["test", "test"]


def test_evaluate_top_leaves_out_trials_without_a_checkpoint(study: StudyDriver) -> None:
    said: list[str] = []
    trials = evaluated(study, top=4, say=said.append)
    assert [trial.number for trial in trials] == [1, 2]
    assert said[0] == (
        "left out: toy: trials 0, 3 must have a checkpoint (best.pt) to be evaluated, got none: "
        "not kept, with `keep: 2`; valid: 1, 2; `keep: all` in the space file, or "
        "`--set keep=all` for a run, keeps those of all complete trials"
    )


def test_evaluate_named_trial_without_a_checkpoint_is_an_error(study: StudyDriver) -> None:
    with pytest.raises(StudyError, match=r"trial 0 must have .* not kept.*; valid: 1, 2;"):
        evaluated(study, 1, 0)
    assert Predicting.read == []


def test_evaluate_deleted_or_damaged_checkpoint_is_named(study: StudyDriver) -> None:
    best_file(study, 1).write_bytes(b"torn")
    with pytest.raises(StudyError, match=r"0001/best\.pt must be a whole checkpoint"):
        evaluated(study)
    best_file(study, 1).unlink()
    with pytest.raises(StudyError, match="trial 1 must have .*: deleted; valid: 2;"):
        evaluated(study)


def test_evaluate_unknown_or_unfinished_trial_is_an_error(study: StudyDriver) -> None:
    message = "--trial: a COMPLETE trial must be given, got 9; valid: 0, 1, 2, 3"
    with pytest.raises(StudyError, match=message):
        choose_trials(study, [9], 1)


def test_evaluate_without_complete_trials_is_an_error(tmp_path: Path) -> None:
    study = StudyDriver.create(make_spec(), tmp_path)
    with pytest.raises(StudyError, match="toy: a trial must be COMPLETE to be evaluated, none is"):
        choose_trials(study, [], 1)


def test_evaluate_objective_that_cannot_predict_is_an_error(run_study: RunStudy) -> None:
    study = run_study("inline")
    message = (
        "objective: tests.toys:quadratic must have classifier().predict(), state_dict(), "
        "load_state_dict() to be evaluated, it lacks classifier().predict(), state_dict(), "
        "load_state_dict()"
    )
    with pytest.raises(ObjectiveError) as caught:
        evaluated(study)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("flaw", "message"),
    [
        ("no test split", "toy: trial 1: data: a test split must exist, got none"),
        ("raises", "toy: trial 1: predicting.py:64: KeyError: 'images'"),
        ("shape", "(N, K) and labels (N,), got (59, 3) and (60,)"),
        ("labels", "whole labels from 0 to K - 1 with K > 1, got K=3 and labels 1, 2, 3"),
        ("logits", "probabilities from 0 to 1 that sum to 1, got a row with the sum 3"),
        ("nan", "probabilities from 0 to 1 that sum to 1, got a row with the sum nan"),
    ],
)
def test_evaluate_flaw_of_the_objective_is_one_line(
    run_study: RunStudy, sections: dict[str, Any], flaw: str, message: str
) -> None:
    study = run_study("inline", **{**sections, "settings": {"flaw": flaw}})
    with pytest.raises(ObjectiveError) as caught:
        evaluated(study)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert study.trial(1).test is None


def test_evaluate_names_the_classes_if_the_objective_does(
    run_study: RunStudy, sections: dict[str, Any]
) -> None:
    study = run_study("inline", **{**sections, "objective": "tests.predicting:Named"})
    (trial,) = evaluated(study)
    assert trial.test
    assert trial.test.per_class["class"] == ["cat", "dog", "owl"]


def test_evaluate_of_a_running_study_is_refused_but_metrics_are_shown(study: StudyDriver) -> None:
    with driving(study.folder), pytest.raises(StudyError, match="is already running"):
        evaluated(study)
    evaluated(study)
    with driving(study.folder):
        assert evaluated(study)[0].test


def test_evaluate_in_a_changed_space_rebuilds_the_trial_as_it_ran(study: StudyDriver) -> None:
    (before,) = evaluated(study, 2)
    spec = make_spec(
        objective="tests.predicting:Predicting",
        settings={"n_classes": 4},
        parameters={"y": {"type": "int", "low": 0, "high": 1, "default": 0}},
    )
    changed = change_space(study, spec, [])
    assert changed.trial(2).test == before.test
    (trial,) = evaluated(changed, 1)
    assert trial.params == {"y": 0}
    assert Predicting.made[-1] == Predicting.made[1]
    assert StudyDriver.open("toy", study.folder.parent).trial(1).test == trial.test


def test_leaderboard_has_test_columns_once_a_trial_is_evaluated(study: StudyDriver) -> None:
    assert not any(column.startswith("test_") for column in leaderboard_rows(study)[0])
    (trial,) = evaluated(study)
    assert trial.test
    rows = leaderboard_rows(study)
    columns = list(rows[0])
    place = columns.index(TEST_COLUMNS[0])
    assert columns[place : place + 5] == [*TEST_COLUMNS, "params_x"]
    assert [rows[0][column] for column in TEST_COLUMNS] == list(trial.test.metrics.values())
    assert [rows[1][column] for column in TEST_COLUMNS] == [None] * 4
    assert json.loads(EXPORT_FORMATS["json"](rows)) == rows
    assert "test_auroc" in (study.folder / LEADERBOARD_FILE).read_text()


def test_verb_prints_tables_and_what_is_next(
    study: StudyDriver, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate("toy", top=2, studies=study.folder.parent)
    out, err = capsys.readouterr()
    assert out.count("Confusions, test split") == 2
    assert "trial 1, epoch 2: 60 test images in " in out
    assert f"search leaderboard toy --studies {study.folder.parent}" in err
    looking.leaderboard("toy", studies=study.folder.parent)
    head = capsys.readouterr().out.splitlines()[0].split()
    assert head[:4] == ["val", "train", "test", "best"]
    looking.show("toy", 1, studies=study.folder.parent)
    assert "Confusions, test split" in capsys.readouterr().out
    looking.show("toy", 1, studies=study.folder.parent, as_json=True)
    shown = json.loads(capsys.readouterr().out)["test"]
    evaluate("toy", studies=study.folder.parent, as_json=True)
    (printed,) = json.loads(capsys.readouterr().out)
    assert printed["trial"] == 1
    assert printed["val"] == {"loss": None, "accuracy": 0.9, "f1": None, "auroc": None}
    assert printed["test"] == shown["metrics"]
    assert printed["confusion"] == shown["confusion"]


def test_verb_takes_trials_or_top(study: StudyDriver) -> None:
    with pytest.raises(SearchError, match="--top: cannot be given together with --trial"):
        evaluate("toy", trial=[1], top=2, studies=study.folder.parent)


def test_command_line_ends_in_one_line_for_a_mistake(study: StudyDriver, tmp_path: Path) -> None:
    flags = ["--studies", str(study.folder.parent)]
    result = command_in(tmp_path)("evaluate", "toy", "--trial", "0", "--trial", "1", *flags)
    assert result.returncode == 2
    assert result.stderr.startswith("error: toy: trial 0 must have a checkpoint")
    assert result.stderr.count("\n") == 1


def test_metrics_of_the_image_classifier_are_those_of_scikit_learn(
    run_study: RunStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    settings: dict[str, Any] = {
        "data": {"name": "digits", "limit": 400},
        "epochs": 3,
        "device": "cpu",
    }
    study = run_study(
        "inline",
        objective="objectives.image_classifier:ImageClassifier",
        settings=settings,
        metric={"name": "val_accuracy", "direction": "maximize"},
        budget={"trials": 2},
        parameters={"learning_rate": {"type": "float", "low": 3e-3, "high": 2e-2, "log": True}},
    )
    (trial,) = evaluated(study)
    assert trial.test
    by_hand = ImageClassifier(trial.params, **settings, seed=trial.seed)
    saved = torch.load(best_file(study, trial.number), weights_only=True)
    by_hand.load_state_dict(saved["objective"])
    val, val_labels = by_hand.classifier().predict("val")
    assert np.mean(val.argmax(axis=1) == val_labels) == trial.metrics["val_accuracy"]
    probabilities, labels = by_hand.classifier().predict("test")
    predictions = probabilities.argmax(axis=1)
    scores = precision_recall_fscore_support(labels, predictions, zero_division=0.0)
    assert trial.test.confusion == confusion_matrix(labels, predictions).tolist()
    for name, column in zip(["precision", "recall", "f1", "support"], scores, strict=True):
        assert trial.test.per_class[name] == pytest.approx(column.tolist(), abs=1e-6)
    assert trial.test.per_class["class"] == list(by_hand.classifier().classes)
    normal = probabilities / probabilities.sum(axis=1, keepdims=True)
    assert trial.test.metrics == pytest.approx(
        {
            "loss": log_loss(labels, normal),
            "accuracy": np.mean(labels == predictions),
            "f1": f1_score(labels, predictions, average="macro"),
            "auroc": roc_auc_score(labels, normal, multi_class="ovr"),
        }
    )
