"""Test metrics against values counted by hand, and as tables."""

import re

import numpy as np
import pytest

from objectives.classifier import METRICS, classification_metrics
from search.columns import TEST_METRICS
from search.studies.test_metrics import (
    LARGEST_MATRIX,
    Evaluation,
    evaluate_predictions,
)
from search.studies.trials import Trial
from search.summaries.evaluation import evaluation_parts
from search.summaries.layout import LARGEST_MATRIX_SHOWN
from tests.reports import told

# Five images of three classes; the last of class 1 is taken for class 2, none for class 0.
PROBABILITIES = np.array(
    [[0.4, 0.5, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.1, 0.3, 0.6], [0.0, 0.9, 0.1]]
)
LABELS = np.array([0, 1, 2, 1, 1])


def some_metrics(n_classes: int, seed: int = 0) -> Evaluation:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(n_classes), 4 * n_classes)
    labels = np.arange(4 * n_classes) % n_classes
    return evaluate_predictions(
        probabilities, labels, [f"class {n}" for n in range(n_classes)], 0.5
    )


def text_of(metrics: Evaluation, width: int = 300) -> str:
    trial = Trial(
        number=7,
        state="COMPLETE",
        params={},
        value=0.9,
        best_epoch=2,
        n_epochs=3,
        metrics={"train_accuracy": 0.95, "val_accuracy": 0.9, "val_f1": None},
        seconds=1.0,
        seed=0,
        test=metrics,
    )
    return told(evaluation_parts("toy", trial), width)


def test_metrics_by_class_are_as_counted() -> None:
    found = evaluate_predictions(PROBABILITIES, LABELS, ["a", "b", "c"], 1.5)
    assert found.confusion == [[0, 1, 0], [0, 2, 1], [0, 0, 1]]
    assert found.per_class == {
        "class": ["a", "b", "c"],
        "precision": [0.0, pytest.approx(2 / 3, abs=1e-6), 0.5],
        "recall": [0.0, pytest.approx(2 / 3, abs=1e-6), 1.0],
        "f1": [0.0, pytest.approx(2 / 3, abs=1e-6), pytest.approx(2 / 3, abs=1e-6)],
        "support": [1, 3, 1],
    }
    assert found.metrics["accuracy"] == 0.6
    assert found.seconds == 1.5


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("labelled", ["every class", "not every class"])
def test_metrics_are_those_of_the_other_splits(n_classes: int, labelled: str) -> None:
    probabilities = np.random.default_rng(n_classes).dirichlet(np.ones(n_classes), 40)
    labels = np.arange(40) % (n_classes if labelled == "every class" else n_classes - 1)
    found = evaluate_predictions(probabilities, labels, [str(n) for n in range(n_classes)], 0.0)
    assert found.metrics == classification_metrics(probabilities, labels)
    assert tuple(found.metrics) == METRICS == TEST_METRICS


@pytest.mark.parametrize("n_classes", [LARGEST_MATRIX, LARGEST_MATRIX + 1])
def test_metrics_matrix_is_kept_for_not_too_many_classes(n_classes: int) -> None:
    metrics = some_metrics(n_classes)
    assert (metrics.confusion is not None) == (n_classes <= LARGEST_MATRIX)
    assert len(metrics.per_class["recall"]) == n_classes


def test_parts_show_splits_classes_and_confusions() -> None:
    lines = text_of(evaluate_predictions(PROBABILITIES, LABELS, ["a", "b", "c"], 1.5)).splitlines()
    cells = [line.split() for line in lines]
    assert lines[:2] == ["Test metrics", "trial 7, epoch 2: 5 test images in 1.5 s"]
    assert ["train", "–", "0.9500", "–", "–"] in cells
    assert ["val", "–", "0.9000", "–", "–"] in cells
    assert next(row for row in cells if row[:1] == ["test"])[2] == "0.6000"
    assert ["b", "0.6667", "0.6667", "0.6667", "3"] in cells
    assert ["b", "·", "2", "1"] in cells


@pytest.mark.parametrize(
    ("n_classes", "shown"),
    [
        (LARGEST_MATRIX_SHOWN, "rows are true classes, columns predicted ones"),
        (LARGEST_MATRIX_SHOWN + 1, "those of 21 classes are in the output of --json"),
        (LARGEST_MATRIX + 1, "not kept: there are more than 100 classes"),
    ],
)
def test_parts_say_where_a_large_matrix_is(n_classes: int, shown: str) -> None:
    assert shown in text_of(some_metrics(n_classes))


@pytest.mark.parametrize("width", [200, 80, 60])
def test_parts_narrow_show_whole_counts(width: int) -> None:
    labels = np.repeat(np.arange(10), 1234)
    names = [f"automobile {n}" for n in range(10)]
    text = text_of(evaluate_predictions(np.eye(10)[labels], labels, names, 1.0), width)
    confusions = text[text.index("Confusions") : text.index("Worst")]
    assert len(re.findall(r"\b1234\b", confusions)) == 10
    assert max(map(len, text.splitlines())) <= width
