"""Has a trial predict the test split: built as it ran, from the checkpoint of its best epoch."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from search.best_trial.pictures import small_png
from search.best_trial.trained import EVALUATION, named_classes, trained_objective
from search.errors import ObjectiveError
from search.objective.contract import PredictingObjective
from search.studies.reader import StudyReader
from search.studies.test_metrics import Evaluation, evaluate_predictions
from search.studies.trials import Trial
from search.text import listing

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOLERANCE = 1e-2
"""How far the sum of a row of probabilities may be off; half precision is not exact."""


@dataclass(frozen=True)
class Tested:
    """What came of a trial on the test split.

    Args:
        figures: How well it classifies; classes are numbers if the objective does not name them.
        pictures: The worst classified images by index, as PNG files; empty if the objective
            gives no images.
        problem: Why it could not give them; empty if it could.
    """

    figures: Evaluation
    pictures: dict[int, bytes]
    problem: str = ""


def predict_test(study: StudyReader, record: Trial) -> Tested:
    """Predict the test split with the state of a trial's best epoch.

    Args:
        study: The study.
        record: A COMPLETE trial.

    Returns:
        What came of it.

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
        figures = evaluate_predictions(found, labels.astype(np.int64), classes, seconds)
        indices = [miss.index for miss in figures.worst or []]
        try:
            return Tested(figures, _pictures(objective, indices))
        except Exception as error:  # noqa: BLE001  it is the user's code; the figures stand
            return Tested(figures, {}, str(error) or type(error).__name__)


def _pictures(objective: object, indices: Sequence[int]) -> dict[int, bytes]:
    """Ask for images of the test split, if the objective gives any."""
    images = getattr(objective, "images", None)
    if images is None or not indices:
        return {}
    found = list(images("test", list(indices)))
    if len(found) != len(indices):
        raise ObjectiveError(
            f"objective: images('test', indices) must give an image for each of "
            f"{len(indices)} indices, got {len(found)}"
        )
    return {index: small_png(image) for index, image in zip(indices, found, strict=True)}


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
