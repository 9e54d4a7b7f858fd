"""Whether the driver keeps up with a large cluster: virtual workers, all else as it is."""

import time

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.quality.simulated import Landscape, Simulation

_ASHA = {"name": "asha", "min_epochs": 1, "reduction_factor": 3}


def measure() -> list[Benchmark]:
    """Run 20,000 trials on 1,000 virtual workers, and 1,000 on 50, recorded in memory."""
    small, large = event_ms(1_000, 50), event_ms(20_000, 1_000)
    return [
        Benchmark("the driver's time of an event, 20,000 trials, 1,000 workers", large, "ms", 2),
        Benchmark("times that of 1,000 trials, 50 workers", large / small, "×", 2),
    ]


def event_ms(n_trials: int, n_workers: int) -> float:
    """Run trials of random points under asha; milliseconds for each start, epoch and end."""
    landscape = Landscape.of("cifar10")
    spec = landscape.grid.spec(
        budget={"trials": n_trials}, sampler={"name": "random"}, pruner=_ASHA
    )
    simulation = Simulation(landscape, spec, n_workers)
    began = time.process_time()
    simulation.search()
    n_events = len(simulation.seen) + 2 * n_trials
    return 1_000 * (time.process_time() - began) / n_events
