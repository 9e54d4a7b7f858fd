"""Runs the benchmarks named on the command line, or all that download nothing."""

import argparse
from collections.abc import Callable

from tests.benchmarks import (
    confirmation,
    crashes,
    crowd,
    drawing,
    freezing,
    hostile,
    kills,
    memory,
    overhead,
    proposing,
    quick,
    record,
    report,
    scale,
    setup,
    sooner,
    startup,
    training,
    versus,
)
from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.results import machine, measured_at, write_rows

MEASUREMENTS: dict[str, Callable[[], list[Benchmark]]] = {
    "startup": startup.measure,
    "quick": quick.measure,
    "overhead": overhead.measure,
    "epoch": training.measure_epoch,
    "versus": versus.measure,
    "memory": memory.measure,
    "record": record.measure,
    "report": report.measure,
    "confirm": confirmation.measure,
    "scale": scale.measure,
    "proposal": proposing.measure,
    "crowd": crowd.measure,
    "kills": kills.measure,
    "crashes": crashes.measure,
    "hostile": hostile.measure,
    "features": freezing.measure_features,
    "unfreezing": freezing.measure_unfreezing,
    "drawing": drawing.measure,
    "whole": training.measure_whole_search,
    "setup": setup.measure,
    "sooner": sooner.measure,
}
ON_REQUEST = {"setup", "sooner"}
"""What is measured only when it is named: it downloads gigabytes, or takes half an hour."""


def main() -> None:
    """Measure, print and write; a missed target is told and ends nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--no-write", action="store_true", help="leave RESULTS.md as it is")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"a benchmark must be named, got {unknown[0]}; valid: {[*MEASUREMENTS]}")
    print(machine(), flush=True)
    for name in arguments.names or [n for n in MEASUREMENTS if n not in ON_REQUEST]:
        measured = measured_at()
        benchmarks = MEASUREMENTS[name]()
        for benchmark in benchmarks:
            print(f"{name:<10} {benchmark}", flush=True)
        if benchmarks and not arguments.no_write:
            write_rows(name, benchmarks, measured, MEASUREMENTS)


if __name__ == "__main__":
    main()
