"""What the server of the demo answers, and what the command says."""

import base64
import io
import json
import re
import signal
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
from tests.demo.serving import Served, png, served
from tests.processes import command_in, environment

# What the server answers


def test_answer_has_a_probability_of_each_class_and_what_the_network_sees(digits: Served) -> None:
    test = load_test_split(DataSettings(), "cpu")
    status, answer = digits.answer(png(test.images[0, 0].numpy()))
    assert status == 200
    assert answer["classes"] == list("0123456789")
    assert sum(answer["probabilities"]) == pytest.approx(1)
    assert int(np.argmax(answer["probabilities"])) == int(test.labels[0])
    seen = base64.b64decode(answer["seen"].removeprefix("data:image/png;base64,"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(seen))), test.images[0, 0])


def test_answer_is_that_of_predict(digits: Served, digits_folder: Path) -> None:
    drawing = np.full((90, 70), 255)
    drawing[20:70, 30:38] = 0
    (digits_folder / "one.png").write_bytes(png(drawing))
    done = command_in(digits_folder)("predict", "digits", "one.png", "--json", "--top", "10")
    predicted = {one["class"]: one["probability"] for one in json.loads(done.stdout)[0]["classes"]}
    _, answer = digits.answer(png(drawing))
    found = dict(zip(answer["classes"], answer["probabilities"], strict=True))
    assert found == pytest.approx(predicted, abs=1e-6)


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (b"no image", 422, "picture: an image file must be given, got something else"),
        (b"", 422, "picture: an image file must be given, got something else"),
        (png(np.full((50, 50), 7)), 422, "picture: something must be drawn on it, got pixels"),
        (bytes(16 * 1024**2 + 1), 413, "picture: at most 16 MiB must be given, got more"),
    ],
    ids=["text", "nothing", "flat", "large"],
)
def test_what_cannot_be_classified_is_one_sentence(
    digits: Served, content: bytes, status: int, sentence: str
) -> None:
    found, answer = digits.answer(content)
    assert found == status
    assert answer["error"].startswith(sentence)
    assert "\n" not in answer["error"]


@pytest.mark.parametrize("host", ["search.example", "127.0.0.1.search.example", "10.0.0.1:7860"])
def test_other_names_of_the_machine_are_refused(digits: Served, host: str) -> None:
    for method, path in (("GET", "/"), ("GET", "/examples/0.png"), ("POST", "/classify")):
        assert digits.ask(method, path, Host=host)[0] == 400


def test_own_names_of_the_machine_are_taken(digits: Served) -> None:
    for host in (f"127.0.0.1:{digits.port}", f"localhost:{digits.port}"):
        assert digits.ask("GET", "/", Host=host)[0] == 200


def test_other_pages_may_not_ask(digits: Served) -> None:
    assert digits.ask("POST", "/classify", b"x", Origin="http://search.example")[0] == 403
    assert digits.ask("POST", "/classify", b"x", Origin=digits.address)[0] == 422


def test_examples_are_test_images_and_no_others(digits: Served) -> None:
    status, body = digits.ask("GET", "/examples/0.png")
    assert (status, Image.open(io.BytesIO(body)).size) == (200, (8, 8))
    assert digits.ask("GET", "/examples/29.png")[0] == 200
    assert digits.ask("GET", "/examples/30.png")[0] == 404
    assert digits.ask("GET", "/examples/-1.png")[0] == 404


def test_page_needs_no_other_place(digits: Served) -> None:
    page = digits.ask("GET", "/")[1].decode()
    assert not re.search(r"https?://|@import|<script src|<iframe", page)
    assert "Trained on 1,150 images of digits in 10 classes, chosen by val_accuracy" in page


def test_page_names_the_folder_of_its_images(colours: Served) -> None:
    assert "Trained on 48 images of stones in 2 classes" in colours.ask("GET", "/")[1].decode()


# What the command says


def test_interrupt_ends_it_without_a_word(digits_folder: Path) -> None:
    with served(digits_folder, "digits", "--trial", "0", "--port", "0") as server:
        assert server.address == f"http://127.0.0.1:{server.port}"
        server.process.send_signal(signal.SIGINT)
        _, errors = server.process.communicate(timeout=60)
    assert server.process.returncode == 0
    assert re.fullmatch(r"digits: trial 0, epoch \d; Ctrl-C ends it\n", errors)


def test_port_that_is_taken_is_told(digits_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with served(digits_folder, "digits", "--port", str(taken)) as server:
            assert server.port > taken
            server.process.send_signal(signal.SIGINT)
            _, errors = server.process.communicate(timeout=60)
    assert errors.startswith(f"port {taken} is taken, {server.port} is free\n")


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
        "pip install -e '.[demo]' in the folder of search\n"
    )


def test_what_cannot_be_shown_is_an_error(digits_folder: Path) -> None:
    search = command_in(digits_folder)
    for arguments, message in (
        (["digit"], "error: studies/digit: there is no such study; did you mean 'digits'"),
        (["digits", "--trial", "7"], "error: --trial: a COMPLETE trial must be given, got 7"),
    ):
        done = search("demo", *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith(message)


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
