"""What freezing saves and what unfreezing spoils, on 2,000 colour images."""

import itertools
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from objectives.image_classifier import ImageClassifier
from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.training import mnist_root

SETTINGS: dict[str, Any] = {
    "model": "pretrained",
    "image_size": 64,
    "epochs": 6,
    "batch_size": 64,
    "optimizer": "adam",
    "learning_rate": 0.01,
    "channels_last": True,
    "device": "cpu",
}
WAYS: dict[str, dict[str, Any]] = {
    "at the head's rate": {"backbone_lr_ratio": 1.0, "unfreeze_warmup_steps": 0, "bn": "full"},
    "by the schedule": {"backbone_lr_ratio": 0.03},
}


def measure_features() -> list[Benchmark]:
    """Compare a probe epoch through the backbone with one on the features kept of it."""
    if not _images():
        return []
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, patch.dict("os.environ", XDG_CACHE_HOME=folder):
        # The smallest of rotations has every image go through the backbone.
        through = _second_epoch_s({"freeze": "probe", "rotation": 1e-6})
        kept = _second_epoch_s({"freeze": "probe"})
    return [Benchmark("probe epoch, times faster than through", through / kept, "×", 20, False)]


def measure_unfreezing() -> list[Benchmark]:
    """Unfreeze after three epochs of the head, in the way that a report failed by, and in ours."""
    if not _images():
        return []
    torch.set_num_threads(2)
    figures = []
    for way, params in WAYS.items():
        objective = ImageClassifier(
            {"freeze": "lpft", "unfreeze_at": 0.5, **params}, **_settings()
        )
        accuracies = [float(metrics["val_accuracy"] or 0) for metrics in objective]
        before, after = accuracies[2], accuracies[3:]
        worst = f"val_accuracy unfrozen {way}: {before:.3f}, then lowest"
        is_wrecking = way != "by the schedule"
        figures.append(Benchmark(worst, min(after), "", before / 2, is_wrecking))
        figures.append(Benchmark(f"{way}: last", after[-1], "", before, is_wrecking))
    return figures


def _second_epoch_s(params: dict[str, Any]) -> float:
    epochs = iter(ImageClassifier(params, **_settings()))
    next(epochs)
    started = time.perf_counter()
    next(itertools.islice(epochs, 1))
    return time.perf_counter() - started


def _settings() -> dict[str, Any]:
    data = {"name": "image_folder", "path": str(_folder()), "image_size": 32, "limit": 2000}
    return {**SETTINGS, "data": data}


def _folder() -> Path:
    return mnist_root() / "cifar10_jpg"


def _images() -> bool:
    if not _folder().exists():
        print("freezing  skipped: no cifar10_jpg; give the folder it lies in as $SEARCH_DATA")
    return _folder().exists()
