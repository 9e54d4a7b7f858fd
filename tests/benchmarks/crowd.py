"""Sixty-four trials at a time on a Ray that believes in 64 CPUs: can the driver keep up?"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure, in_fresh_process, run_search

N_WORKERS = 64
EPOCHS = 30


def sleeping(params: dict[str, Any], epochs: int) -> Iterator[dict[str, float]]:
    """Report about once a second, and when."""
    for epoch in range(1, epochs + 1):
        time.sleep(1)
        yield {"score": params["x"] * epoch, "at": time.time()}


def measure() -> list[Figure]:
    """Run two rounds of trials, in a process that did nothing before."""
    return in_fresh_process(_measure)


def _measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        study, clock, _ = run_search(
            Path(folder),
            objective="tests.benchmarks.crowd:sleeping",
            settings={"epochs": EPOCHS},
            budget={"trials": 2 * N_WORKERS},
            pruner={"name": "none"},
            sampler={"name": "random"},
            resources={"gpus_per_trial": 0, "workers": N_WORKERS},
            parameters={"x": {"type": "float", "low": 0.0, "high": 1.0}},
        )
        records = study.records()
    lost = 2 * N_WORKERS - sum(r.state == "COMPLETE" and r.n_epochs == EPOCHS for r in records)
    n_late = sum(record.n_epochs for record in records if record.number >= N_WORKERS)
    second_round_s = clock.last_end - clock.first_end
    return [
        Figure("trials lost of 128, 64 at a time", lost, "", 0),
        Figure("reports a second in the second round", n_late / second_round_s, "/s", 50, False),
    ]
