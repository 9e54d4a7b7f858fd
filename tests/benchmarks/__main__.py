"""Runs the benchmarks named on the command line, or all of them."""

import os
import platform
import sys
from collections.abc import Callable

from tests.benchmarks import (
    crowd,
    drawing,
    freezing,
    kills,
    memory,
    overhead,
    record,
    report,
    startup,
    training,
    versus,
)
from tests.benchmarks.figures import Figure

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "startup": startup.measure,
    "overhead": overhead.measure,
    "epoch": training.measure_epoch,
    "versus": versus.measure,
    "memory": memory.measure,
    "record": record.measure,
    "report": report.measure,
    "crowd": crowd.measure,
    "kills": kills.measure,
    "features": freezing.measure_features,
    "unfreezing": freezing.measure_unfreezing,
    "drawing": drawing.measure,
    "whole": training.measure_whole_search,
}


def main() -> None:
    """Measure and print."""
    names = sys.argv[1:] or [*BENCHMARKS]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name in names:
        for figure in BENCHMARKS[name]():
            print(f"{name:<10} {figure}", flush=True)


if __name__ == "__main__":
    main()
