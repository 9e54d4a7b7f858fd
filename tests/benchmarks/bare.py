"""The yardsticks: what Optuna and Ray Tune take alone for what they do under us."""

import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import optuna
from optuna.storages.journal import JournalFileBackend

from tests.benchmarks.overhead import EPOCHS
from tests.benchmarks.timing import ROOT

os.environ |= {"RAY_AIR_NEW_OUTPUT": "0", "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1"}

import ray  # noqa: E402  Ray reads its environment while it is imported
from ray import tune  # noqa: E402


def optuna_epoch_ms(folder: Path, n_epochs: int = 1000) -> float:
    """Epoch one value an epoch to Optuna's journal."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    backend = JournalFileBackend(str(folder / "bare.journal"))
    trial = optuna.create_study(storage=optuna.storages.JournalStorage(backend)).ask()
    started = time.perf_counter()
    for epoch in range(1, n_epochs + 1):
        trial.report(0.5, epoch)
    return 1000 * (time.perf_counter() - started) / n_epochs


class Empty(tune.Trainable):
    """Trains nothing for some epochs."""

    def setup(self, config: dict[str, Any]) -> None:
        """See Ray."""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """See Ray: an actor takes another trial."""
        return True

    def step(self) -> dict[str, Any]:
        """See Ray; the iteration counts from zero before the first."""
        return {"score": self.iteration, "done": self.iteration == EPOCHS - 1}


class Ends(tune.Callback):
    """Notes when trials ended."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
        """See Ray."""
        self.times.append(time.perf_counter())


def ray_trial_ms(n_trials: int) -> float:
    """Run empty trials under Ray Tune at its best: actors reused, and nothing recorded."""
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}},
    )
    ends = Ends()
    with tempfile.TemporaryDirectory() as folder:
        tune.Tuner(
            Empty,
            param_space={"×": tune.uniform(0, 1)},
            tune_config=tune.TuneConfig(num_samples=n_trials, reuse_actors=True),
            run_config=tune.RunConfig(
                storage_path=folder,
                verbose=0,
                callbacks=[ends],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()
    ray.shutdown()
    return 1000 * (ends.times[-1] - ends.times[0]) / (n_trials - 1)
