"""Thousands of states in which a power cut may leave a disk: what is lost, what cannot go on?"""

import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.benchmarks.benchmark import Benchmark
from tests.crashes.checking import SCENARIOS, Outcome, State, ends, fault, states

AT_MOST = 24
"""States after one call; of more, so many are drawn."""


def measure() -> list[Benchmark]:
    """Cut six commands after each of their system calls, and go on from what that may leave."""
    n_states, faults = 0, []
    with ProcessPoolExecutor(2) as pool:
        for verb, scenario in SCENARIOS.items():
            with tempfile.TemporaryDirectory() as place:
                (Path(place) / "cut").mkdir()
                found = list(states(scenario, Path(place) / "cut", AT_MOST))
                judge = partial(_fault, verb, ends(scenario, Path(place)))
            faults += [problem for problem in pool.map(judge, found, chunksize=8) if problem]
            n_states += len(found)
            print(f"          {verb}: {len(found)} states, {len(faults)} faults", flush=True)
    for problem in dict.fromkeys(faults):
        print(f"          {problem}", flush=True)
    return [
        Benchmark("states after a power cut that were gone on with", n_states, "", 5_000, False),
        Benchmark("of these, lost, repeated, different or stuck", len(faults), "", 0),
    ]


def _fault(verb: str, ends: list[Outcome], state: State) -> str | None:
    problem = fault(SCENARIOS[verb], state, ends)
    return problem and f"{verb}: {problem}"
