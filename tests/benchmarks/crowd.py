"""Sixty-four trials at a time on a Ray that believes in 64 CPUs: can the driver keep up?"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import in_fresh_process, run_search

N_WORKERS = 64
EPOCHS = 80
WINDOW_S = 10


def sleeping(params: dict[str, Any], epochs: int) -> Iterator[dict[str, float]]:
    """Epoch about once a second, and when."""
    for epoch in range(1, epochs + 1):
        time.sleep(1)
        yield {"score": params["x"] * epoch, "at": time.time()}


def measure() -> list[Benchmark]:
    """Run them in a process that did nothing before; what counts is the busiest window."""
    return in_fresh_process(_measure)


def _measure() -> list[Benchmark]:
    n_trials = N_WORKERS + 8
    with tempfile.TemporaryDirectory() as folder:
        study, clock, _ = run_search(
            Path(folder),
            objective="tests.benchmarks.crowd:sleeping",
            settings={"epochs": EPOCHS},
            budget={"trials": n_trials},
            pruner={"name": "none"},
            sampler={"name": "random"},
            resources={"gpus_per_trial": 0, "workers": N_WORKERS},
            parameters={"x": {"type": "float", "low": 0.0, "high": 1.0}},
        )
        trials = study.trials()
    lost = n_trials - sum(r.state == "COMPLETE" and r.n_epochs == EPOCHS for r in trials)
    times = [handled_at for handled_at, _ in clock.reports]
    first = max(times, key=lambda t: sum(t <= other < t + WINDOW_S for other in times))
    lags = [lag for handled_at, lag in clock.reports if first <= handled_at < first + WINDOW_S]
    return [
        Benchmark(f"trials lost of {n_trials}, {N_WORKERS} at a time", lost, "", 0),
        Benchmark(
            "reports a second, of 64 that come once a second",
            len(lags) / WINDOW_S,
            "/s",
            50,
            False,
        ),
        Benchmark("their median time from worker to record", statistics.median(lags), "s", 1),
    ]
