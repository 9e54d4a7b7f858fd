"""What an environment costs: seconds and gigabytes of `make run` and `make test`."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import ROOT

RUN, TEST = ".venv/ready", ".venv/ready-dev"
PIP_S = 104
"""What pip took for both on 2 cores, nothing cached; 117 s from its own cache."""


def measure() -> list[Benchmark]:
    """Set up a clone, first with nothing of uv's cached, then again with all of it."""
    with tempfile.TemporaryDirectory() as folder:
        clone, cache = Path(folder) / "clone", Path(folder) / "cache"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        run_s, run_gb = _made(clone, cache, RUN)
        test_s, test_gb = _made(clone, cache, TEST)
        shutil.rmtree(clone / ".venv")
        again_s, _ = _made(clone, cache, TEST)
    return [
        Benchmark("set-up of `make run`, all downloaded", run_s, "s", PIP_S / 2),
        Benchmark("its size", run_gb, "GB", 7),
        Benchmark("set-up of `make test` after that", test_s, "s", PIP_S / 4),
        Benchmark("size of both", test_gb, "GB", 7.5),
        Benchmark("set-up of both, nothing downloaded", again_s, "s", PIP_S / 2),
    ]


def _made(clone: Path, cache: Path, target: str) -> tuple[float, float]:
    """Make a target of the Makefile; give its seconds and the gigabytes there are then."""
    without = {"VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    environment = {k: v for k, v in os.environ.items() if k not in without}
    started = time.perf_counter()
    subprocess.run(
        ["make", "--silent", target],
        cwd=clone,
        env={**environment, "UV_CACHE_DIR": str(cache)},
        check=True,
    )
    seconds = time.perf_counter() - started
    files = [path for path in (clone / ".venv").rglob("*") if not path.is_symlink()]
    return seconds, sum(path.stat().st_size for path in files) / 1e9
