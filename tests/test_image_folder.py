"""Folders of the user's own images: what is wrong is told at once, what is odd in notes."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets.folder import IMG_EXTENSIONS

from objectives.data import load_dataset, load_test_split
from objectives.errors import SettingsError
from objectives.folders import ENDINGS
from objectives.image_classifier import ImageClassifier
from objectives.image_folder import open_folder
from objectives.images import DataSettings
from objectives.sources import prepare
from tests.conftest import ROOT

NO_TEST = "no test split: search evaluate needs a folder test/ or data.test_fraction"

Pets = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start each test with an empty cache folder."""
    load_dataset.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def pets(tmp_path: Path) -> Pets:
    """Write images of noise, all of them different, of each class of a split."""
    random = np.random.default_rng(0)

    def write(
        under: str = "", n_images: int = 10, classes: tuple[str, ...] = ("cat", "dog")
    ) -> Path:
        for name in classes:
            folder = tmp_path / "pets" / under / name
            folder.mkdir(parents=True, exist_ok=True)
            for i in range(n_images):
                noise = random.integers(0, 256, (8, 8, 3), np.uint8)
                Image.fromarray(noise).save(folder / f"{i}.png")
        return tmp_path / "pets"

    return write


def settings(folder: Path, **more: Any) -> DataSettings:
    return DataSettings(name="image_folder", path=str(folder), image_size=8, **more)


def refused(folder: Path, **more: Any) -> list[str]:
    """Give the lines with which a folder is refused."""
    with pytest.raises(SettingsError) as caught:
        open_folder(settings(folder, **more))
    first, *others = str(caught.value).splitlines()
    return [first.removeprefix(f"data.path: {folder}"), *(line.strip() for line in others)]


def notes(folder: Path, **more: Any) -> list[str]:
    return open_folder(settings(folder, **more)).notes()


def sizes(folder: Path, **more: Any) -> dict[str, int]:
    """Count the images of each split."""
    counts = open_folder(settings(folder, **more)).class_counts().values()
    return {split: sum(of[split] for of in counts) for of in counts for split in of}


def truncated_jpeg() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(file, "JPEG")
    return file.getvalue()[:1000]


def test_all_that_is_wrong_is_told_at_once_and_by_name(pets: Pets) -> None:
    folder = pets()
    (folder / "cat" / "text.jpg").write_text("no image")
    (folder / "dog" / "zero.png").write_bytes(b"")
    (folder / "dog" / "cut.JPG").write_bytes(truncated_jpeg())
    (folder / "dog" / "gone.png").symlink_to("nowhere.png")
    (folder / "empty").mkdir()
    (folder / "empty" / "why.gif").write_text("x")
    pets(n_images=1, classes=("one",))
    first, *lines = refused(folder)
    assert first == (
        " has 4 files that cannot be read, 2 classes with too few images; the first: "
        "class empty has no images; a split into train and val needs 2"
    )
    assert lines[:3] == [
        "class one has 1 image; a split into train and val needs 2",
        "cat/text.jpg cannot be read: it is no image that Pillow knows",
        lines[2],
    ]
    assert lines[2].startswith("dog/cut.JPG cannot be read: image file is truncated")
    assert lines[3:6] == [
        "dog/gone.png cannot be read: no such file or directory",
        "dog/zero.png cannot be read: it is empty",
        "data.skip_bad: true leaves out files that cannot be read",
    ]
    assert lines[6].startswith("1 file is skipped by ending: .gif 1; read are .jpg .jpeg .png")


def test_many_bad_files_are_named_up_to_twenty(pets: Pets) -> None:
    folder = pets()
    for i in range(150):
        (folder / "dog" / f"bad{i:03}.jpg").write_bytes(b"no")
    first, *lines = refused(folder)
    assert first.startswith(" has 150 files that cannot be read; the first: dog/bad000.jpg")
    assert lines[18].startswith("dog/bad019.jpg")
    assert lines[19] == "and 130 more"


def test_skip_bad_leaves_out_what_cannot_be_read_and_says_how_many(pets: Pets) -> None:
    folder = pets("train")
    pets("test", 3)
    for split in ("train", "test"):
        (folder / split / "cat" / "0.png").write_bytes(b"no")
    assert "cat/0.png cannot be read" in "".join(refused(folder))
    wanted = settings(folder, skip_bad=True)
    assert sizes(folder, skip_bad=True) == {"train": 15, "val": 4, "test": 5}
    assert notes(folder, skip_bad=True) == ["2 files that cannot be read left out (data.skip_bad)"]
    data, test = load_dataset(wanted, "cpu"), load_test_split(wanted, "cpu")
    for loaded, name in ((data.train, "train"), (test, "test")):
        first_dog = loaded.images[(loaded.labels == 0).sum()].numpy()
        expected = prepare(Image.open(folder / name / "dog" / "0.png"), "image_folder", (8, 8))
        np.testing.assert_array_equal(first_dog, expected)


def test_second_time_nothing_is_read_again_until_a_file_changes(pets: Pets) -> None:
    folder = pets()
    (folder / "cat" / "0.png").write_bytes(b"no")
    refused(folder)
    file = folder / "cat" / "0.png"
    stat = file.stat()
    file.write_bytes(b"oh")  # not seen: size and time are the same
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    before = sorted((folder.parent / "cache").rglob("images.npy"))
    assert sizes(folder, skip_bad=True) == {"train": 15, "val": 4}
    assert sorted((folder.parent / "cache").rglob("images.npy")) == before
    shutil.copy(folder / "cat" / "1.png", file)
    assert sizes(folder) == {"train": 16, "val": 4}


def test_nested_copies_and_duplicates_across_splits_are_told(pets: Pets) -> None:
    folder = pets()
    shutil.copytree(folder / "dog", folder / "dog" / "copy")
    nested, leaks, within, no_test = notes(folder)
    assert nested == "10 images in sub-folders of class dog counted as dog: dog/copy/ 10"
    first, *pairs = leaks.splitlines()
    n_leaks = int(first.split()[0])
    assert first.endswith("in train and val at once:")
    assert all("(train)" in pair and "(val)" in pair for pair in pairs if "more" not in pair)
    assert "dog/copy/" in pairs[0]
    assert within == f"{10 - n_leaks} images of train are copies of another"
    assert no_test == NO_TEST


def test_duplicates_across_folders_and_classes_are_named(pets: Pets) -> None:
    folder = pets("train")
    pets("val", 3)
    pets("test", 3)
    shutil.copy(folder / "train/cat/0.png", folder / "test/cat/same.png")
    shutil.copy(folder / "train/cat/1.png", folder / "train/dog/other.png")
    assert notes(folder) == [
        "1 image in train and test at once:\n  train/cat/0.png (train) = test/cat/same.png (test)",
        "1 image in two classes at once:\n  train/cat/1.png (train) = train/dog/other.png (train)",
    ]


def test_skipped_files_are_counted_by_ending_and_hidden_ones_are_not(pets: Pets) -> None:
    folder = pets()
    (folder / "cat" / "notes.txt").write_text("x")
    Image.new("RGB", (8, 8)).save(folder / "dog" / "a.GIF")
    for name in (".DS_Store", "Thumbs.db", "._0.jpg"):
        (folder / "dog" / name).write_bytes(b"x")
    for name in (".ipynb_checkpoints", "__MACOSX"):
        (folder / name).mkdir()
    Image.new("RGB", (8, 8)).save(folder / "stray.png")
    stray, skipped, _ = notes(folder)
    assert stray == "1 image directly in pets/ skipped, being of no class"
    assert skipped.startswith("2 files are skipped by ending: .gif 1, .txt 1; read are ")
    assert [*open_folder(settings(folder)).class_counts()] == ["cat", "dog"]


def test_endings_are_those_of_torchvision() -> None:
    assert ENDINGS == IMG_EXTENSIONS


def test_names_and_modes_of_all_sorts_are_read(pets: Pets) -> None:
    folder = pets(classes=("big cat", "dög"))
    place = folder / "big cat"
    noise = Image.effect_noise((8, 8), 90).convert("RGB")
    for mode, name in [
        ("L", "grau ß 猫.PNG"),
        ("RGBA", "a.webp"),
        ("P", "p.png"),
        ("CMYK", "c.jpg"),
    ]:
        noise.convert(mode).save(place / name)
    with open(os.fsencode(place) + b"/\xff\n.png", "wb") as file:
        noise.rotate(90).save(file, "PNG")
    (place / "linked.png").symlink_to(folder / "dög" / "0.png")
    (place / "loop").symlink_to(folder)
    assert open_folder(settings(folder)).class_counts() == {
        "big cat": {"train": 12, "val": 4},
        "dög": {"train": 8, "val": 2},
    }


def test_sixteen_bits_and_turned_photos_look_as_they_should(pets: Pets) -> None:
    folder = pets(n_images=3)
    deep = np.full((8, 8), 0x4000, np.uint16)
    Image.fromarray(deep).save(folder / "cat" / "a.png")
    turned = Image.new("RGB", (8, 8))
    turned.paste("white", (0, 0, 8, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(folder / "cat" / "b.png", exif=exif)
    data = load_dataset(settings(folder), "cpu")
    images = data.train.images[data.train.labels == 0]
    assert set(images[3].unique().tolist()) == {63}
    assert images[4, :, :, 4:].min() == 255
    assert images[4, :, :, :4].max() == 0
    again = prepare(Image.open(folder / "cat" / "b.png"), "image_folder", (8, 8))
    np.testing.assert_array_equal(images[4].numpy(), again)


def test_folder_val_is_the_validation_split(pets: Pets) -> None:
    folder = pets("train")
    pets("val", 3)
    data = load_dataset(settings(folder), "cpu")
    assert (len(data.train), len(data.val)) == (20, 6)
    first = prepare(Image.open(folder / "val" / "cat" / "0.png"), "image_folder", (8, 8))
    np.testing.assert_array_equal(data.val.images[data.val.indices[0]].numpy(), first)
    assert sizes(folder, limit=10) == {"train": 10, "val": 6}


def test_splits_that_lack_a_class_or_have_another_are_told(pets: Pets) -> None:
    folder = pets("train", classes=("cat", "dog", "emu"))
    pets("val", 3, ("cat", "dog"))
    pets("test", 3, ("cat", "emu"))
    (folder / "extra" / "cat").mkdir(parents=True)
    assert notes(folder) == [
        "test/ has no image of dog",
        "val/ has no image of emu",
        "not read, beside train/: extra/",
    ]
    pets("val", 2, ("zebra",))
    assert refused(folder)[0] == ": val/zebra holds 2 images of a class that train/ lacks"


def test_test_fraction_holds_out_the_same_images_for_every_trial(pets: Pets) -> None:
    folder = pets(n_images=20)
    assert sizes(folder, test_fraction=0.25) == {"train": 24, "val": 6, "test": 10}
    held_out = [
        load_test_split(settings(folder, test_fraction=0.25, **more), "cpu").indices.tolist()
        for more in ({}, {"val_fraction": 0.4}, {"limit": 20})
    ]
    assert held_out[0] == held_out[1] == held_out[2]
    other = load_test_split(settings(folder, test_fraction=0.25, seed=1), "cpu")
    assert other.indices.tolist() != held_out[0]
    data = load_dataset(settings(folder, test_fraction=0.25), "cpu")
    used = {*data.train.indices.tolist(), *data.val.indices.tolist()}
    assert len(used) == 30
    assert not used & {*held_out[0]}
    assert NO_TEST not in notes(folder, test_fraction=0.25)
    small = refused(pets(n_images=2, classes=("few",)), test_fraction=0.25)
    assert small[0] == ": class few has 2 images; a split into train and test and val needs 3"


def test_test_fraction_beside_a_folder_test_is_refused(pets: Pets) -> None:
    pets("train")
    (line, *_) = refused(pets("test", 3), test_fraction=0.25)
    assert "data.test_fraction may be given only where no folder test/ is" in line


def test_folder_test_may_lie_beside_the_classes(pets: Pets) -> None:
    pets()
    assert sizes(pets("test", 3)) == {"train": 16, "val": 4, "test": 6}


def test_class_may_be_named_as_a_split(pets: Pets) -> None:
    folder = pets(classes=("car", "train"))
    assert [*open_folder(settings(folder)).class_counts()] == ["car", "train"]


def test_folders_that_are_none_of_classes_are_refused(pets: Pets, tmp_path: Path) -> None:
    what = "data.path: one folder of images per class must lie in"
    (tmp_path / "file").write_text("x")
    flat = pets(n_images=4) / "cat"
    pets("other/test")
    for path, end in [
        (tmp_path / "nowhere", ", there is no such folder"),
        (tmp_path / "file", ", which is a file"),
        (flat, ", got 4 images directly in it"),
    ]:
        with pytest.raises(SettingsError) as caught:
            open_folder(settings(path))
        assert str(caught.value) == f"{what} {path}{end}"
    with pytest.raises(SettingsError, match="a folder 'train' must lie in .*, got only test"):
        open_folder(settings(tmp_path / "pets" / "other"))


def test_single_class_is_refused(pets: Pets) -> None:
    assert refused(pets(classes=("cat",)))[0] == ": two classes at least must be there, got cat"


def test_training_on_features_goes_through_a_folder_with_val(pets: Pets) -> None:
    pets("train")
    given: dict[str, Any] = {"name": "image_folder", "path": str(pets("val", 3)), "image_size": 8}
    pretrained: dict[str, Any] = {"backbone": "tests.test_pretrained:small_body", "image_size": 16}
    fixed: dict[str, Any] = {"freeze": "probe", "device": "cpu", "epochs": 1, **pretrained}
    objective = ImageClassifier({}, model="pretrained", data=given, **fixed)
    assert len(list(objective)) == 1
    assert len(objective.classifier().predict("val")[1]) == 6


def test_counting_a_folder_loads_no_torch(pets: Pets) -> None:
    program = (
        "import sys\n"
        "from objectives.image_folder import open_folder\n"
        "from objectives.images import DataSettings\n"
        f"folder = open_folder(DataSettings('image_folder', path={str(pets())!r}))\n"
        "print(folder.class_counts()['cat']['train'], len(folder.notes()), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["8", "1", "False"]
