"""What people are told of images and networks without any training, by the command line."""

from pathlib import Path

import pytest

from search.spaces.space_view import class_table
from tests.conftest import text_of
from tests.processes import Search, command_in

SPACE = """\
study: small
objective: objectives.image_classifier:ImageClassifier
settings: {data: {name: digits, limit: 100}, epochs: 1}
metric: {name: val_accuracy, direction: maximize}
budget: {trials: 1}
pruner: {name: none}
parameters:
  filters: {type: int, low: 4, high: 4}
"""


@pytest.fixture
def search(tmp_path: Path) -> Search:
    (tmp_path / "small.yaml").write_text(SPACE)
    return command_in(tmp_path)


def test_check_counts_the_images_of_each_class(search: Search) -> None:
    result = search("check", "small.yaml")
    assert result.returncode == 0, result.stderr
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["class", "train", "images", "share", "val", "images", "share"] in rows
    assert ["all", "80", "100.0%", "20", "100.0%"] in rows
    assert [row[0] for row in rows if row and row[0].isdecimal()] == list("0123456789")


def test_check_images_that_cannot_be_read_are_said(search: Search) -> None:
    data = "settings.data={name: image_folder, path: missing}"
    result = search("check", "small.yaml", "--set", data)
    assert result.returncode == 0
    assert "study       small" in result.stdout
    assert result.stderr.startswith("warning: no trial can run yet: objective: data.path: ")


def test_check_objective_without_images_says_nothing_of_them(
    search: Search, tmp_path: Path
) -> None:
    (tmp_path / "plain.py").write_text(
        "def train(params, **settings):\n    yield {'score': 1.0}\n"
    )
    result = search("check", "small.yaml", "--set", "objective=plain:train")
    assert result.returncode == 0, result.stderr
    assert "share" not in result.stdout


def test_class_table_of_many_classes_gives_the_range() -> None:
    counts = {f"class {i}": {"train": 10 + i, "val": 2} for i in range(30)}
    text = text_of(class_table(counts))
    assert "30: 735 train images, 10 to 39 of each; 60 val images, 2 to 2 of each" in text


def test_show_layers_describes_the_network_of_a_trial(search: Search) -> None:
    assert search("run", "small.yaml", "--engine", "inline").returncode == 0
    plain = search("show", "small", "0")
    assert "Conv2d" not in plain.stdout
    assert plain.stderr == "next: search show small 0 --layers\n"
    result = search("show", "small", "0", "--layers")
    assert result.returncode == 0, result.stderr
    assert "Conv2d" in result.stdout
    assert "Total params: 1,490" in result.stdout
    assert '"layers": "===' in search("show", "small", "0", "--layers", "--json").stdout


def test_show_layers_without_a_trial_or_a_description_is_refused(
    search: Search, tmp_path: Path
) -> None:
    (tmp_path / "plain.py").write_text("def train(params):\n    yield {'score': 1.0}\n")
    text = SPACE.replace("objectives.image_classifier:ImageClassifier", "plain:train")
    text = text.replace("val_accuracy", "score")
    (tmp_path / "plain.yaml").write_text(
        text.replace("settings: {data: {name: digits, limit: 100}, epochs: 1}\n", "")
    )
    assert search("run", "plain.yaml", "--engine", "inline").returncode == 0
    result = search("show", "small", "0", "--layers")
    assert result.returncode == 2
    assert "plain:train must have describe(params, **settings)" in result.stderr
    result = search("show", "small", "--layers")
    assert result.stderr == (
        "error: --layers: a trial must be named, as in: search show STUDY 3 --layers\n"
    )
