"""How the best trial classifies validation images, told right after a run without a network."""

import base64
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.api.study import Study
from search.best_trial.trained import EVALUATION, trained_classifier
from search.best_trial.validation import validation_of
from search.plots.catalogue import PLOTS
from search.report.page import report_html
from search.studies.driver import StudyDriver
from search.studies.folder import read_worst_picture
from search.studies.lock import driving
from tests.conftest import RunStudy
from tests.pages import PageText
from tests.plots.studies import title_of
from tests.predicting import Judged

OF = "trial 0, epoch 2: 60 validation images, on which trials are selected"
WRONG = [index for index in range(40, 60) if index % 3]
"""At epoch 2, the best one, `Judged` takes these for class 0."""
BY_CLASS, WORST = "Validation metrics by class", "Worst classified validation images"


def judged(run_study: RunStudy, **settings: Any) -> StudyDriver:
    """Run two trials, of which the first one is the better."""
    study = run_study(
        "inline",
        objective="tests.predicting:Judged",
        settings=settings,
        start_from=[{"x": 0.5}, {"x": 0.25}],
        budget={"trials": 2},
    )
    Judged.read.clear()
    Judged.shown.clear()
    return study


def page_of(study: StudyDriver, ask: bool = True) -> PageText:
    return PageText(report_html(study, ask))


def test_report_right_after_a_run_has_the_validation_split_and_reads_no_other(
    run_study: RunStudy,
) -> None:
    study = judged(run_study)
    page = page_of(study)
    assert page.tables[BY_CLASS][:2] == [
        ["class", "precision", "recall", "F1", "support"],
        ["cat", "0.5882", "1.0000", "0.7407", "20"],
    ]
    assert [row[0] for row in page.tables[BY_CLASS]][1:] == ["cat", "dog", "owl"]
    assert OF in page.texts["p"]
    worst = page.tables[WORST]
    assert worst[1] == ["validation image 40", "40", "dog", "cat", "0.0000"]
    assert len(worst) == 11
    assert Judged.shown == [("val", WRONG[:10])]
    assert Judged.read == [], "no network runs, on no split"
    titles = [text for text in page.texts["text"] if "split, trial 0" in text]
    assert titles == [
        "Confusions on the validation split, trial 0",
        "Accuracy by class on the validation split, trial 0",
    ]


def test_pictures_are_kept_and_the_objective_is_asked_once(run_study: RunStudy) -> None:
    study = judged(run_study)
    first = page_of(study)
    for again in (page_of(study), page_of(study, ask=False)):
        assert again.tables[WORST] == first.tables[WORST]
        assert again.addresses == first.addresses
    assert len(Judged.shown) == 1
    picture = read_worst_picture(study.trial_folder(0), 40, "val")
    assert picture
    assert f"data:image/png;base64,{base64.b64encode(picture).decode()}" in first.addresses
    assert read_worst_picture(study.trial_folder(0), 40) is None, "it is none of the test split"


def test_report_that_may_not_ask_has_the_numbers_of_classes(run_study: RunStudy) -> None:
    page = page_of(judged(run_study), ask=False)
    assert [row[0] for row in page.tables[BY_CLASS]][1:] == ["0", "1", "2"]
    assert page.tables[WORST][1] == ["40", "1", "0", "0.0000"]
    assert any("pictures are left out: the objective was not asked" in p for p in page.texts["p"])
    assert Judged.shown == []


def test_objective_is_not_made_while_trials_run(run_study: RunStudy) -> None:
    study = judged(run_study)
    with driving(study.folder):
        page = page_of(study)
    assert Judged.shown == []
    assert "pictures are shown once the run has ended" in page.texts["p"]
    assert len(page.tables[WORST]) == 11


@pytest.mark.parametrize("flaw", ["images raise", "too few", "no pictures"])
def test_flaw_of_images_costs_only_the_pictures(run_study: RunStudy, flaw: str) -> None:
    page = page_of(judged(run_study, flaw=flaw))
    assert page.tables[WORST][1] == ["40", "1", "0", "0.0000"]
    assert sum(text.startswith("no pictures: ") for text in page.texts["p"]) == 1


def test_study_that_cannot_be_written_shows_pictures_all_the_same(run_study: RunStudy) -> None:
    study = judged(run_study)
    (study.trial_folder(0) / "worst_val").write_text("a file in the place of a folder")
    page = page_of(study)
    assert page.tables[WORST][1][0] == "validation image 40"
    assert not (study.trial_folder(0) / "classes.json").exists()


@pytest.mark.parametrize("names", ["", "null", "[1", "[]", '["a"]'])
def test_names_that_are_damaged_are_numbers(run_study: RunStudy, names: str) -> None:
    study = judged(run_study)
    (study.trial_folder(0) / "classes.json").write_text(names)
    found = validation_of(study, study.trial(0))
    assert found
    assert found.evaluation.per_class["class"] == ["0", "1", "2"]


def test_evaluated_study_shows_both_splits_and_plots_the_test_split(run_study: RunStudy) -> None:
    study = judged(run_study)
    Study(study).evaluate(1)
    page = page_of(study)
    assert {BY_CLASS, WORST, "Test metrics by class"} <= page.tables.keys()
    assert OF in page.texts["p"]
    titles = {title_of(plot) for name in PLOTS if (plot := PLOTS[name](study))}
    assert "Confusions on the test split, trial 1" in titles
    assert not any("validation split" in title for title in titles)
    of_best = Study(study).plot_confusion_matrix(0)
    assert title_of(of_best) == "Confusions on the validation split, trial 0"


def test_without_best_pt_it_says_what_is_needed(run_study: RunStudy) -> None:
    study = judged(run_study)
    shutil.rmtree(study.folder / "trials")
    page = page_of(study)
    assert BY_CLASS not in page.tables
    assert (
        "not kept of trial 0: it needs a best.pt (see keep) of an objective that gives predictions"
        in page.texts["p"]
    )
    assert PLOTS["confusion_matrix"](study) is None


def test_image_classifier_counts_its_images_as_its_predictions_do(
    run_study: RunStudy, tmp_path: Path
) -> None:
    study = run_study(
        "inline",
        objective="objectives.image_classifier:ImageClassifier",
        settings={"model": "mlp", "data": {"name": "digits"}, "epochs": 1},
        metric={"name": "val_accuracy", "direction": "maximize"},
        budget={"trials": 1},
        parameters={"learning_rate": {"type": "float", "low": 0.01, "high": 0.02}},
    )
    trial = study.trial(0)
    (kept,) = dict(study.checkpoints.predictions([0])).values()
    with trained_classifier(study, trial, EVALUATION) as classifier:
        probabilities, labels = classifier.predict("val")
    assert (labels == kept.labels).all()
    assert np.abs(probabilities - kept.probabilities).max() < 0.01
    found = validation_of(study, trial)
    assert found
    assert found.evaluation.metrics["accuracy"] == pytest.approx(trial.value)
