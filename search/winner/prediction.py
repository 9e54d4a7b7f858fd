"""Has a trial predict the test split: built as it ran, from the checkpoint of its best epoch."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from search.errors import ObjectiveError, listing
from search.objective import PredictingObjective
from search.studies.record import TrialRecord
from search.studies.study import Study
from search.winner.trained import EVALUATION, named_classes, trained_objective

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOLERANCE = 1e-2
"""How far the sum of a row of probabilities may be off; half precision is not exact."""


@dataclass(frozen=True)
class Predictions:
    """What a trial says of the test split.

    Args:
        probabilities: `(N, K)`, finite, each row sums to 1 up to rounding.
        labels: `(N,)`, 0 to K - 1.
        classes: `(K,)`, their names; numbers if the objective has none.
        seconds: Time that it took.
    """

    probabilities: "NDArray[np.float64]"
    labels: "NDArray[np.int64]"
    classes: tuple[str, ...]
    seconds: float


def predict_test(study: Study, record: TrialRecord) -> Predictions:
    """Predict the test split with the state of a trial's best epoch.

    Args:
        study: The study.
        record: A COMPLETE trial.

    Returns:
        Its predictions.

    Raises:
        ObjectiveError: If the objective cannot do it.
        StudyError: If the checkpoint is missing or damaged.
    """
    objective: PredictingObjective
    with trained_objective(study, record, EVALUATION) as objective:
        started = time.perf_counter()
        probabilities, labels = objective.predict("test")
        seconds = time.perf_counter() - started
        found, labels = np.asarray(probabilities, np.float64), np.asarray(labels)
        _check_labels(found, labels)
        require_probabilities(found, "predict('test')")
        classes = named_classes(objective, found.shape[1])
        return Predictions(found, labels.astype(np.int64), classes, seconds)


def require_probabilities(probabilities: "NDArray[np.float64]", method: str) -> None:
    """Refuse what are no probabilities.

    Args:
        probabilities: `(N, K)`, at least one row.
        method: What gave them, for the message.

    Raises:
        ObjectiveError: If one is negative, or a row does not sum to 1 up to rounding.
    """
    sums = probabilities.sum(axis=1)
    # Written so that NaN does not pass.
    if not ((probabilities >= 0).all() and (np.abs(sums - 1) <= _TOLERANCE).all()):
        raise ObjectiveError(
            f"objective: {method} must give probabilities from 0 to 1 that sum to 1, got a "
            f"row with the sum {sums[np.abs(sums - 1).argmax()]:g}"
        )


def _check_labels(probabilities: "NDArray[np.float64]", labels: "NDArray[Any]") -> None:
    """Refuse predictions of which no figures can be computed."""
    shapes = f"got {probabilities.shape} and {labels.shape}"
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not labels.size:
        raise ObjectiveError(
            f"objective: predict('test') must give probabilities (N, K) and labels (N,), {shapes}"
        )
    n_classes = probabilities.shape[1]
    if (
        n_classes < 2
        or labels.dtype.kind not in "iu"
        or not np.isin(labels, range(n_classes)).all()
    ):
        raise ObjectiveError(
            f"objective: predict('test') must give whole labels from 0 to K - 1 with K > 1, got "
            f"K={n_classes} and labels {listing(np.unique(labels)[:10])}"
        )
