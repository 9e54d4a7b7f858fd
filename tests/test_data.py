"""Images: every source, the split, normalisation, the shared cache, and life without a network."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from objectives.data import image_shape_and_classes, load_dataset, load_test_split
from objectives.errors import SettingsError
from objectives.images import DataSettings
from tests.conftest import ROOT

SHARED = ROOT.parent / "shared" / "data"
needs_mnist = pytest.mark.skipif(not (SHARED / "MNIST" / "raw").is_dir(), reason="no MNIST here")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start each test with an empty cache folder."""
    load_dataset.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SEARCH_DATA", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """Write ten red and ten blue pictures of two sizes, with a test split beside."""
    for split, n_images in (("train", 10), ("test", 3)):
        for name, colour in (("blue", (0, 0, 255)), ("red", (255, 0, 0))):
            folder = tmp_path / "pictures" / split / name
            folder.mkdir(parents=True)
            for i in range(n_images):
                size = (12, 12) if i else (16, 12)
                Image.new("RGB", size, colour).save(folder / f"{i}.png")
    return tmp_path / "pictures"


def test_digits_are_all_there_and_split_by_class() -> None:
    data = load_dataset(DataSettings(), "cpu")
    assert data.image_shape == (1, 8, 8)
    assert (len(data.train), len(data.val)) == (1150, 288)
    assert len(load_test_split(DataSettings(), "cpu")) == 359
    assert data.classes == tuple("0123456789")
    for split in (data.train, data.val):
        counts = Counter(split.labels[split.indices].tolist())
        assert max(counts.values()) - min(counts.values()) <= 0.1 * len(split)
    assert not set(data.train.indices.tolist()) & set(data.val.indices.tolist())


def test_normalise_brings_the_training_split_to_mean_0_and_deviation_1() -> None:
    data = load_dataset(DataSettings(), "cpu")
    images = data.normalise(data.train.images[data.train.indices])
    assert images.dtype == torch.float32
    assert images.mean().item() == pytest.approx(0, abs=1e-4)
    assert images.std().item() == pytest.approx(1, abs=1e-3)


def test_split_depends_on_its_own_seed_only() -> None:
    first, again = (load_dataset(DataSettings(seed=4), "cpu") for _ in range(2))
    other = load_dataset(DataSettings(seed=5), "cpu")
    assert torch.equal(first.val.indices, again.val.indices)
    assert not torch.equal(first.val.indices, other.val.indices)


def test_limit_keeps_every_class() -> None:
    data = load_dataset(DataSettings(limit=100), "cpu")
    assert len(data.train) + len(data.val) == 100
    assert len(set(data.train.labels[data.train.indices].tolist())) == 10


@pytest.mark.parametrize("size", [4, 20])
def test_image_size_scales(size: int) -> None:
    data = load_dataset(DataSettings(image_size=size), "cpu")
    assert data.image_shape == (1, size, size)
    assert 60 < data.train.images.float().mean() < 100


def test_batches_cover_the_split_in_order() -> None:
    split = load_dataset(DataSettings(limit=100), "cpu").train
    order = torch.randperm(len(split))
    batches = list(split.batches(32, order))
    assert [len(labels) for _, labels in batches] == [32, 32, 16]
    seen = torch.cat([labels for _, labels in batches])
    assert torch.equal(seen, split.labels[split.indices[order]])


def test_image_folder_reads_both_splits_and_scales_to_one_size(image_folder: Path) -> None:
    settings = DataSettings(name="image_folder", path=str(image_folder), image_size=8)
    data = load_dataset(settings, "cpu")
    assert data.image_shape == (3, 8, 8)
    assert data.classes == ("blue", "red")
    assert (len(data.train), len(data.val)) == (16, 4)
    red = data.train.images[data.train.labels == 1]
    assert red[:, 0].min() == 255
    assert red[:, 2].max() == 0
    assert len(load_test_split(settings, "cpu")) == 6


def test_image_folder_changed_is_read_again(image_folder: Path) -> None:
    settings = DataSettings(name="image_folder", path=str(image_folder), image_size=8)
    before = load_dataset(settings, "cpu")
    for i in range(5):
        Image.new("RGB", (12, 12), (0, 255, 0)).save(
            image_folder / "train" / "red" / f"new{i}.png"
        )
    load_dataset.cache_clear()
    after = load_dataset(settings, "cpu")
    assert len(after.train.images) == len(before.train.images) + 5


def test_image_folder_without_test_split_says_so(image_folder: Path) -> None:
    settings = DataSettings(name="image_folder", path=str(image_folder / "train"))
    assert len(load_dataset(settings, "cpu").train.images) == 20
    with pytest.raises(SettingsError, match="needs a folder test/ or data.test_fraction"):
        load_test_split(settings, "cpu")


@needs_mnist
def test_mnist_is_read_from_search_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCH_DATA", str(SHARED))
    data = load_dataset(DataSettings(name="mnist"), "cpu")
    assert data.image_shape == (1, 28, 28)
    assert (len(data.train), len(data.val)) == (48_000, 12_000)
    assert len(load_test_split(DataSettings(name="mnist"), "cpu")) == 10_000


@needs_mnist
def test_mnist_root_comes_before_search_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCH_DATA", "/nowhere")
    data = load_dataset(DataSettings(name="mnist", root=str(SHARED), limit=100), "cpu")
    assert len(data.train) == 80


@pytest.mark.parametrize(
    ("name", "dataset"),
    [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST"), ("cifar10", "CIFAR10")],
)
def test_missing_without_network_is_one_line_that_says_what_to_do(
    name: str, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision import datasets

    nobody = "http://127.0.0.1:9/"
    monkeypatch.setattr(datasets.MNIST, "mirrors", [nobody])
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [nobody])
    monkeypatch.setattr(datasets.CIFAR10, "url", nobody + "cifar.tar.gz")
    with pytest.raises(SettingsError) as caught:
        load_dataset(DataSettings(name=name, root=str(tmp_path)), "cpu")
    (line,) = str(caught.value).splitlines()
    assert line.startswith(
        f"data.root: {dataset} must lie in {tmp_path} or be downloadable, got: "
    )
    assert line.endswith("give its folder as data.root or $SEARCH_DATA (torchvision's layout, "
                         f"root/{dataset})")  # fmt: skip


def test_missing_is_not_downloaded_if_that_is_forbidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_DOWNLOAD", "0")
    with pytest.raises(SettingsError, match="or be downloadable, got: SEARCH_DOWNLOAD=0; give"):
        load_dataset(DataSettings(name="mnist", root=str(tmp_path / "data")), "cpu")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "mnits"}, "unknown data.name 'mnits'; did you mean 'mnist'; valid: "),
        ({"val_fraction": 0}, "0 < data.val_fraction < 1 must hold, got 0"),
        ({"val_fraction": 1.5}, "0 < data.val_fraction < 1 must hold, got 1.5"),
        ({"path": "here"}, "data.path must be given for image_folder and for nothing else"),
        ({"name": "image_folder"}, "data.path must be given for image_folder and for nothing"),
        ({"limit": 5}, "data: the images must suffice for a split by class: "),
        ({"limit": 0}, "data.limit >= 1 must hold, got data.limit=0"),
        ({"image_size": 0}, "data.image_size >= 1 must hold, got data.image_size=0"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_dataset(DataSettings(**settings), "cpu")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_image_folder_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(SettingsError, match="one folder of images per class must lie in"):
            load_dataset(DataSettings(name="image_folder", path=str(path)), "cpu")


def test_second_process_maps_the_same_bytes(cache: Path) -> None:
    data = load_dataset(DataSettings(), "cpu")
    (file,) = cache.rglob("images.npy")
    before = file.stat()
    program = (
        "from objectives.data import load_dataset\n"
        "from objectives.images import DataSettings\n"
        "data = load_dataset(DataSettings(), 'cpu')\n"
        "print(int(data.train.images.long().sum()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == int(data.train.images.long().sum())
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert isinstance(np.load(file, mmap_mode="r"), np.memmap)


def test_mapped_images_lie_in_memory_once(cache: Path) -> None:
    load_dataset(DataSettings(image_size=64), "cpu")
    (file,) = cache.rglob("images.npy")
    maps = Path("/proc/self/smaps")
    if not maps.exists():
        pytest.skip("tells of mappings on Linux only")
    text = maps.read_text(encoding="utf-8")
    mapping = text[text.index(str(file)) :]
    copied = next(line for line in mapping.splitlines() if line.startswith("Anonymous"))
    assert copied.split()[1] == "0"


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "digits"},
        {"name": "digits", "image_size": 12},
        pytest.param({"name": "mnist", "root": str(SHARED)}, marks=needs_mnist),
    ],
)
def test_image_shape_and_classes_are_those_of_the_loaded_images(settings: dict[str, Any]) -> None:
    given = DataSettings(**settings)
    data = load_dataset(given, "cpu")
    assert image_shape_and_classes(given) == (data.image_shape, len(data.classes))


def test_image_shape_and_classes_of_a_folder_are_read(image_folder: Path) -> None:
    settings = DataSettings(name="image_folder", path=str(image_folder))
    assert image_shape_and_classes(settings) == ((3, 12, 12), 2)


def test_image_shape_and_classes_of_known_images_need_no_file() -> None:
    assert image_shape_and_classes(DataSettings(name="cifar10")) == ((3, 32, 32), 10)


def test_image_folder_is_looked_for_in_the_data_root_too(
    image_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_DATA", str(image_folder.parent))
    data = load_dataset(DataSettings(name="image_folder", path=image_folder.name), "cpu")
    assert data.classes == ("blue", "red")
