"""What a trial costs when its objective does nothing."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import run_search

N_TRIALS = 200
EPOCHS = 9


def nothing(params: dict[str, Any], epochs: int) -> Iterator[dict[str, float]]:
    """Epoch as often as a real objective does, without training."""
    for epoch in range(epochs):
        yield {"score": params["x"] + epoch}


def measure() -> list[Benchmark]:
    """Run 200 empty trials of 9 epochs; start-up lasts until the first trial has ended."""
    trial_ms, startup_s = run_empty_trials(N_TRIALS)
    return [
        Benchmark("one empty trial of 9 epochs", trial_ms, "ms", 60),
        Benchmark("start-up and exit of the Ray engine", startup_s, "s", 8),
    ]


def run_empty_trials(n_trials: int) -> tuple[float, float]:
    """Run them under Ray; give the milliseconds of one, and the seconds of start-up and exit."""
    with tempfile.TemporaryDirectory() as folder:
        _, clock, total_s = run_search(
            Path(folder),
            objective="tests.benchmarks.overhead:nothing",
            settings={"epochs": EPOCHS},
            budget={"trials": n_trials},
            pruner={"name": "none"},
            parameters={
                "x": {"type": "float", "low": 0, "high": 1},
                "y": {"type": "float", "low": 0, "high": 1},
                "z": {"type": "categorical", "choices": ["a", "b"]},
                "n": {"type": "int", "low": 1, "high": 9},
            },
        )
    trials_s = clock.last_end - clock.first_end
    return 1000 * trials_s / (n_trials - 1), total_s - trials_s
