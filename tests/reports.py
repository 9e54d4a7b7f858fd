"""A study as reports are made of, built without running it, and texts that they must equal."""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from search.studies.driver import StudyDriver
from search.studies.test_metrics import Evaluation, Miss, store_evaluation
from search.studies.trials import Epoch, Failure
from search.summaries.layout import Part, text_report
from tests.conftest import ROOT, make_spec

GOLDEN = ROOT / "tests" / "golden"
SECTIONS: dict[str, Any] = {
    "settings": {"epochs": 4, "data": {"name": "digits"}},
    "metric": {"name": "val_accuracy", "direction": "maximize"},
    "parameters": {
        "filters": {"type": "categorical", "choices": [8, 16, 32]},
        "rate": {"type": "float", "low": 0.001, "high": 0.1, "log": True},
        "pool": {"type": "categorical", "choices": [None, "max"]},
        "pool_size": {"type": "int", "low": 2, "high": 4, "when": {"pool": "max"}},
    },
    "start_from": [
        {"filters": 16, "rate": 0.01, "pool": None},
        {"filters": 32, "rate": 0.01, "pool": "max", "pool_size": 2},
        {"filters": 32, "rate": 0.05, "pool": "max", "pool_size": 3},
        {"filters": 8, "rate": 0.05, "pool": None},
        {"filters": 8, "rate": 0.001, "pool": None},
        {"filters": 16, "rate": 0.1, "pool": None},
    ],
}
ACCURACIES = [0.8, 0.9, 0.875, 0.5, 0.25, None]
"""The best of each trial; trials 3 and 4 are pruned, 5 fails, 6 is infeasible."""
CONFUSIONS = {0: [[8, 2], [3, 7]], 1: [[9, 1], [4, 6]]}


def make_study(studies: Path, **sections: Any) -> StudyDriver:
    """Make a study of `SECTIONS`, with other sections in their place."""
    return StudyDriver.create(make_spec(**{**SECTIONS, **sections}), studies)


def report(study: StudyDriver, number: int, accuracies: list[float], **metrics: Any) -> None:
    """Report an epoch for each accuracy."""
    for epoch, accuracy in enumerate(accuracies, start=1):
        reported = {
            "train_accuracy": accuracy + 0.0625,
            "train_loss": 1 - accuracy,
            "val_accuracy": accuracy,
            "val_loss": 1.25 - accuracy,
            "n_parameters": 1000 * (number + 1),
            **metrics,
        }
        study.report(number, Epoch(epoch, reported, 0.5, 0.5 * epoch))


def run(study: StudyDriver, accuracies: list[float], end: str = "complete", **metrics: Any) -> int:
    """Run the next trial; it takes half a second an epoch."""
    trial = study.ask()
    assert trial is not None
    report(study, trial.number, accuracies, **metrics)
    getattr(study, end)(trial.number, 0.5 * len(accuracies))
    return trial.number


def fail(study: StudyDriver, failure: Failure) -> int:
    """Let the next trial fail at once."""
    trial = study.ask()
    assert trial is not None
    study.fail(trial.number, 0.1, failure)
    return trial.number


def fill(study: StudyDriver) -> StudyDriver:
    """Give it three complete trials (two of them evaluated), two pruned and two failed ones."""
    for best in ACCURACIES[:3]:
        assert best
        run(study, [best - 0.25, best - 0.125, best, best - 0.125])
    run(study, [0.25, 0.5], end="prune")
    run(study, [0.25], end="prune")
    fail(study, Failure("error", "no such layer: pool_9 & 50%"))
    fail(study, Failure("infeasible", "the kernel | does not fit"))
    for number, confusion in CONFUSIONS.items():
        store_evaluation(study.optuna_study, number, evaluation_of(confusion))
    return study


def evaluation_of(
    confusion: list[list[int]] | None, classes: tuple[str, ...] = ("cat", "dog")
) -> Evaluation:
    """Make test metrics of 10 images a class."""
    right = [row[place] for place, row in enumerate(confusion or [])] or [5] * len(classes)
    accuracy = sum(right) / (10 * len(classes))
    ones = [1.0] * len(classes)
    return Evaluation(
        metrics={"loss": 1 - accuracy, "accuracy": accuracy, "f1": accuracy, "auroc": None},
        seconds=0.25,
        per_class={
            "class": list(classes),
            "precision": ones,
            "recall": [n / 10 for n in right],
            "f1": ones,
            "support": [10] * len(classes),
        },
        confusion=confusion,
        worst=[Miss(3, "cat", "dog", 0.0125), Miss(11, "dog", "cat", 0.25)],
    )


def told(parts: Sequence[Part], width: int = 300) -> str:
    """Print a document on a terminal of a width."""
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(text_report(parts, width), crop=False)
    return file.getvalue()


def assert_golden(text: str, name: str) -> None:
    """Compare a text with the one kept; RENEW_GOLDEN=1 keeps the new one."""
    text = "".join(line.rstrip() + "\n" for line in text.rstrip("\n").split("\n"))
    file = GOLDEN / name
    if os.environ.get("RENEW_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"RENEW_GOLDEN=1 renews {file.name}"
