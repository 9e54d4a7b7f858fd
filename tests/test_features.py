"""What a frozen body makes of images: the same training, from one file that all share."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from objectives.features import feature_dataset
from objectives.image_classifier import ImageClassifier
from objectives.models.pretrained import Pretrained
from tests.conftest import ROOT
from tests.processes import environment
from tests.test_pretrained import small_body

Metrics = dict[str, float | int | None]

SMALL: dict[str, Any] = {
    **{"model": "pretrained", "backbone": "tests.test_pretrained:small_body", "image_size": 16},
    **{"freeze": "probe", "data": {"limit": 100}, "epochs": 2, "device": "cpu"},
}
PROGRAM = """
import os, time
from objectives.image_classifier import ImageClassifier
from objectives.models.pretrained import Pretrained
from tests.test_features import SMALL

computed, features = [], Pretrained.features

def slow_features(*given):
    computed.append(1)
    time.sleep(0.5)  # time for the other process to come to this point
    return features(*given)

Pretrained.features = slow_features
for _ in range(2):
    if not os.fork():
        list(ImageClassifier({}, **SMALL))
        os.write(1, b"%d " % len(computed))  # whole, whatever the other process writes
        os._exit(0)
for _ in range(2):
    os.wait()
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute in one thread: on a busy machine more of them only wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def files(cache: Path) -> list[Path]:
    return sorted(cache.glob("search/features/*/*.npy"))


def train(**settings: Any) -> list[Metrics]:
    return list(ImageClassifier({}, **{**SMALL, **settings}))


@pytest.mark.parametrize(("mode", "n_frozen"), [("probe", 3), ("lpft", 2)])
def test_training_on_features_equals_training_on_images(
    mode: str, n_frozen: int, cache: Path
) -> None:
    settings: dict[str, Any] = {
        **{"backbone": "objectives.backbones:efficientnet_lite0", "image_size": 32, "epochs": 3},
        **{"freeze": mode, "unfreeze_at": 0.7, "learning_rate": 0.01, "weight_decay": 0.01},
    }
    on_images = train(**settings, rotation=1e-9)  # any change of images makes features useless
    assert not files(cache)
    on_features = train(**settings)
    assert len(files(cache)) == 1
    for ours, expected in zip(on_features[:n_frozen], on_images[:n_frozen], strict=True):
        assert ours == pytest.approx(expected, abs=1e-4)
    assert on_features[0]["train_loss"] != on_features[1]["train_loss"]


def test_features_are_those_of_each_image_of_both_splits() -> None:
    classifier = ImageClassifier({}, **SMALL)
    model, images = classifier.model, classifier.data
    assert isinstance(model, Pretrained)
    features = feature_dataset(model, images, classifier.blueprint.data)
    for ours, split in ((features.train, images.train), (features.val, images.val)):
        with torch.no_grad():
            expected = model.features(images.normalise(split.images[split.indices]))
        torch.testing.assert_close(ours.images[ours.indices], expected)
        assert torch.equal(ours.labels[ours.indices], split.labels[split.indices])
    some = features.train.images[:4]
    assert torch.equal(features.normalise(some), some)


@pytest.mark.parametrize(
    "settings",
    [{"seed": 7}, {"epochs": 1}, {"learning_rate": 0.1, "dropout": 0.3}, {"freeze": "lpft"}],
)
def test_file_is_shared_by_trials_that_see_the_same(settings: dict[str, Any], cache: Path) -> None:
    train()
    (file,) = files(cache)
    made = file.stat()
    train(**settings)
    assert files(cache) == [file]
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (made.st_mtime_ns, made.st_ino)


@pytest.mark.parametrize(
    "settings",
    [
        {"image_size": 17},
        {"data": {"limit": 90}},
        {"data": {"limit": 100, "seed": 1}},
        {"data": {"limit": 100, "image_size": 10}},
        {"weights": "FILE"},
        {"backbone": "tests.test_pretrained:body_of_size_48"},
    ],
    ids=str,
)
def test_file_is_another_for_other_images_or_weights(
    settings: dict[str, Any], cache: Path
) -> None:
    train()
    if settings.get("weights"):
        settings = {"weights": str(cache / "weights.pth")}
        torch.save(small_body(pretrained=False).state_dict(), cache / "weights.pth")
    train(**settings)
    assert len(files(cache)) == 2


@pytest.mark.parametrize("settings", [{"freeze": "none"}, {"weights": "none"}, {"shift": 0.1}])
def test_file_is_not_made_where_features_do_not_stay(
    settings: dict[str, Any], cache: Path
) -> None:
    train(**settings)
    assert not files(cache)


def test_file_that_is_unfinished_is_not_used(cache: Path) -> None:
    history = train()
    (file,) = files(cache)
    whole = np.load(file)
    file.rename(file.with_name("unfinished.npy"))
    with file.with_name("unfinished.npy").open("r+b") as torn:
        torn.truncate(200)
    assert train() == history
    assert files(cache) == [file]
    np.testing.assert_array_equal(np.load(file), whole)


def test_processes_at_the_same_time_compute_one_file(cache: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**environment(cache), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert sorted(done.stdout.split()) == ["0", "1"], done.stderr
    assert len(files(cache)) == 1
