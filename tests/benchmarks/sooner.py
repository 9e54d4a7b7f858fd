"""How soon a real search finds what Optuna's TPE with asha, our default of before, ends with.

Optuna's searches `spaces/small_cnn.yaml` as shipped; the forest then has twice the time that this
took, however many trials fit in. What counts is the time from the start of the first trial until
a value is reported that is as good as the last best one of Optuna's.
"""

import math
import statistics
import tempfile
from itertools import accumulate
from pathlib import Path

import search
from search.studies.reader import StudyReader
from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import ROOT

OPTUNAS = "optuna.samplers:TPESampler"
"""So named, as a class of somebody's, it sees trials as they are, not by their ranks."""
SEEDS = range(5)

Best = list[tuple[float, float]]
"""Seconds since the start, and the best value reported by then."""


def measure() -> list[Benchmark]:
    """Search with both, for each seed."""
    shares = []
    for seed in SEEDS:
        before = best_over_time(OPTUNAS, seed, "budget.time=30m")
        last_s, goal = before[-1]
        time = f"budget.time={2 * last_s:.0f}s"
        now = best_over_time("forest", seed, "sampler.cost_power=0.5", "budget.trials=1000", time)
        of_before, of_now = _reached(before, goal), _reached(now, goal)
        shares.append(of_now / of_before)
        text = f"{goal:.4f} after {of_before:.0f} s of {last_s:.0f}; {of_now:.0f} s"
        print(f"          {text}, at the end {now[-1][1]:.4f}", flush=True)
    what = "small_cnn: time to the last value of Optuna's TPE, forest by cost, times its own"
    return [Benchmark(what, statistics.median(shares), "×", 0.5)]


def best_over_time(sampler: str, seed: int, *overrides: str) -> Best:
    """Search with a sampler; the best value over time."""
    with tempfile.TemporaryDirectory() as studies:
        space = ROOT / "spaces" / "small_cnn.yaml"
        search.run(space, overrides, sampler=sampler, seed=seed, studies=studies, quiet=True)
        study = StudyReader.open("small_cnn", Path(studies))
        reported = []
        for trial in study.optuna_study.get_trials(deepcopy=False):
            assert trial.datetime_start
            began = trial.datetime_start.timestamp()
            rows = study.history(trial.number)
            ends = accumulate(float(row["seconds"] or 0.0) for row in rows)
            values = (float(row["val_accuracy"] or 0.0) for row in rows)
            reported += [(began + end, value) for end, value in zip(ends, values, strict=True)]
    start = min(at for at, _ in reported)
    reported.sort()
    best = accumulate((value for _, value in reported), max)
    return [(at - start, value) for (at, _), value in zip(reported, best, strict=True)]


def _reached(best: Best, goal: float) -> float:
    return next((at for at, value in best if value >= goal), math.inf)
