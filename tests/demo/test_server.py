"""What `search demo` refuses, and what an objective may leave out or do wrong."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from objectives.data import load_test_split
from objectives.image_classifier import ImageClassifier
from objectives.images import DataSettings
from objectives.sources import prepare
from search.best_trial.pictures import PictureError
from search.demo.model import DemoModel
from search.demo.server import listen
from search.errors import ObjectiveError, SearchError
from tests.classifying import Using
from tests.demo.serving import png
from tests.processes import environment


def test_no_free_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 65535)), pytest.raises(SearchError) as caught:
        listen(65535)
    assert str(caught.value) == (
        "--port: one of 65535 to 65535 must be free, all are taken; valid: 0 for any"
    )


def test_missing_package_names_the_extra(digits_folder: Path) -> None:
    script = (
        "import sys; sys.modules['flask'] = None; sys.argv = ['search', 'demo', 'digits']\n"
        "from search.cli import main; main()"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=digits_folder, env=environment(digits_folder), capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: demo: the package flask must be installed, by the extra 'demo': "
        "pip install 'search[demo]'\n"
    )


# What an objective may leave out, or do wrong


def using(flaw: str = "") -> Any:
    return Using({}, flaw=flaw)


def test_objective_that_only_classifies_has_no_more_than_an_answer() -> None:
    model = DemoModel(using(), print)
    answer = model.answer(png(np.full((5, 6), 51)))
    assert (answer.classes, answer.seen) == (("cat", "dog", "owl"), None)
    assert answer.probabilities == pytest.approx((0.8, 0.2, 0))
    assert (model.examples, model.draws) == ((), True)


def test_picture_that_the_objective_refuses_is_one_sentence() -> None:
    red = np.zeros((5, 6, 3))
    red[..., 0] = 255
    with pytest.raises(PictureError, match=r"^picture: no red must be in it, got some$"):
        DemoModel(using(), print).answer(png(red))


def test_flaw_of_the_objective_is_one_sentence() -> None:
    with pytest.raises(
        ObjectiveError, match=r"^objective: classifying.py:\d+: KeyError: 'images'"
    ):
        DemoModel(using("raises"), print).answer(png(np.full((5, 6), 51)))


def test_data_without_a_test_split_is_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(10):
            Image.new("RGB", (8, 8), "red").save(tmp_path / name / f"{i}.png")
    objective = ImageClassifier({}, data={"name": "image_folder", "path": str(tmp_path)})
    said: list[str] = []
    assert DemoModel(objective.classifier(), said.append).examples == ()
    (sentence,) = said
    assert sentence.startswith("no test images: data.path: no test split: search evaluate needs")


@pytest.mark.parametrize("image_size", [None, 20])
def test_examples_are_seen_as_the_test_split_has_them(image_size: int | None) -> None:
    objective = ImageClassifier({}, data={"image_size": image_size}, device="cpu")
    split = load_test_split(DataSettings(image_size=image_size), "cpu")
    size = image_size or 8
    taken = objective.classifier().examples(25)
    assert [label for _, label in taken] == [*range(10), *range(10), *range(5)]
    for picture, label in taken[:10]:
        first = int(np.flatnonzero(split.labels == label)[0])
        np.testing.assert_array_equal(
            prepare(picture, "digits", (size, size)), split.images[first]
        )
