"""What a trial costs when its objective does nothing."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure, run_search

N_TRIALS = 200


def nothing(params: dict[str, Any], epochs: int) -> Iterator[dict[str, float]]:
    """Report as often as a real objective does, without training."""
    for epoch in range(epochs):
        yield {"score": params["x"] + epoch}


def measure() -> list[Figure]:
    """Run 200 empty trials of 9 epochs; start-up lasts until the first trial has ended."""
    with tempfile.TemporaryDirectory() as folder:
        _, clock, total_s = run_search(
            Path(folder),
            objective="tests.benchmarks.overhead:nothing",
            settings={"epochs": 9},
            budget={"trials": N_TRIALS},
            pruner={"name": "none"},
            parameters={
                "x": {"type": "float", "low": 0, "high": 1},
                "y": {"type": "float", "low": 0, "high": 1},
                "z": {"type": "categorical", "choices": ["a", "b"]},
                "n": {"type": "int", "low": 1, "high": 9},
            },
        )
    trials_s = clock.last_end - clock.first_end
    return [
        Figure("one empty trial of 9 epochs", 1000 * trials_s / (N_TRIALS - 1), "ms", 60),
        Figure("start-up and exit of the Ray engine", total_s - trials_s, "s", 8),
    ]
