"""How long the default sampler takes to propose a point, after few trials and after many."""

import statistics
import time
from collections.abc import Iterator

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.spaces.optuna_privates import quiet_optuna
from search.spaces.sampling import make_sampler, sample_points
from search.spaces.space import Space
from search.spaces.space_file import load_space_file
from search.spaces.spec import SamplerSpec
from search.studies.trials import Epoch, epoch_entry, seconds_of_epoch
from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import ROOT

_N_EPOCHS = (1, 1, 1, 1, 1, 1, 3, 3, 9, 15)
"""How far trials come under asha."""
_N_PROPOSALS = 10


def measure() -> list[Benchmark]:
    """Propose points of `spaces/small_cnn.yaml` after 200 and after 5,000 trials."""
    few, many = (proposal_s(n) for n in (200, 5_000))
    return [
        Benchmark("a proposal of the forest, 200 trials", 1_000 * few, "ms", 50),
        Benchmark("a proposal of the forest, 5,000 trials", 1_000 * many, "ms", 500),
    ]


def proposal_s(n_trials: int) -> float:
    """Measure the median proposal in seconds, the first one aside, which imports scikit-learn."""
    space = Space.of(load_space_file(ROOT / "spaces" / "small_cnn.yaml"))
    sampler = make_sampler(SamplerSpec(name="forest"), space, seconds=seconds_of_epoch)
    with quiet_optuna():
        study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials([*_trials(space, n_trials)])
    seconds = []
    for _ in range(1 + _N_PROPOSALS):
        began = time.perf_counter()
        space.suggest(study.ask())
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


def _trials(space: Space, n_trials: int) -> Iterator[FrozenTrial]:
    rng = np.random.default_rng(0)
    for place, point in enumerate(sample_points(space, n_trials)):
        values = np.sort(rng.random(_N_EPOCHS[place % len(_N_EPOCHS)])).tolist()
        epochs = [
            Epoch(number, {"val_accuracy": value}, rng.random(), 0.0)
            for number, value in enumerate(values, start=1)
        ]
        yield create_trial(
            state=TrialState.PRUNED,
            params=point,
            distributions={name: space.distributions[name] for name in point},
            intermediate_values=dict(enumerate(values, start=1)),
            system_attrs=dict(epoch_entry(epoch, counts=True) for epoch in epochs),
        )
