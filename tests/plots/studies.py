"""Studies to draw plots of, and what plots hold."""

import math
from pathlib import Path
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from optuna.trial import TrialState, create_trial

from search.studies import attributes
from search.studies.driver import StudyDriver
from search.studies.test_metrics import evaluate_predictions, store_evaluation
from search.studies.trials import Epoch, Failure, Trial
from tests.conftest import make_spec

ACCURACY = {"name": "val_accuracy", "direction": "maximize"}
COSTS = [
    {"name": "latency_ms", "direction": "minimize"},
    {"name": "size_mb", "direction": "minimize"},
]
PARAMETERS: dict[str, Any] = {
    "learning_rate": {"type": "float", "low": 1e-5, "high": 1e-1, "log": True},
    "dropout": {"type": "float", "low": 0.0, "high": 0.6},
    "filters": {"type": "int", "low": 8, "high": 64, "log": True},
    "layers": {"type": "int", "low": 1, "high": 4},
    "freeze": {"type": "categorical", "choices": ["none", "lpft", None]},
    "unfreeze_at": {"type": "float", "low": 0.1, "high": 0.5, "when": {"freeze": "lpft"}},
}
ENDS = ["complete", "complete", "prune", "fail", "complete", "prune", "complete", "run"]


def new_study(tmp_path: Path, n_metrics: int = 1, **sections: Any) -> StudyDriver:
    metrics = [ACCURACY, *COSTS][:n_metrics]
    return StudyDriver.create(
        make_spec(**{"metrics": metrics, "parameters": PARAMETERS, **sections}), tmp_path
    )


def run_trial(study: StudyDriver, end: str, n_epochs: int = 4) -> None:
    trial = study.ask()
    assert trial is not None
    if end == "fail":
        study.fail(trial.number, 0.1, Failure("error", "no such layer"))
        return
    for epoch in range(1, n_epochs + 1):
        accuracy = 0.5 + 0.02 * trial.number + 0.05 * min(epoch, 3)
        metrics: dict[str, float | int | None] = {
            "val_accuracy": accuracy,
            "latency_ms": 1.0 + trial.number,
            "size_mb": 9.0 - trial.number,
            "learning_rate": 0.1 / 4**epoch,
            "backbone_learning_rate": 0.0 if epoch <= 2 else 0.01 / 4**epoch,
        }
        study.report(trial.number, Epoch(epoch, metrics, 0.1, 0.1 * epoch))
    if end != "run":
        getattr(study, end)(trial.number, 0.4)


def evaluate(study: StudyDriver, number: int, n_classes: int = 3) -> None:
    labels = np.arange(6 * n_classes) % n_classes
    probabilities = np.eye(n_classes)[np.where(np.arange(len(labels)) % 4, labels, 0)]
    names = [f"$class {n}$" for n in range(n_classes)]
    evaluation = evaluate_predictions(probabilities, labels, names, 1.0)
    store_evaluation(study.optuna_study, number, evaluation)


def add_trials(study: StudyDriver, n_trials: int, n_epochs: int = 10) -> None:
    """Add ended trials at once: complete ones, pruned ones, a few failed ones."""
    generator = np.random.default_rng(0)
    trials = []
    for number in range(n_trials):
        params = study.space.walk(lambda _, kind: kind.to_external_repr(_draw(kind, generator)))
        rate = math.log10(cast("float", params["learning_rate"]))
        end = 0.9 - 0.05 * (rate + 3) ** 2 - 0.3 * (cast("float", params["dropout"]) - 0.2) ** 2
        state = TrialState(1 if number % 2 == 0 else 3 if number % 21 == 0 else 2)
        last = n_epochs if state is TrialState.COMPLETE else 1 + number % 5
        values = {epoch: end * (1 - math.exp(-epoch / 4)) for epoch in range(1, last + 1)}
        best = {"epoch": last, "metrics": {"val_accuracy": values[last]}}
        trials.append(
            create_trial(
                state=state,
                value=values[last] if state is TrialState.COMPLETE else None,
                params=params,
                distributions={name: study.space.distributions[name] for name in params},
                intermediate_values=values,
                user_attrs={attributes.SEED: 0, attributes.SECONDS: 1.0, attributes.BEST: best},
            )
        )
    study.optuna_study.add_trials(trials)


def _draw(kind: Any, generator: np.random.Generator) -> float:
    if hasattr(kind, "choices"):
        return int(generator.integers(len(kind.choices)))
    if kind.log:
        low, high = math.log(kind.low), math.log(kind.high)
        drawn = math.exp(generator.uniform(low, high))
        return float(min(kind.high, max(kind.low, drawn)))
    if isinstance(kind.low, int):
        return float(generator.integers(kind.low, kind.high + 1))
    return float(generator.uniform(kind.low, kind.high))


def trials_of(study: StudyDriver, state: str) -> list[Trial]:
    return sorted((t for t in study.trials() if t.state == state), key=lambda t: t.number)


def points_of(axes: Axes, label: str) -> list[tuple[float, float]]:
    """Read the marks of a scatter whose label begins so."""
    found = [
        c
        for c in axes.collections
        if isinstance(c, PathCollection) and str(c.get_label()).startswith(label)
    ]
    assert len(found) == 1
    return [(float(x), float(y)) for x, y in np.asarray(found[0].get_offsets())]


def drawn(plot: Figure | None) -> Figure:
    """Require that there is something to draw."""
    assert plot is not None
    return plot


def sentence_of(plot: Figure | None) -> str:
    assert plot is not None
    assert not plot.axes
    return " ".join(plot.texts[-1].get_text().split())


def legend_of(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def title_of(plot: Figure) -> str:
    return str(plot.get_suptitle())
