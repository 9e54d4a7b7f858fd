"""How soon the command line answers."""

import statistics

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import command_seconds

CHECK = ("check", "spaces/small_cnn.yaml")
CHECK_TARGET = 4.0
"""`search check` counts classes; it once took 18 times `--help`, as that had loaded torch."""


def measure() -> list[Benchmark]:
    """Time in turn the two commands that people wait for most often."""
    command_seconds(*CHECK)  # the first call after an installation compiles modules
    pairs = [(command_seconds("--help"), command_seconds(*CHECK)) for _ in range(5)]
    help_s, check_s = (statistics.median(side) for side in zip(*pairs, strict=True))
    return [
        Benchmark("`search --help`", help_s, "s", 0.5),
        Benchmark("`search check spaces/small_cnn.yaml`", check_s, "s", 1.5),
        Benchmark("`search check`, times `--help`", check_s / help_s, "×", CHECK_TARGET),
    ]
