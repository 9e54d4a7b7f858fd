"""Metrics against values computed by hand."""

from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from objectives.classifier import classification_metrics

# Four images of three classes; the last of class 1 is taken for class 2.
PROBABILITIES = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.1, 0.3, 0.6]])
LABELS = np.array([0, 1, 2, 1])


def test_metrics_loss_is_the_mean_negative_log_likelihood() -> None:
    expected = -(log(0.8) + log(0.5) + log(0.7) + log(0.3)) / 4
    assert classification_metrics(PROBABILITIES, LABELS)["loss"] == pytest.approx(expected)


def test_metrics_accuracy_is_the_share_of_right_answers() -> None:
    assert classification_metrics(PROBABILITIES, LABELS)["accuracy"] == 0.75


def test_metrics_f1_is_the_mean_over_classes() -> None:
    # Class 0 is perfect; class 1: precision 1, recall 1/2; class 2: precision 1/2, recall 1.
    expected = (1 + 2 / 3 + 2 / 3) / 3
    assert classification_metrics(PROBABILITIES, LABELS)["f1"] == pytest.approx(expected)


def test_metrics_auroc_is_the_mean_of_one_against_the_rest() -> None:
    # Of class 1, each image (0.5, 0.3) beats both others (0.1, 0.2); the last image's 0.6 for
    # class 2 stays below the 0.7 of the one of that class.
    assert classification_metrics(PROBABILITIES, LABELS)["auroc"] == 1.0


def test_metrics_auroc_counts_pairs_in_the_wrong_order() -> None:
    probabilities = np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6], [0.3, 0.4, 0.3], [0.7, 0.1, 0.2]])
    labels = np.array([0, 1, 2, 0])
    # Right pairs: class 0 all 4 of 4, class 1 one of 3 (0.2 > 0.1), class 2 two of 3.
    expected = (4 / 4 + 1 / 3 + 2 / 3) / 3
    assert classification_metrics(probabilities, labels)["auroc"] == pytest.approx(expected)


def test_metrics_auroc_two_classes_counts_pairs() -> None:
    scores = np.array([0.1, 0.4, 0.35, 0.8])
    probabilities = np.stack([1 - scores, scores], axis=1)
    metrics = classification_metrics(probabilities, np.array([0, 0, 1, 1]))
    assert metrics["auroc"] == pytest.approx(3 / 4)
    assert metrics["accuracy"] == 0.75


def test_metrics_class_without_images_has_no_auroc() -> None:
    metrics = classification_metrics(PROBABILITIES[:2], LABELS[:2])
    assert metrics["auroc"] is None
    assert metrics["loss"] == pytest.approx(-(log(0.8) + log(0.5)) / 2)
    assert metrics["accuracy"] == 1.0


def test_metrics_two_classes_only_one_seen_has_no_auroc() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2]])
    metrics = classification_metrics(probabilities, np.array([0, 0]))
    assert metrics["auroc"] is None


def test_metrics_certain_and_wrong_has_a_finite_loss() -> None:
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0]])
    loss = classification_metrics(probabilities, np.array([1, 0]))["loss"]
    assert loss is not None
    assert 10 < loss < np.inf


def float32_softmax(n_classes: int) -> NDArray[np.float64]:
    """Give rows that sum to 1 only as well as single precision can."""
    logits = np.random.default_rng(0).normal(size=(200, n_classes)).astype(np.float32)
    powers = np.exp(logits)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)


@pytest.mark.parametrize("n_classes", [2, 10])
def test_metrics_rows_of_single_precision_give_no_warning(n_classes: int) -> None:
    labels = np.arange(200) % n_classes
    metrics = classification_metrics(float32_softmax(n_classes), labels)
    assert all(isinstance(value, float) for value in metrics.values())
