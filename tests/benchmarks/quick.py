"""Ratios that tell in three minutes, on any machine, whether something became slow.

Each divides a cost of ours by a yardstick taken in turn in the same run, so that a busy machine
slows both sides. What noise remains is why a miss is printed and fails nothing: a neighbour on
the same processor can still hit one side alone, and a check that cries wolf is soon not read.
"""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.overhead import run_empty_trials
from tests.benchmarks.record import epoch_ms, make_finished_study
from tests.benchmarks.startup import CHECK, CHECK_TARGET
from tests.benchmarks.timing import command_seconds, in_fresh_process

N_RAY_TRIALS = 60


def measure() -> list[Benchmark]:
    """Take all ratios; a second says nothing here."""
    command_seconds(*CHECK)  # the first call after an installation compiles modules
    check = _times_help(*CHECK)
    with tempfile.TemporaryDirectory() as folder:
        make_finished_study(Path(folder), "small", 1_000)
        at = ("--studies", folder)
        listed = _times_help("list", *at)
        leaderboard = _times_help("leaderboard", "small", "--top", "10", *at)
        make_finished_study(Path(folder), "large", 10_000)
        more = ("--trials", "+1", "--engine", "inline", "--quiet", *at)
        resumed = _times_help("resume", "large", *more)
    epoch = _ratio(lambda: in_fresh_process(_epochs))
    trial = _ratio(lambda: (in_fresh_process(_our_trial_ms), in_fresh_process(_rays_trial_ms)))
    return [
        Benchmark("`search check`, times `--help`", check, "×", CHECK_TARGET),
        Benchmark("`list` of a study of 1,000 trials, times `--help`", listed, "×", 4),
        Benchmark("`leaderboard` of 1,000 trials, times `--help`", leaderboard, "×", 5),
        Benchmark("`resume` of 10,000 with one more, times `--help`", resumed, "×", 15),
        Benchmark("an epoch recorded, times Optuna's own journal", epoch, "×", 3),
        Benchmark("an empty trial of 9 epochs, times Ray Tune's own", trial, "×", 2.5),
    ]


def _times_help(*args: str) -> float:
    return _ratio(lambda: (command_seconds(*args), command_seconds("--help")))


def _ratio(both: Callable[[], tuple[float, float]]) -> float:
    """Take both sides three times in turn; divide their medians."""
    pairs = [both() for _ in range(3)]
    ours = statistics.median(ours for ours, _ in pairs)
    return ours / statistics.median(yardstick for _, yardstick in pairs)


def _epochs() -> tuple[float, float]:
    from tests.benchmarks.bare import optuna_epoch_ms

    with tempfile.TemporaryDirectory() as folder:
        return epoch_ms(Path(folder)), optuna_epoch_ms(Path(folder))


def _our_trial_ms() -> float:
    return run_empty_trials(N_RAY_TRIALS)[0]


def _rays_trial_ms() -> float:
    from tests.benchmarks.bare import ray_trial_ms

    return ray_trial_ms(N_RAY_TRIALS)
