"""The same training function under three orchestrators: ours, Optuna alone, Ray's tutorial.

All train a small network on digits in up to 9 epochs on two processes of one thread each,
propose with TPE and prune with successive halving (min 1 epoch, factor 3). What counts is
epochs trained per second: of the whole, start-up and exit included, and from the end of the
first trial to that of the last, as start-up is a fixed cost with a figure of its own.
"""

import logging
import math
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import ROOT, in_fresh_process, run_search

N_TRIALS = 96
EPOCHS = 9
CHOICES = {"filters": [8, 16, 32, 64], "kernel_size": [3, 5], "batch_size": [16, 32, 64]}


def train(params: dict[str, Any]) -> Iterator[dict[str, float]]:
    """The function that all three run."""
    import torch

    from objectives.image_classifier import ImageClassifier

    torch.set_num_threads(1)
    for metrics in ImageClassifier(params, epochs=EPOCHS, device="cpu"):
        yield {"score": metrics["val_accuracy"] or 0.0}


def measure() -> list[Benchmark]:
    """Compare pairs run in turn; the slow tutorial runs once, with a quarter of the trials."""
    pairs = [(in_fresh_process(ours), in_fresh_process(optuna_alone)) for _ in range(3)]
    tutorial = in_fresh_process(ray_tutorial)
    for mine, theirs in pairs:
        print(f"          epochs/s: ours {mine}, Optuna {theirs}", flush=True)
    whole = statistics.median(mine.whole / theirs.whole for mine, theirs in pairs)
    steady = statistics.median(mine.steady / theirs.steady for mine, theirs in pairs)
    over_tutorial = statistics.median(mine.whole for mine, _ in pairs) / tutorial.whole
    return [
        Benchmark("epochs/s, times Optuna alone, start-up included", whole, "×", 1, False),
        Benchmark("epochs/s, times Optuna alone, after the first trial", steady, "×", 1, False),
        Benchmark(
            "epochs/s, times Ray's tutorial, start-up included", over_tutorial, "×", 3, False
        ),
    ]


class Rates(NamedTuple):
    """Epochs per second, of the whole and from the first trial's end to the last's."""

    whole: float
    steady: float = math.nan

    def __str__(self) -> str:
        return f"{self.whole:.1f} ({self.steady:.1f} after the first trial)"


def ours() -> Rates:
    """Run `N_TRIALS` under this project."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        study, clock, _ = run_search(
            Path(folder),
            objective="tests.benchmarks.versus:train",
            budget={"trials": N_TRIALS},
            pruner={"name": "asha", "min_epochs": 1, "reduction_factor": 3},
            parameters={
                "learning_rate": {"type": "float", "low": 1e-4, "high": 1e-1, "log": True},
                **{k: {"type": "categorical", "choices": v} for k, v in CHOICES.items()},
            },
        )
        n_epochs = sum(trial.n_epochs for trial in study.trials())
    return Rates(
        n_epochs / (time.perf_counter() - started),
        (n_epochs - clock.n_epochs_first) / (clock.last_end - clock.first_end),
    )


def optuna_alone() -> Rates:
    """Run them in two forked processes that share a SQLite file, as Optuna's guide shows."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/optuna.db"
        optuna.create_study(study_name="bench", storage=url, direction="maximize")
        context = multiprocessing.get_context("fork")
        workers = [
            context.Process(target=_optuna_worker, args=(url, seed, N_TRIALS // 2))
            for seed in range(2)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        trials = optuna.load_study(study_name="bench", storage=url).trials
    assert len(trials) == N_TRIALS
    n_epochs = [len(trial.intermediate_values) for trial in trials]
    whole_s = time.perf_counter() - started
    ends = [trial.datetime_complete.timestamp() for trial in trials if trial.datetime_complete]
    n_epochs_first = n_epochs[ends.index(min(ends))]
    return Rates(
        sum(n_epochs) / whole_s, (sum(n_epochs) - n_epochs_first) / (max(ends) - min(ends))
    )


def ray_tutorial() -> Rates:
    """Run them as Ray's own guide does: OptunaSearch, ASHAScheduler, a function trainable."""
    import os

    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.optuna import OptunaSearch

    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}},
        )
        space = {"learning_rate": tune.loguniform(1e-4, 1e-1)}
        space |= {name: tune.choice(values) for name, values in CHOICES.items()}
        scheduler = ASHAScheduler(max_t=EPOCHS, grace_period=1, reduction_factor=3)
        tuner = tune.Tuner(
            _tutorial_trainable,
            param_space=space,
            tune_config=tune.TuneConfig(
                metric="score",
                mode="max",
                search_alg=OptunaSearch(),
                scheduler=scheduler,
                num_samples=N_TRIALS // 4,
            ),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        )
        frame = tuner.fit().get_dataframe()
        ray.shutdown()
    return Rates(float(frame["training_iteration"].sum()) / (time.perf_counter() - started))


def _optuna_worker(url: str, seed: int, n_trials: int) -> None:
    import optuna

    study = optuna.load_study(
        study_name="bench",
        storage=url,
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
    )
    study.optimize(_optuna_objective, n_trials=n_trials)


def _optuna_objective(trial: Any) -> float:
    import optuna

    params = {"learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)}
    params |= {name: trial.suggest_categorical(name, v) for name, v in CHOICES.items()}
    score = 0.0
    for epoch, metrics in enumerate(train(params), start=1):
        score = metrics["score"]
        trial.report(score, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return score


def _tutorial_trainable(config: dict[str, Any]) -> None:
    from ray import tune

    for metrics in train(config):
        tune.report(metrics)
