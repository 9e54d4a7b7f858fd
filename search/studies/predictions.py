"""What a trial gives each class of each validation image, as a checkpoint holds it.

Kept are logits less the largest of the image, of half precision: the class of the highest
probability stays the same, and small probabilities are as exact as large ones.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEAST = float(np.finfo(np.float64).tiny)
"""The smallest probability that is kept apart from 0."""
_MOST_BYTES = 32 * 2**20
_SUM = 0.01
"""How far from 1 the probabilities of an image may sum: those of half precision do."""


@dataclass(frozen=True)
class Predictions:
    """The validation images at one epoch.

    Args:
        probabilities: `(N, K)`, each row sums to 1.
        labels: `(N,)`, integers from 0 to K - 1.
    """

    probabilities: NDArray[np.float64]
    labels: NDArray[np.integer]


def are_too_many(given: Any) -> bool:
    """Tell whether predictions would take more of a checkpoint than they are worth: 32 MiB."""
    try:
        probabilities, _ = given
        return 2 * int(np.size(probabilities)) > _MOST_BYTES
    except (TypeError, ValueError, RuntimeError):
        return False


def as_predictions(given: Any) -> Predictions | None:
    """Take what an objective gives for predictions; None if it is not as it must be."""
    try:
        probabilities, labels = (np.asarray(each) for each in given)
        found = Predictions(probabilities.astype(np.float64), labels.astype(np.intp))
    except (TypeError, ValueError, RuntimeError):  # no pair, rows of several lengths, on a GPU
        return None
    return found if labels.dtype.kind in "iu" and _hold(found) else None


def _hold(found: Predictions) -> bool:
    probabilities, labels = found.probabilities, found.labels
    if probabilities.ndim != 2 or not probabilities.size or labels.shape != (len(probabilities),):
        return False
    are_labels = labels.min() >= 0 and labels.max() < probabilities.shape[1]
    sums = probabilities.sum(axis=1)
    return bool(are_labels and (probabilities >= 0).all() and np.allclose(sums, 1, atol=_SUM))


def pack_predictions(predictions: Predictions) -> bytes:
    """Pack predictions into two bytes a probability and one or two a label."""
    logits = np.log(np.maximum(predictions.probabilities, _LEAST))
    logits -= logits.max(axis=1, keepdims=True)
    labels = predictions.labels.astype(np.min_scalar_type(logits.shape[1] - 1))
    file = io.BytesIO()
    np.savez(file, logits=logits.astype(np.float16), labels=labels)
    return file.getvalue()


def unpack_predictions(packed: bytes) -> Predictions:
    """Give what `pack_predictions` was given, probabilities to within a percent of each."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        odds = np.exp(arrays["logits"].astype(np.float64))
        labels = arrays["labels"].astype(np.intp)
    return Predictions(odds / odds.sum(axis=1, keepdims=True), labels)
