"""What a run holds in memory: the driver's resident size, and the growth of its workers."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import in_fresh_process, run_search


def training_with_memory(params: dict[str, Any], seed: int = 0) -> Iterator[dict[str, float]]:
    """Train a small network on digits and report the worker's resident memory."""
    from objectives.image_classifier import ImageClassifier

    for metrics in ImageClassifier(params, epochs=2, seed=seed):
        yield {
            "score": metrics["val_accuracy"] or 0.0,
            "pid": os.getpid(),
            "memory_mb": psutil.Process().memory_info().rss / 2**20,
        }


def measure() -> list[Benchmark]:
    """Run some 220 small trainings on two workers, in a process that did nothing before."""
    return in_fresh_process(_measure)


def _measure() -> list[Benchmark]:
    with tempfile.TemporaryDirectory() as folder:
        study, _, _ = run_search(
            Path(folder),
            objective="tests.benchmarks.memory:training_with_memory",
            budget={"trials": 220},
            pruner={"name": "none"},
            parameters={
                "filters": {"type": "categorical", "choices": [8, 16, 32]},
                "batch_size": {"type": "categorical", "choices": [64, 128]},
            },
        )
        driver_mb = psutil.Process().memory_info().rss / 2**20
        trials = sorted(study.trials(), key=lambda trial: trial.number)
    growths = []  # of each worker, over its last 100 trials
    for pid in {trial.metrics["pid"] for trial in trials}:
        sizes = [r.metrics["memory_mb"] or 0.0 for r in trials if r.metrics["pid"] == pid]
        growths.append(max(sizes) - sizes[max(0, len(sizes) - 100)])
    return [
        Benchmark("resident memory of the driver", driver_mb, "MB", 500),
        Benchmark("growth of a worker over 100 trials", max(growths), "MB", 50),
    ]
