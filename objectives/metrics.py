"""Metrics of a classifier on a split, computed by scikit-learn."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, log_loss, roc_auc_score


def classification_metrics(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[str, float | None]:
    """Compute loss, accuracy, macro F1 and macro AUROC.

    Args:
        probabilities: `(N, K)`, each row sums to 1.
        labels: `(N,)`, 0 to K - 1.

    Returns:
        `loss` (mean negative log likelihood, in nats), `accuracy`, `f1` (mean over classes)
        and `auroc` (mean over classes of one against the rest; None if a class has no image).
    """
    n_classes = probabilities.shape[1]
    predictions = probabilities.argmax(axis=1)
    classes = np.arange(n_classes)
    return {
        "loss": float(log_loss(labels, probabilities, labels=classes)),
        "accuracy": float((predictions == labels).mean()),
        "f1": float(f1_score(labels, predictions, average="macro", zero_division=0.0)),
        "auroc": _auroc(probabilities, labels, n_classes),
    }


def _auroc(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], n_classes: int
) -> float | None:
    if len(np.unique(labels)) < n_classes:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rows that sum to 1 only up to float32
        if n_classes == 2:
            return float(roc_auc_score(labels, probabilities[:, 1]))
        return float(roc_auc_score(labels, probabilities, multi_class="ovr", average="macro"))
