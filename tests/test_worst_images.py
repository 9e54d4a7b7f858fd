"""The worst classified test images: which ones, as pictures in the study, and as a table."""

import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from search.best_trial.evaluation import choose_trials, evaluate_trials
from search.best_trial.pictures import small_png
from search.commands import looking
from search.commands.using import evaluate
from search.studies.driver import StudyDriver
from search.studies.folder import read_worst_picture, write_pictures
from search.studies.test_metrics import N_WORST, Evaluation, Miss, read_evaluation, worst_images
from search.summaries.evaluation import evaluation_parts
from tests.conftest import RunStudy
from tests.predicting import Showing
from tests.reports import told

CLASSES = ["a", "b", "c"]
# At epoch 2 of `Predicting` images 40 to 59 are taken for class 0, for sure; those of class 0 are
# image 42, 45 and so on.
WRONG = [index for index in range(40, 60) if index % 3]


def run_one(run_study: RunStudy, objective: str = "Showing", **settings: Any) -> StudyDriver:
    """Run one trial."""
    Showing.shown.clear()
    return run_study(
        "inline",
        objective=f"tests.predicting:{objective}",
        settings=settings,
        start_from=[{"x": 0.5}],
        budget={"trials": 1},
    )


def read(study: StudyDriver, **options: Any) -> list[str]:
    """Evaluate the trial and give what was said."""
    said: list[str] = []
    options = {"again": False, "skip": True, "say": said.append, **options}
    evaluate_trials(study, choose_trials(study, [], 1), **options)
    return said


def test_worst_are_the_misclassified_with_the_least_probability() -> None:
    probabilities = np.array(
        [[0.1, 0.2, 0.7], [0.4, 0.3, 0.3], [0.9, 0.05, 0.05], [0.6, 0.1, 0.3], [0.2, 0.4, 0.4]]
    )
    found = worst_images(probabilities, np.array([0, 1, 0, 1, 2]), CLASSES)
    assert found == [
        Miss(0, "a", "c", 0.1),
        Miss(3, "b", "a", 0.1),
        Miss(1, "b", "a", 0.3),
        Miss(4, "c", "b", 0.4),
    ]


def test_worst_are_ten_at_most_and_none_where_all_is_right() -> None:
    labels = np.arange(30) % 3
    assert worst_images(np.eye(3)[labels], labels, CLASSES) == []
    found = worst_images(np.eye(3)[(labels + 1) % 3], labels, CLASSES)
    assert [miss.index for miss in found] == list(range(N_WORST))


def test_evaluate_keeps_the_worst_and_their_pictures(run_study: RunStudy) -> None:
    study = run_one(run_study)
    assert read(study) == ["toy: trial 0 reads the test split"]
    test = StudyDriver.open("toy", study.folder.parent).trial(0).test
    assert test
    assert test.worst
    assert [miss.index for miss in test.worst] == WRONG[:N_WORST]
    assert test.worst[0] == Miss(40, "1", "0", 0.0)
    assert Showing.shown == [("test", WRONG[:N_WORST])]
    files = sorted((study.trial_folder(0) / "worst").iterdir())
    assert [file.name for file in files] == [f"{index}.png" for index in WRONG[:N_WORST]]
    with Image.open(files[0]) as picture:
        assert (picture.size, picture.getpixel((0, 0))) == ((8, 8), 160)


def test_pictures_that_cannot_be_written_cost_no_metrics(run_study: RunStudy) -> None:
    study = run_one(run_study)
    study.trial_folder(0).mkdir(parents=True, exist_ok=True)
    (study.trial_folder(0) / "worst").write_text("a file in the place of a folder")
    said: list[str] = []
    evaluate_trials(study, [study.trial(0)], again=False, skip=False, say=said.append)
    assert study.trial(0).test
    assert "worst: the folder must be writable, got" in said[-1]


def test_evaluate_without_images_keeps_rows_only(run_study: RunStudy) -> None:
    study = run_one(run_study, "Predicting")
    read(study)
    test = study.trial(0).test
    assert test
    assert len(test.worst or []) == N_WORST
    assert not (study.trial_folder(0) / "worst").exists()


@pytest.mark.parametrize(
    ("flaw", "problem"),
    [
        ("too few", "images('test', indices) must give an image for each of 10 indices, got 0"),
        ("no pictures", "objective: images() must give images of Pillow, got ndarray"),
        ("images raise", "the disk is gone"),
    ],
)
def test_evaluate_flaw_of_images_costs_only_the_pictures(
    run_study: RunStudy, flaw: str, problem: str
) -> None:
    study = run_one(run_study, flaw=flaw)
    said = read(study)
    assert said[-1].startswith("no pictures of the worst images: ")
    assert problem in said[-1]
    assert study.trial(0).test


def test_pictures_replace_those_that_were_there(tmp_path: Path) -> None:
    write_pictures(tmp_path, {3: b"a", 5: b"b"})
    write_pictures(tmp_path, {5: b"c"})
    assert read_worst_picture(tmp_path, 5) == b"c"
    assert read_worst_picture(tmp_path, 3) is None
    write_pictures(tmp_path, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "RGB", "RGBA", "CMYK", "F"])
def test_small_picture_of_any_mode_is_a_png_of_no_more_than_96_pixels(mode: str) -> None:
    with Image.open(io.BytesIO(small_png(Image.new(mode, (400, 200))))) as small:
        assert (small.format, small.size) == ("PNG", (96, 48))


def test_tables_show_the_worst(run_study: RunStudy, capsys: pytest.CaptureFixture[str]) -> None:
    study = run_one(run_study)
    read(study)
    studies = study.folder.parent
    for show in (partial(evaluate, "toy"), partial(looking.show, "toy", 0)):
        capsys.readouterr()
        show(studies=studies)
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        place = lines.index(["image", "true", "predicted", "p(true)"])
        assert lines[place + 2] == ["40", "1", "0", "0.0000"]
    capsys.readouterr()
    evaluate("toy", studies=studies, as_json=True)
    (facts,) = json.loads(capsys.readouterr().out)
    assert facts["worst"][0] == {"index": 40, "true": "1", "predicted": "0", "probability": 0.0}


def test_record_of_before_is_read_and_says_what_it_lacks(run_study: RunStudy) -> None:
    study = run_one(run_study)
    read(study)
    attributes = dict(study.optuna_study.user_attrs)
    stored = {name: value for name, value in attributes["test:0"].items() if name != "worst"}
    study.optuna_study.set_user_attr("test:0", stored)
    test = study.trial(0).test
    assert test
    assert test.worst is None
    text = told(evaluation_parts("toy", study.trial(0)))
    assert "run `search evaluate toy --trial 0 --again`" in text


def test_record_of_a_newer_version_is_read() -> None:
    stored = {**Evaluation({}, 1.0, {}, None, []).__dict__, "telepathy": 3}
    assert read_evaluation({"test:0": stored}, 0) == Evaluation({}, 1.0, {}, None, [])


def test_no_miss_is_said(run_study: RunStudy) -> None:
    study = run_one(run_study)
    read(study)
    attributes = study.optuna_study.user_attrs["test:0"]
    study.optuna_study.set_user_attr("test:0", {**attributes, "worst": []})
    assert "every test image is classified correctly" in told(
        evaluation_parts("toy", study.trial(0))
    )
