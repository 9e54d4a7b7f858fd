"""The winner classifies pictures: which trial, which files, what is said of the others."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from objectives.sources import read_digits
from search.best_trial.choice import choose_best_trial
from search.best_trial.pictures import read_picture
from search.best_trial.prediction import Classified, classify_files
from search.best_trial.trained import CLASSIFICATION
from search.commands.using import predict
from search.errors import ObjectiveError, SearchError, StudyError
from search.studies.driver import StudyDriver
from tests.classifying import Using, save_grey
from tests.conftest import RunStudy, make_spec
from tests.processes import command_in

SECTIONS: dict[str, Any] = {
    "objective": "tests.classifying:Using",
    "start_from": [{"x": x} for x in (0.5, 0.9, 0.7, 0.3)],
    "keep": 2,
}
"""Trial 1 is best, then 2; the others have no checkpoint."""
DIGITS = """\
study: digits
objective: objectives.image_classifier:ImageClassifier
settings: {data: {name: digits}, epochs: 6, device: cpu}
metric: {name: val_accuracy, direction: maximize}
budget: {trials: 1}
pruner: {name: none}
parameters:
  learning_rate: {type: float, low: 5.0e-3, high: 1.0e-2, log: true}
"""


@pytest.fixture
def study(run_study: RunStudy) -> StudyDriver:
    Using.given.clear()
    return run_study("inline", **SECTIONS)


def winner(study: StudyDriver, number: int | None = None) -> tuple[int, list[str]]:
    said: list[str] = []
    return choose_best_trial(study, number, CLASSIFICATION, said.append).number, said


def classified(study: StudyDriver, *paths: Path) -> tuple[list[Classified], list[str]]:
    said: list[str] = []
    return classify_files(study, study.trial(1), paths, said.append), said


def test_winner_is_the_best_trial_or_the_one_named(study: StudyDriver) -> None:
    assert winner(study) == (1, [])
    assert winner(study, 2) == (2, [])


def test_winner_without_a_checkpoint_is_left_out_and_told(study: StudyDriver) -> None:
    (study.trial_folder(1) / "best.pt").unlink()
    number, (said,) = winner(study)
    assert number == 2
    assert said.startswith(
        "left out: toy: trial 1 must have a checkpoint (best.pt) to be used for predictions, got "
        "none: deleted; valid: 2;"
    )


def test_winner_named_without_a_checkpoint_is_an_error(study: StudyDriver) -> None:
    with pytest.raises(StudyError, match=r"trial 0 must have .* not kept, .*; valid: 1, 2;"):
        winner(study, 0)
    with pytest.raises(StudyError, match="--trial: a COMPLETE trial must be given, got 9; valid:"):
        winner(study, 9)


def test_winner_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="must be COMPLETE to be used for predictions, none is"):
        winner(StudyDriver.create(make_spec(), tmp_path))


def test_objective_that_cannot_classify_is_an_error(run_study: RunStudy) -> None:
    study = run_study("inline", **{**SECTIONS, "objective": "tests.predicting:Predicting"})
    with pytest.raises(ObjectiveError) as caught:
        classified(study, Path("any.png"))
    assert str(caught.value) == (
        "objective: tests.predicting:Predicting must have classifier().classify(), "
        "state_dict(), load_state_dict() to be used for predictions, it lacks "
        "classifier().classify()"
    )


def test_classes_are_named_and_ordered_by_probability(study: StudyDriver, tmp_path: Path) -> None:
    paths = save_grey(tmp_path, dark=51, light=204)
    (dark, light), said = classified(study, *paths)
    assert said == []
    assert (dark.path, light.path) == (paths[0], paths[1])
    assert [name for name, _ in dark.classes] == ["cat", "dog", "owl"]
    assert [share for _, share in light.classes] == pytest.approx([0.8, 0.2, 0])
    assert light.classes[0][0] == "dog"


def test_classes_without_names_are_numbers(run_study: RunStudy, tmp_path: Path) -> None:
    study = run_study("inline", **{**SECTIONS, "objective": "tests.classifying:Unnamed"})
    ((light,), _) = classified(study, *save_grey(tmp_path, light=204))
    assert [name for name, _ in light.classes] == ["1", "0", "2"]


def test_many_pictures_are_classified_in_parts(study: StudyDriver, tmp_path: Path) -> None:
    found, _ = classified(study, *save_grey(tmp_path, **{f"p{n}": n for n in range(70)}))
    assert [one.path.stem for one in found] == [f"p{n}" for n in range(70)]
    assert Using.given == [32, 32, 6]


def test_picture_that_is_refused_costs_no_other(study: StudyDriver, tmp_path: Path) -> None:
    dark, light = save_grey(tmp_path, dark=51, light=204)
    red, text = tmp_path / "red.png", tmp_path / "text.png"
    Image.new("RGB", (6, 5), "red").save(red)
    text.write_text("no image")
    found, said = classified(study, dark, red, text, light)
    assert [one.path for one in found] == [dark, light]
    assert said == [
        f"left out: {red}: no red must be in it, got some",
        f"left out: {text}: an image file must be given, got something else",
    ]


@pytest.mark.parametrize(
    ("flaw", "message"),
    [
        ("raises", "toy: trial 1: classifying.py:44: KeyError: 'images'"),
        ("shape", "objective: classify() must give probabilities (N, K), with N = 1, got (0, 3)"),
        ("logits", "objective: classify() must give probabilities from 0 to 1 that sum to 1, got"),
    ],
)
def test_flaw_of_the_objective_is_one_line(
    run_study: RunStudy, tmp_path: Path, flaw: str, message: str
) -> None:
    study = run_study("inline", **SECTIONS, settings={"flaw": flaw})
    with pytest.raises(ObjectiveError) as caught:
        classified(study, *save_grey(tmp_path, dark=51))
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def refusal(path: Path) -> str:
    with pytest.raises(SearchError) as caught:
        read_picture(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_file_that_is_no_picture_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (whole,) = save_grey(tmp_path, whole=51)
    assert refusal(tmp_path / "none.png") == "an image file must lie there, none found"
    assert refusal(tmp_path) == "an image file must be given, got a folder"
    (tmp_path / "text.png").write_text("no image")
    assert refusal(tmp_path / "text.png") == "an image file must be given, got something else"
    torn = tmp_path / "torn.png"
    noise = np.random.default_rng(0).integers(0, 256, (50, 50), np.uint8)
    Image.fromarray(noise).save(torn)
    torn.write_bytes(torn.read_bytes()[:900])
    assert refusal(torn).startswith("a whole image must be given, got: ")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    assert refusal(whole) == "an image of at most 20 pixels must be given, got a larger one"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    (path,) = save_grey(tmp_path, whole=51)
    path.chmod(0)
    assert refusal(path) == "the file must be readable, got Permission denied"


def test_verb_prints_a_line_for_each_picture(
    study: StudyDriver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = save_grey(tmp_path, dark=51, light=204)
    where = study.folder.parent
    predict("toy", paths, top=2, studies=where)
    out, err = capsys.readouterr()
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["image", "class", "probability", "2."]
    assert lines[2:] == [
        [str(paths[0]), "cat", "0.8000", "dog", "0.2000"],
        [str(paths[1]), "dog", "0.8000", "cat", "0.2000"],
    ]
    assert err == (
        f"toy: trial 1, epoch 2\nnext: search demo toy --studies {where}\n"
        f"      search export-model toy -o model.pt2 --studies {where}\n"
    )
    predict("toy", paths[:1], trial=2, top=1, studies=where, as_json=True)
    (printed,) = json.loads(capsys.readouterr().out)
    assert (printed["image"], printed["trial"]) == (str(paths[0]), 2)
    assert printed["classes"] == [{"class": "cat", "probability": pytest.approx(0.8)}]


def test_command_line_tells_of_each_bad_file(study: StudyDriver, tmp_path: Path) -> None:
    search, where = command_in(tmp_path), ["--studies", str(study.folder.parent)]
    save_grey(tmp_path, dark=51)
    result = search("predict", "toy", "none.png", "dark.png", *where)
    assert result.returncode == 2
    assert result.stderr.startswith("left out: none.png: an image file must lie there")
    assert result.stderr.endswith("error: 1 of the images could not be classified, see above\n")
    assert result.stdout.splitlines()[-1].split()[:3] == ["dark.png", "cat", "0.8000"]
    result = search("predict", "toy", "none.png", "nor.png", *where)
    assert result.returncode == 2
    assert result.stderr == (
        "error: none.png: an image file must lie there, none found\n"
        "nor.png: an image file must lie there, none found\n"
    )
    assert result.stdout == ""


def test_digits_as_files_and_as_drawings_are_mostly_right(tmp_path: Path) -> None:
    (tmp_path / "digits.yaml").write_text(DIGITS)
    test = read_digits(Path(), train=False, size=None)
    files, labels = [], []
    for n in range(0, 60):
        image, label = Image.fromarray(test.images[n, 0]), int(test.labels[n])
        large = image.resize((160, 160), Image.Resampling.BICUBIC)
        drawing = Image.new("L", (260, 240), 255)
        drawing.paste(Image.eval(large, lambda shade: 255 - shade), (70, 30))
        for kind, picture in (("file", image), ("drawing", drawing)):
            files.append(f"{kind}_{n}.png")
            labels.append(str(label))
            picture.save(tmp_path / files[-1])
    search = command_in(tmp_path)
    result = search("run", "digits.yaml", "--engine", "inline", "-q")
    assert result.returncode == 0, result.stderr
    result = search("predict", "digits", *files, "--json", "--top", "1")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    found = [one["classes"][0]["class"] for one in json.loads(result.stdout)]
    right = np.equal(found, labels)
    assert right[::2].mean() > 0.9
    assert right[1::2].mean() > 0.85
