"""What the report of a study of 1,000 trials costs to write and to send."""

import tempfile
from pathlib import Path

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import command_seconds
from tests.large_studies import make_large_study

N_TRIALS = 1000


def measure() -> list[Benchmark]:
    """Write the page of ten parameters, of which six of ten trials were pruned or failed."""
    with tempfile.TemporaryDirectory() as folder:
        study = make_large_study(Path(folder), N_TRIALS)
        page = Path(folder) / "report.html"
        seconds = command_seconds("report", study.name, "--studies", folder, "--output", str(page))
        megabytes = page.stat().st_size / 1e6
    return [
        Benchmark("report of 1,000 trials", seconds, "s", 20),
        Benchmark("size of that", megabytes, "MB", 5),
    ]
