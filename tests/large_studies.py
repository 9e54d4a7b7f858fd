"""Studies of any size as a search of small networks on digits would leave them, made at once."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.spaces.sampling import sample_points
from search.spaces.spec import Spec
from search.studies import attributes
from search.studies.driver import StudyDriver
from search.studies.test_metrics import evaluate_predictions, store_evaluation
from search.studies.trials import Epoch, epoch_entry
from tests.conftest import ROOT

EPOCHS = 15
ACCURACY = {"name": "val_accuracy", "direction": "maximize"}
SIZE = {"name": "n_parameters", "direction": "minimize"}
PARAMETERS: dict[str, Any] = {
    "n_blocks": {"type": "int", "low": 1, "high": 3},
    "filters": {"type": "categorical", "choices": [8, 16, 32, 64]},
    "kernel_size": {"type": "categorical", "choices": [3, 5, 7]},
    "pooling": {"type": "categorical", "choices": ["none", "max", "avg"]},
    "dropout": {"type": "float", "low": 0.0, "high": 0.6},
    "optimizer": {"type": "categorical", "choices": ["adamw", "sgd"]},
    "momentum": {"type": "float", "low": 0.5, "high": 0.99, "when": {"optimizer": "sgd"}},
    "learning_rate": {"type": "float", "low": 1e-4, "high": 1e-1, "log": True},
    "weight_decay": {"type": "float", "low": 1e-6, "high": 1e-2, "log": True},
    "batch_size": {"type": "categorical", "choices": [16, 32, 64, 128]},
}
_N_WORKERS = 4
_BEGIN = datetime(2026, 11, 2, 9, 0, 0)
_FAILURES = [
    {"kind": "error", "reason": "RuntimeError: the loss is not defined for one class"},
    {"kind": "out_of_memory", "reason": "OutOfMemoryError: tried to allocate 2.3 GiB"},
]


def make_large_study(
    studies: Path, n_trials: int, name: str = "digits_cnn", several: bool = False
) -> StudyDriver:
    """Make a study: six of ten trials pruned, a few failed, the best one evaluated.

    Args:
        studies: The folder of all studies.
        n_trials: How many have ended.
        name: The study's.
        several: Whether the number of parameters is a second metric.
    """
    spec = Spec.model_validate(
        {
            "study": name,
            "objective": "objectives.image_classifier:ImageClassifier",
            "settings": {
                "model": "small_cnn",
                "data": {"name": "digits", "val_fraction": 0.2},
                "epochs": EPOCHS,
            },
            **({"metrics": [ACCURACY, SIZE]} if several else {"metric": ACCURACY}),
            "budget": {"trials": n_trials},
            "resources": {"gpus_per_trial": 0, "workers": _N_WORKERS},
            "parameters": PARAMETERS,
        }
    )
    study = StudyDriver.create(spec, studies, [str(ROOT)])
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    points = sample_points(study.space, n_trials, seed=1)
    clock = [_BEGIN + timedelta(seconds=worker) for worker in range(_N_WORKERS)]
    trials = []
    for number, point in enumerate(points):
        worker = clock.index(min(clock))
        trials.append(_trial(study, number, point, clock[worker]))
        ended = trials[-1].datetime_complete
        assert ended
        clock[worker] = ended + timedelta(seconds=0.2)
    study.optuna_study.add_trials(trials)
    complete = [trial for trial in study.trials() if trial.state == "COMPLETE"]
    if complete:
        evaluate(study, complete[0].number)
    return study


def evaluate(study: StudyDriver, number: int, n_images: int = 359) -> None:
    """Record test figures of ten classes, about one of twenty images wrong."""
    generator = np.random.default_rng(number)
    labels = generator.integers(10, size=n_images)
    scores = np.eye(10)[labels] * 4 + generator.gumbel(size=(n_images, 10)) * 0.7
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    figures = evaluate_predictions(probabilities, labels, tuple("0123456789"), 0.02)
    store_evaluation(study.optuna_study, number, figures)


def _trial(
    study: StudyDriver, number: int, point: Mapping[str, Any], start: datetime
) -> FrozenTrial:
    generator = np.random.default_rng(number)
    accuracy = _accuracy(point) + generator.normal(0, 0.004)
    failed = number % 23 == 7
    weak = accuracy < 0.955 or generator.random() < 0.2
    n_epochs = int(generator.integers(0, 3)) if failed else (2, 6)[number % 2] if weak else EPOCHS
    state = TrialState.FAIL if failed else TrialState.PRUNED if weak else TrialState.COMPLETE
    values = {
        epoch: round(float(accuracy * (1 - 0.7 * math.exp(-epoch)) - 0.003 * (epoch % 3)), 4)
        for epoch in range(1, n_epochs + 1)
    }
    seconds = 0.4 + 0.2 * n_epochs * point["n_blocks"]
    attrs: dict[str, Any] = {attributes.SEED: number, attributes.SECONDS: seconds}
    best = max(values, key=lambda epoch: values[epoch], default=0)
    epochs = {
        epoch: Epoch(epoch, _metrics(point, number, epoch, value), 0.5, 0.5 * epoch)
        for epoch, value in values.items()
    }
    if failed:
        attrs[attributes.FAILURE] = _FAILURES[number % 2]
    trial = create_trial(
        state=state,
        values=[cast("float", epochs[best].metrics[name]) for name in study.directions]
        if state is TrialState.COMPLETE
        else None,
        params=dict(point),
        distributions={name: study.space.distributions[name] for name in point},
        intermediate_values=values,
        user_attrs=attrs,
        system_attrs=dict(epoch_entry(e, counts=n == best) for n, e in epochs.items()),
    )
    trial.datetime_start, trial.datetime_complete = start, start + timedelta(seconds=seconds)
    return trial


def _accuracy(point: Mapping[str, Any]) -> float:
    rate = math.log10(point["learning_rate"]) + (2.2 if point["optimizer"] == "adamw" else 1.5)
    lost = 0.02 * rate**2 + 0.1 * (point["dropout"] - 0.25) ** 2 + 0.15 / point["filters"]
    return float(0.992 - lost - 0.004 * abs(point["n_blocks"] - 2))


def _metrics(
    point: Mapping[str, Any], number: int, epoch: int, accuracy: float
) -> dict[str, float | int | None]:
    """Make what the image classifier reports after an epoch."""
    width = point["filters"] * point["kernel_size"] ** 2
    return {
        "train_loss": round(0.9 * (1 - accuracy) * 3, 4),
        "train_accuracy": min(1.0, round(accuracy + 0.008, 4)),
        "val_loss": round((1 - accuracy) * 3.5, 4),
        "val_accuracy": accuracy,
        "val_f1": round(accuracy - 0.0007, 4),
        "val_auroc": round(1 - (1 - accuracy) / 30, 4),
        "learning_rate": point["learning_rate"] * (1 - (epoch - 1) / EPOCHS),
        "n_parameters": int(width * (1 + point["filters"] * (point["n_blocks"] - 1)) + number % 3),
    }
