"""What `search check` says of files that nobody would write: how slow, how much, how badly?"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import ROOT, in_fresh_process
from tests.fuzzing import N_TESTED, bad_answer, enter, space_texts
from tests.hostile_spaces import ACCEPTED, REFUSED

N_FILES = 10 * N_TESTED

# What others are told of a process includes the size of the one that started it.
_CHECK = """\
import atexit
import sys
import time
from pathlib import Path


def tell():
    status = Path("/proc/self/status").read_text()
    kilobytes = status.partition("VmHWM:")[2].split()[0]
    Path("cost").write_text(f"{time.process_time()} {kilobytes}")


atexit.register(tell)
sys.argv = ["search", "check", "space.yaml"]
from search.cli import main

main()
"""


def measure() -> list[Benchmark]:
    """Check the corpus, each file in a process of its own, and random files in one."""
    texts = [text() for text, _ in REFUSED.values()] + [text() for text in ACCEPTED.values()]
    seconds, megabytes = zip(*map(_cost, texts), strict=True)
    n_bad = in_fresh_process(_n_answered_badly)
    return [
        Benchmark(
            f"the slowest of {len(texts)} hostile files, of the processor", max(seconds), "s", 1
        ),
        Benchmark("the one that takes most memory", max(megabytes), "MB", 300),
        Benchmark(f"of {N_FILES:,} random files, answered badly", n_bad, "", 0),
    ]


def _cost(text: str) -> tuple[float, float]:
    """Give the seconds and megabytes of a process that checks a file."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        enter(Path(name), patch)
        Path("space.yaml").write_text(text)
        subprocess.run(
            [sys.executable, "-c", _CHECK],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
            capture_output=True,
        )
        seconds, kilobytes = Path("cost").read_text().split()
        return float(seconds), float(kilobytes) / 1024


def _n_answered_badly() -> int:
    answers: list[str] = []

    @settings(
        max_examples=N_FILES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(space_texts())
    def check(text: str) -> None:
        answer = bad_answer(text)
        if answer:
            answers.append(answer)
            print(f"{answer}: {text!r}", file=sys.stderr)

    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        enter(Path(name), patch)
        check()
    return len(answers)
