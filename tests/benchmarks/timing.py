"""How commands and runs are timed."""

import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from search.progress.terminal import Progress
from search.running.run import Run
from search.spaces.spec import Spec
from search.studies.driver import StudyDriver

ROOT = Path(__file__).parent.parent.parent
T = TypeVar("T")


class Clock(Progress):
    """Notes when the workers were ready, when reports came and when the last trial ended."""

    def __init__(self) -> None:
        super().__init__(Console(stderr=True))
        self.ready = self.first_end = self.last_end = 0.0
        self.n_epochs_first = 0
        self.reports: list[tuple[float, float]] = []

    def run_started(self, run: Run, n_workers: int) -> None:
        super().run_started(run, n_workers)
        self.ready = time.perf_counter()

    def epoch_finished(self, number: int, report: Any) -> None:
        super().epoch_finished(number, report)
        now = time.time()
        self.reports.append((now, now - (report.metrics.get("at") or now)))

    def trial_finished(self, trial: Any) -> None:
        super().trial_finished(trial)
        self.last_end = time.perf_counter()
        if not self.first_end:
            self.first_end, self.n_epochs_first = self.last_end, trial.n_epochs


def median_of(n_runs: int, measure: Callable[[], float]) -> float:
    """Take the median of several measurements."""
    return statistics.median(measure() for _ in range(n_runs))


def in_fresh_process(measure: Callable[[], T]) -> T:
    """Measure where nothing is loaded yet."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure).result()


def command_seconds(*args: str) -> float:
    """Time one whole `search` command."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "search", *args], cwd=ROOT, check=True, capture_output=True
    )
    return time.perf_counter() - started


def run_search(folder: Path, **sections: Any) -> tuple[StudyDriver, Clock, float]:
    """Run a search under Ray; return its study, its clock and the seconds of all of it."""
    from search.running.engines.ray_tune import run_trials

    spec = Spec.model_validate(
        {
            "study": "bench",
            "metric": {"name": "score", "direction": "maximize"},
            "resources": {"gpus_per_trial": 0},
            **sections,
        }
    )
    study = StudyDriver.create(spec, folder, [str(ROOT)])
    clock = Clock()
    started = time.perf_counter()
    run_trials(Run(study, clock))
    return study, clock, time.perf_counter() - started
