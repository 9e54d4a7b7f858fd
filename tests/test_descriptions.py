"""What people are told of images and networks without any training, by the command line."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from objectives.backbones import Backbone
from objectives.blueprint import describe
from search.summaries.space import class_part
from tests.processes import Search, command_in
from tests.reports import told

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
    assert ["train", "val"] in rows
    assert ["class", "images", "share", "images", "share"] in rows
    assert ["all", "80", "100.0%", "20", "100.0%"] in rows
    assert [row[0] for row in rows if row and row[0].isdecimal()] == list("0123456789")


def test_check_images_that_cannot_be_read_are_said(search: Search) -> None:
    data = "settings.data={name: image_folder, path: missing}"
    result = search("check", "small.yaml", "--set", data)
    assert result.returncode == 0
    assert "study       small" in result.stdout
    assert result.stderr.startswith("warning: no trial can run yet: objective: data.path: ")


@pytest.fixture
def pets(search: Search, tmp_path: Path) -> Path:
    """Write ten images of each of two classes, and make them those of the space file."""
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(10):
            Image.effect_noise((8, 8), 90).save(tmp_path / "pets" / name / f"{i}.png")
    text = SPACE.replace("{name: digits, limit: 100}", "{name: image_folder, path: pets}")
    (tmp_path / "small.yaml").write_text(text)
    return tmp_path / "pets"


def test_check_lists_all_that_is_wrong_with_a_folder(search: Search, pets: Path) -> None:
    (pets / "cat" / "bad.png").write_bytes(b"no")
    (pets / "empty").mkdir()
    result = search("check", "small.yaml")
    assert result.stderr.splitlines() == [
        f"warning: no trial can run yet: objective: data.path: {pets} has 1 file that cannot be "
        "read, 1 class with too few images; the first: class empty has no images; a split into "
        "train and val needs 2",
        "  cat/bad.png cannot be read: it is no image that Pillow knows",
        "  data.skip_bad: true leaves out files that cannot be read",
    ]
    (pets / "empty").rmdir()
    result = search("check", "small.yaml", "--set", "settings.data.skip_bad=true")
    assert result.stdout.splitlines()[-2].split() == (
        ["note", "1", "file", "that", "cannot", "be", "read", "left", "out", "(data.skip_bad)"]
    )
    assert "note        no test split: search evaluate needs a folder test/" in result.stdout


def test_evaluate_of_a_folder_needs_a_test_split(search: Search, pets: Path) -> None:
    assert search("run", "small.yaml", "--engine", "inline", "--quiet").returncode == 0
    refused = search("evaluate", "small")
    assert refused.returncode == 2
    assert "needs a folder test/ or data.test_fraction" in refused.stderr
    more = ("--set", "settings.data.test_fraction=0.2", "--name", "held")
    assert search("run", "small.yaml", "--engine", "inline", "--quiet", *more).returncode == 0
    assert search("evaluate", "held").returncode == 0


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
    text = told([class_part(counts)])
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
    assert "plain:train must have describe(**settings)" in result.stderr
    result = search("show", "small", "--layers")
    assert result.stderr == (
        "error: --layers: a trial must be named, as in: search show STUDY 3 --layers\n"
    )


def test_layers_are_told_without_the_compiler_of_torch() -> None:
    code = """
import sys
from objectives.blueprint import describe
assert "Conv2d" in describe(data={"name": "digits"})["layers"]({})
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class Shifted(torch.nn.Module):
    """A network with a buffer that no checkpoint holds."""

    shift: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 7)
        self.register_buffer("shift", torch.ones(1), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layer((images + self.shift).mean(dim=(2, 3)))
        return found


def shifted(pretrained: bool) -> Backbone:  # noqa: ARG001
    return Backbone(Shifted(), 8, (0.5,) * 3, (0.5,) * 3)


def test_layers_of_a_network_with_an_unsaved_buffer_are_told() -> None:
    params = {"backbone": "tests.test_descriptions:shifted"}
    told = describe(model="pretrained", data={"name": "digits"})
    assert "Shifted" in told["layers"](params)
