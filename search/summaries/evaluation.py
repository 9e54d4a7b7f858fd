"""A trial's metrics by split and what it makes of a split: classes, confusions, misses."""

from dataclasses import asdict
from typing import Any

from typing_extensions import TypedDict

from search.columns import TEST_METRICS
from search.studies.test_metrics import LARGEST_MATRIX, Evaluation
from search.studies.trials import Trial
from search.summaries.layout import LARGEST_MATRIX_SHOWN, Grid, Part, heading
from search.text import counted, number_text, tenths

SHOWN_SPLITS = ("train", "val", "test")

SplitMetrics = dict[str, float | int | None]
"""Metrics by name; None for what is not known."""


class EvaluationFacts(TypedDict):
    """How well a trial classifies, see `search.studies.test_metrics.Evaluation`."""

    trial: int
    best_epoch: int | None
    train: SplitMetrics
    val: SplitMetrics
    test: SplitMetrics
    seconds: float
    per_class: dict[str, list[Any]]
    confusion: list[list[int]] | None
    worst: list[dict[str, Any]] | None


def evaluation_facts(trial: Trial) -> EvaluationFacts:
    """Give the test metrics of an evaluated trial beside those of the other splits."""
    test = trial.test
    assert test
    return {
        "trial": trial.number,
        "best_epoch": trial.best_epoch,
        "train": _reported(trial, "train"),
        "val": _reported(trial, "val"),
        "test": dict(test.metrics),
        "seconds": test.seconds,
        "per_class": test.per_class,
        "confusion": test.confusion,
        "worst": None if test.worst is None else [asdict(miss) for miss in test.worst],
    }


def split_metrics(trial: Trial) -> dict[str, SplitMetrics]:
    """Put a trial's metrics at its best epoch side by side, for the splits that have any."""
    splits = {split: _reported(trial, split) for split in ("train", "val")}
    if trial.test:
        splits["test"] = dict(trial.test.metrics)
    return {
        split: metrics
        for split, metrics in splits.items()
        if any(value is not None for value in metrics.values())
    }


def other_metrics(trial: Trial) -> SplitMetrics:
    """List a trial's metrics at its best epoch that are of no split."""
    of_splits = {f"{split}_{name}" for split in SHOWN_SPLITS for name in TEST_METRICS}
    return {name: value for name, value in trial.metrics.items() if name not in of_splits}


def _reported(trial: Trial, split: str) -> SplitMetrics:
    return {name: trial.metrics.get(f"{split}_{name}") for name in TEST_METRICS}


def splits_grid(splits: dict[str, SplitMetrics]) -> Grid | None:
    """Lay out metrics, a row a split; None if there is none."""
    if not splits:
        return None
    names = list(next(iter(splits.values())))
    rows = [[split, *(number_text(values[n]) for n in names)] for split, values in splits.items()]
    bold = [place for place, split in enumerate(splits) if split == "test"]
    return Grid(["split", *map(heading, names)], rows, ["split"], bold=bold)


def evaluation_parts(study: str, trial: Trial) -> list[Part]:
    """Tell how a trial classifies the test split, confusions included."""
    parts = test_parts(study, trial)
    return [*parts[:-1], _confusion_part(trial.test), parts[-1]] if trial.test else parts


def test_parts(study: str, trial: Trial | None) -> list[Part]:
    """Tell how a trial classifies the test split: by split, by class, and its worst misses.

    The rows of the last table are those of `trial.test.worst`.
    """
    if trial is None or trial.test is None:
        text = f"no trial has been evaluated on the test split; run `search evaluate {study}`"
        return [Part("Test metrics", [text])]
    test = trial.test
    images = counted(sum(test.per_class["support"]), "test image")
    of = f"trial {trial.number}, epoch {trial.best_epoch}"
    speed = f"{of}: {images} in {tenths(test.seconds)} s"
    return [
        Part("Test metrics", [speed], splits_grid(split_metrics(trial))),
        Part("Test metrics by class", [of], _class_grid(test)),
        _worst_test_part(study, trial.number, test),
    ]


def validation_parts(trial: Trial | None, validation: Evaluation | None) -> list[Part]:
    """Tell how the best trial classifies the validation split, by class, and its worst misses.

    The rows of the last table are those of `validation.worst`.
    """
    name = "Validation metrics by class"
    if trial is None or trial.state != "COMPLETE":
        return [Part(name, ["no trial is complete"])]
    if validation is None:
        why = "it needs a best.pt (see keep) of an objective that gives predictions"
        return [Part(name, [f"not kept of trial {trial.number}: {why}"])]
    images = counted(sum(validation.per_class["support"]), "validation image")
    of = f"trial {trial.number}, epoch {trial.best_epoch}: {images}, on which trials are selected"
    return [
        Part(name, [of], _class_grid(validation)),
        _worst_part("validation", validation),
    ]


def _class_grid(evaluation: Evaluation) -> Grid:
    rows = [
        [str(name), *map(number_text, values)]
        for name, *values in zip(*evaluation.per_class.values(), strict=True)
    ]
    return Grid([heading(name) for name in evaluation.per_class], rows, ["class"])


def _confusion_part(test: Evaluation) -> Part:
    name, classes = "Confusions, test split", [str(name) for name in test.per_class["class"]]
    if test.confusion is None:
        return Part(name, [f"not kept: there are more than {LARGEST_MATRIX} classes"])
    if len(classes) > LARGEST_MATRIX_SHOWN:
        return Part(name, [f"those of {len(classes)} classes are in the output of --json"])
    rows = [
        [true, *(str(count) if count else "·" for count in counts)]
        for true, counts in zip(classes, test.confusion, strict=True)
    ]
    lines = ["rows are true classes, columns predicted ones"]
    return Part(name, lines, Grid(["true", *classes], rows, ["true"]))


def _worst_test_part(study: str, number: int, test: Evaluation) -> Part:
    part = _worst_part("test", test)
    if test.worst is not None:
        return part
    again = f"search evaluate {study} --trial {number} --again"
    return Part(part.heading, [f"not kept when trial {number} was evaluated; run `{again}`"])


def _worst_part(split: str, found: Evaluation) -> Part:
    name = f"Worst classified {split} images"
    if not found.worst:
        return Part(name, [f"every {split} image is classified correctly"])
    n_wrong = round((1 - (found.metrics["accuracy"] or 0)) * sum(found.per_class["support"]))
    lines = [
        f"of {n_wrong:,} misclassified, those whose true class is given the lowest probability, "
        "p(true)"
    ]
    columns = ["image", "true", "predicted", "p(true)"]
    rows = [
        [str(miss.index), miss.true, miss.predicted, number_text(miss.probability)]
        for miss in found.worst
    ]
    return Part(name, lines, Grid(columns, rows, ["true", "predicted"]))
