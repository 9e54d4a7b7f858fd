"""Data sets by name: torchvision's and the user's own, as arrays or as torchvision-style sets."""

import bz2
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from objectives.data import image_shape_and_classes, load_dataset, load_test_split
from objectives.errors import SettingsError
from objectives.image_classifier import ImageClassifier
from objectives.images import DataSettings
from objectives.sources import SOURCES

OWN = """\
from pathlib import Path

import numpy as np
from PIL import Image

with Path("reads").open("a") as file:
    file.write("x")


def colours(split):
    n = {"train": 30, "test": 6}[split]
    labels = np.arange(n) % 3
    images = np.zeros((n, 8, 8, 3), np.uint8)
    images[np.arange(n), :, :, labels] = 200
    return images, labels, ("red", "green", "blue")


def shades(split):
    n = 20
    images = np.repeat(np.arange(n) * 9 % 256, 36).reshape(n, 6, 6).astype(np.uint8)
    return images, [i % 2 for i in range(n)]


class Pictures:
    classes = ["cat", "dog"]

    def __init__(self, split):
        self.sizes = [8, 9] if split == "train" else [9]

    def __len__(self):
        return 20

    def __getitem__(self, i):
        if i >= 20:
            raise IndexError
        return Image.new("RGB", (self.sizes[i % len(self.sizes)], 8), (i, 0, 0)), i % 2


def train_only(split):
    return None if split == "test" else shades(split)


def floats(split):
    return np.zeros((4, 8, 8)), [0, 1, 0, 1]


def odd(split):
    return np.zeros((4, 8, 8), np.uint8), [0, 1]


def nameless(split):
    return np.zeros((4, 8, 8), np.uint8), [0, 1, 2, 0], ["a"]
"""


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_dataset.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SEARCH_DOWNLOAD", "0")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a module of data sets."""
    (tmp_path / "own_sets.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_sets", raising=False)
    return tmp_path / "own_sets.py"


def settings(name: str, **more: Any) -> DataSettings:
    return DataSettings(name=name, **more)


def refused(name: str, **more: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        load_dataset(settings(name, **more), "cpu")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_says_what_it_is(name: str) -> None:
    assert SOURCES[name].description


@pytest.mark.usefixtures("own")
def test_own_arrays_of_colour_are_split_trained_and_used() -> None:
    data = load_dataset(settings("own_sets:colours"), "cpu")
    assert (data.image_shape, data.classes) == ((3, 8, 8), ("red", "green", "blue"))
    assert (len(data.train), len(data.val)) == (24, 6)
    objective = ImageClassifier(
        {"learning_rate": 0.01}, data={"name": "own_sets:colours"}, epochs=20, device="cpu"
    )
    assert [*objective][-1]["val_accuracy"] == 1
    used = objective.classifier()
    assert len(used.predict("test")[1]) == 6
    green = Image.new("RGB", (20, 30), (0, 200, 0))
    assert used.classify([green]).argmax() == 1
    told = ImageClassifier.describe(data={"name": "own_sets:colours"})
    assert told["class_counts"]()["blue"] == {"train": 8, "val": 2}


@pytest.mark.usefixtures("own")
def test_own_grey_arrays_have_classes_by_number_and_take_pictures() -> None:
    given: dict[str, Any] = {"name": "own_sets:shades", "image_size": 12}
    assert image_shape_and_classes(settings(**given)) == ((1, 12, 12), 2)
    used = ImageClassifier({}, data=given, epochs=1, device="cpu").classifier()
    assert used.classes == ("0", "1")
    (seen,) = used.seen([Image.new("RGB", (40, 40), "white")])
    assert (seen.mode, seen.size, seen.getpixel((6, 6))) == ("L", (12, 12), 255)


def test_own_data_are_read_again_only_if_their_module_changes(own: Path) -> None:
    load_dataset(settings("own_sets:shades"), "cpu")
    first = Path("reads").read_text()
    for module_is_new in (False, True):
        load_dataset.cache_clear()
        sys.modules.pop("own_sets", None)
        if module_is_new:
            own.write_text(OWN.replace("n = 20", "n = 120"))
        data = load_dataset(settings("own_sets:shades"), "cpu")
        assert (len(data.train.images) == 120) == module_is_new
        assert (Path("reads").read_text() == first) != module_is_new


@pytest.mark.usefixtures("own")
def test_own_torchvision_style_set_is_read_item_by_item() -> None:
    data = load_dataset(settings("own_sets:Pictures", image_size=8), "cpu")
    assert (data.image_shape, data.classes) == ((3, 8, 8), ("cat", "dog"))
    assert data.train.images[:, 0, 4, 4].tolist() == list(range(20))
    assert refused("own_sets:Pictures").endswith(
        "Pictures has images of 2 sizes: data.image_size must be given"
    )
    assert len(load_test_split(settings("own_sets:Pictures"), "cpu")) == 20


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("floats", "(N, H, W) or (N, H, W, C) of uint8, with C = 1 or 3, got (4, 8, 8) of float"),
        ("odd", "a whole label from 0 on for each of 4 images, got (2,) of int64"),
        ("nameless", "must name each class, got 1 names and the label 2"),
        ("nowhere", "data.name: own_sets:nowhere must be importable, got AttributeError"),
    ],
)
@pytest.mark.usefixtures("own")
def test_own_data_that_cannot_be_used_are_refused(name: str, message: str) -> None:
    assert message in refused(f"own_sets:{name}")


@pytest.mark.usefixtures("own")
def test_own_data_without_a_test_split_say_so() -> None:
    assert len(load_dataset(settings("own_sets:train_only"), "cpu").train) == 16
    with pytest.raises(SettingsError, match="train_only must give a split 'test', it has none"):
        load_test_split(settings("own_sets:train_only"), "cpu")


def write_usps(root: Path, file: str, labels: list[int]) -> None:
    """Write images of one shade for each class, as torchvision lays USPS out."""
    root.mkdir(exist_ok=True)
    lines = [
        f"{label + 1} " + " ".join(f"{i + 1}:{label / 5 - 1}" for i in range(256))
        for label in labels
    ]
    with bz2.open(root / file, "wt") as out:
        out.write("\n".join(lines))


def test_torchvision_set_with_train_is_read_from_its_files(tmp_path: Path) -> None:
    root = tmp_path / "data"
    write_usps(root, "usps.bz2", [i % 10 for i in range(100)])
    write_usps(root, "usps.t.bz2", list(range(10)))
    given = settings("torchvision:USPS", root=str(root))
    data = load_dataset(given, "cpu")
    assert (data.image_shape, len(data.classes)) == ((1, 16, 16), 10)
    assert (len(data.train), len(data.val)) == (80, 20)
    assert data.train.images[5].unique().tolist() == [127]
    test = load_test_split(given, "cpu")
    assert test.labels.tolist() == list(range(10))
    (root / "usps.bz2").unlink()
    load_dataset.cache_clear()
    assert torch.equal(load_dataset(given, "cpu").train.images, data.train.images)


def test_torchvision_set_with_split_is_read_item_by_item(tmp_path: Path) -> None:
    base = tmp_path / "data" / "gtsrb"
    for label in range(2):
        folder = base / "GTSRB" / "Training" / f"{label:05}"
        folder.mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (10 + i, 12), (100 * label, 0, i)).save(folder / f"{i}.ppm")
    (base / "GTSRB" / "Final_Test" / "Images").mkdir(parents=True)
    Image.new("RGB", (30, 30)).save(base / "GTSRB" / "Final_Test" / "Images" / "0.ppm")
    (base / "GT-final_test.csv").write_text("Filename;ClassId\n0.ppm;1\n")
    given = settings("torchvision:GTSRB", root=str(tmp_path / "data"), image_size=9)
    data = load_dataset(given, "cpu")
    assert (data.image_shape, data.classes) == ((3, 9, 9), ("0", "1"))
    assert np.unique(data.train.images[data.train.labels == 1][:, 0]).tolist() == [100]
    assert load_test_split(given, "cpu").labels.tolist() == [1]


def test_torchvision_set_that_is_missing_or_unknown_is_refused(tmp_path: Path) -> None:
    missing = refused("torchvision:SVHN", root=str(tmp_path))
    assert missing.startswith(f"data.root: SVHN must lie in {tmp_path} or be downloadable, got: ")
    unknown = refused("torchvision:SVNH")
    assert unknown.startswith("unknown data set of torchvision 'SVNH'; did you mean 'SVHN'; valid")
    assert "EMNIST" not in unknown.partition("valid: ")[2]  # it has several training splits
