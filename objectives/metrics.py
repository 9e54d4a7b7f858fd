"""Metrics of a classifier on a split, computed by scikit-learn."""

import math

import numpy as np
from numpy.typing import NDArray

METRICS = ("loss", "accuracy", "f1", "auroc")


def classification_metrics(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[str, float | None]:
    """Compute loss, accuracy, macro F1 and macro AUROC.

    Args:
        probabilities: `(N, K)`, each row sums to 1 up to rounding.
        labels: `(N,)`, 0 to K - 1.

    Returns:
        `loss` (mean negative log likelihood, in nats), `accuracy`, `f1` (mean over classes)
        and `auroc` (mean over classes of one against the rest; None if a class has no image);
        all NaN if a probability is.
    """
    # Here, as it takes seconds to import and a trained network classifies without it.
    from sklearn.metrics import f1_score, log_loss

    if not np.isfinite(probabilities).all():
        return dict.fromkeys(METRICS, math.nan)
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
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
    from sklearn.metrics import roc_auc_score

    if len(np.unique(labels)) < n_classes:
        return None
    if n_classes == 2:
        return float(roc_auc_score(labels, probabilities[:, 1]))
    return float(roc_auc_score(labels, probabilities, multi_class="ovr", average="macro"))
