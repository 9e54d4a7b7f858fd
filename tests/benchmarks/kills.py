"""A hundred SIGKILLs of the driver at random moments: what is lost, what differs?"""

import tempfile
from pathlib import Path

from tests.benchmarks.benchmark import Benchmark
from tests.test_resume import SPACE, finish, outcome, run_with_kills

N_KILLS = 100


def measure() -> list[Benchmark]:
    """Kill and resume studies until there were enough kills; compare with one left alone."""
    whole = outcome(_run(n_kills=0, seed=0)[0])
    n_kills = n_lost = n_repeated = n_different = seed = 0
    while n_kills < N_KILLS:
        seed += 1
        folder, n_hit = _run(n_kills=20, seed=seed)
        trials = {trial["number"]: trial for trial in outcome(folder)}
        n_kills += n_hit
        n_lost += sum(trial["number"] not in trials for trial in whole)
        n_repeated += len(trials) - len(whole)
        n_different += sum(trials.get(trial["number"]) != trial for trial in whole)
    return [
        Benchmark(f"trials lost over {n_kills} kills", n_lost, "", 0),
        Benchmark("trials repeated", n_repeated, "", 0),
        Benchmark("trials that differ from an undisturbed run", n_different, "", 0),
    ]


def _run(n_kills: int, seed: int) -> tuple[Path, int]:
    folder = Path(tempfile.mkdtemp(prefix="search_kills_"))
    (folder / "toy.yaml").write_text(SPACE)
    if n_kills:
        return folder, run_with_kills(folder, "inline", n_kills, seed)
    finish(folder, "run", "toy.yaml", "--engine", "inline")
    return folder, 0
