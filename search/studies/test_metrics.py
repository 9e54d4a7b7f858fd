"""Test metrics of a trial: how they are computed, and how they are kept with its study.

Optuna lets nobody write to a trial that has ended, so they are attributes of the study, one a
trial, which also go with it into a changed space.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from search.studies import attributes

if TYPE_CHECKING:
    import optuna
    from numpy.typing import NDArray

LARGEST_MATRIX = 100
"""Classes up to which the confusion matrix is kept; one of 1,000 takes megabytes."""
N_WORST = 10
"""Number of worst classified images that are kept."""
_DIGITS = 6


@dataclass(frozen=True)
class Miss:
    """A test image that is taken for another class.

    Args:
        index: Its place in the test split, from 0.
        true: Its class.
        predicted: The class it is taken for.
        probability: What its own class is given, from 0 to 1.
    """

    index: int
    true: str
    predicted: str
    probability: float


@dataclass(frozen=True)
class Evaluation:
    """How well a trial's best epoch classifies the test split.

    Args:
        metrics: Those of `search.columns.TEST_METRICS`: mean negative log likelihood in nats,
            accuracy, F1 and AUROC as means over classes; None for an AUROC where a class has no
            image.
        seconds: Time of the test pass, reading the images included.
        per_class: Columns `class`, `precision`, `recall`, `f1` and `support`, a row a class.
        confusion: Images by true class (rows) and predicted class (columns); None for more than
            `LARGEST_MATRIX` classes.
        worst: The `N_WORST` images whose own class is given the least, of those taken for
            another, the worst first; None in studies older than this field.
    """

    metrics: dict[str, float | None]
    seconds: float
    per_class: dict[str, list[Any]]
    confusion: list[list[int]] | None
    worst: list[Miss] | None = None


def evaluate_predictions(
    probabilities: "NDArray[np.float64]",
    labels: "NDArray[np.int64]",
    classes: Sequence[str],
    seconds: float,
) -> Evaluation:
    """Compare predictions with the labels.

    Args:
        probabilities: `(N, K)`, finite, each row sums to 1 up to rounding.
        labels: `(N,)`, 0 to K - 1.
        classes: `(K,)`, their names.
        seconds: Time that predicting took.

    Returns:
        The test metrics.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    predictions = probabilities.argmax(axis=1)
    each = range(len(classes))
    scores = precision_recall_fscore_support(
        labels, predictions, labels=list(each), zero_division=0.0
    )
    precision, recall, f1 = (np.round(column, _DIGITS).tolist() for column in scores[:3])
    matrix = None
    if len(classes) <= LARGEST_MATRIX:
        matrix = confusion_matrix(labels, predictions, labels=list(each)).tolist()
    return Evaluation(
        metrics=_metrics(probabilities, labels),
        seconds=round(seconds, 4),
        per_class={
            "class": list(classes),
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "support": scores[3].tolist(),
        },
        confusion=matrix,
        worst=worst_images(probabilities, labels, classes),
    )


def worst_images(
    probabilities: "NDArray[np.float64]", labels: "NDArray[np.int64]", classes: Sequence[str]
) -> list[Miss]:
    """Find the images that are classified worst.

    Args:
        probabilities: `(N, K)`, finite, each row sums to 1 up to rounding.
        labels: `(N,)`, 0 to K - 1.
        classes: `(K,)`, their names.

    Returns:
        At most `N_WORST`, only such as are taken for another class: those first whose own
        class is given the least, then by index.
    """
    predictions = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predictions != labels)
    own = probabilities[wrong, labels[wrong]]
    return [
        Miss(
            index=int(wrong[place]),
            true=classes[labels[wrong[place]]],
            predicted=classes[predictions[wrong[place]]],
            probability=round(float(own[place]), _DIGITS),
        )
        for place in np.argsort(own, kind="stable")[:N_WORST]
    ]


def _metrics(
    probabilities: "NDArray[np.float64]", labels: "NDArray[np.int64]"
) -> dict[str, float | None]:
    """Compute what `objectives.classifier` does, which this package must not import."""
    from sklearn.metrics import f1_score, log_loss

    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    predictions = probabilities.argmax(axis=1)
    classes = np.arange(probabilities.shape[1])
    return {
        "loss": float(log_loss(labels, probabilities, labels=classes)),
        "accuracy": float((predictions == labels).mean()),
        "f1": float(f1_score(labels, predictions, average="macro", zero_division=0.0)),
        "auroc": _auroc(probabilities, labels),
    }


def _auroc(probabilities: "NDArray[np.float64]", labels: "NDArray[np.int64]") -> float | None:
    from sklearn.metrics import roc_auc_score

    n_classes = probabilities.shape[1]
    if len(np.unique(labels)) < n_classes:
        return None
    scores = probabilities[:, 1] if n_classes == 2 else probabilities
    return float(roc_auc_score(labels, scores, multi_class="ovr", average="macro"))


def store_evaluation(study: "optuna.Study", number: int, evaluation: Evaluation) -> None:
    """Keep a trial's evaluation in place of an earlier one; only the driver may call it."""
    study.set_user_attr(f"{attributes.TEST}{number}", asdict(evaluation))


def read_evaluation(study_attributes: Mapping[str, Any], number: int) -> Evaluation | None:
    """Read a trial's evaluation, if it has one, from the user attributes of its study."""
    stored = study_attributes.get(f"{attributes.TEST}{number}")
    if not stored:
        return None
    worst = stored.get("worst")
    stored = {**stored, "worst": worst and [Miss(**miss) for miss in worst]}
    return Evaluation(**{field.name: stored[field.name] for field in fields(Evaluation)})
