"""Loss, macro F1 and macro AUROC as means over images, so that they are compared as means are.

Given are probabilities `(N, K)`, each row summing to 1, and labels `(N,)`, 0 to K - 1. Out come
scores `(N,)` whose mean is the metric. Those of the loss are the images' own losses. F1 and AUROC
are no means of such: there an image's score is the metric plus the image's influence on it, so
that the mean over images drawn again is, to first order, the metric of these [E82, chapter 6]. Of
the AUROC that gives DeLong's components [DDC88].

References:
    [DDC88] DeLong, DeLong and Clarke-Pearson 1988, "Comparing the areas under two or more
        correlated receiver operating characteristic curves", doi:10.2307/2531595.
    [E82] Efron 1982, "The jackknife, the bootstrap and other resampling plans",
        doi:10.1137/1.9781611970319.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from search.statistics.paired import Answers, Scores

Probabilities = NDArray[np.float64]
Labels = NDArray[np.integer]

_LEAST = float(np.finfo(np.float64).eps)
"""What a probability counts at least in a loss, as in `sklearn.metrics.log_loss`."""


def loss_scores(probabilities: Probabilities, labels: Labels) -> Scores:
    """Give the negative log likelihood of each image, in nats."""
    own = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.maximum(own, _LEAST))


def f1_scores(probabilities: Probabilities, labels: Labels) -> Scores:
    """Give scores whose mean is F1, a mean over the classes that are there or predicted."""
    predicted = probabilities.argmax(axis=1)
    classes = np.union1d(predicted, labels)
    total = sum(_f1_of_class(predicted == each, labels == each) for each in classes)
    return np.asarray(total / len(classes))


def auroc_scores(probabilities: Probabilities, labels: Labels) -> Scores:
    """Give scores whose mean is AUROC, a mean over classes of one against the rest.

    All are NaN if a class has no image.
    """
    n_classes = probabilities.shape[1]
    if len(np.unique(labels)) < n_classes:
        return np.full(len(labels), np.nan)
    total = sum(_auroc_of_class(probabilities[:, k], labels == k) for k in range(n_classes))
    return np.asarray(total / n_classes)


Scoring = Callable[[Probabilities, Labels], Scores]
METRICS: dict[str, Scoring] = {"loss": loss_scores, "f1": f1_scores, "auroc": auroc_scores}
"""What gives the scores of a metric, by its name without the split."""


def _f1_of_class(predicted: Answers, true: Answers) -> Scores:
    hits, counted = 2.0 * (predicted & true), predicted.astype(np.float64) + true
    f1 = hits.sum() / counted.sum()
    return np.asarray(f1 + (hits - f1 * counted) / counted.mean())


def _auroc_of_class(probabilities: NDArray[np.float64], true: Answers) -> Scores:
    inside, outside = probabilities[true], probabilities[~true]
    won = np.empty(len(true))
    won[true] = _share_below(inside, outside)
    won[~true] = 1 - _share_below(outside, inside)
    auroc = won[true].mean()
    return np.asarray(auroc + (won - auroc) / np.where(true, true.mean(), (~true).mean()))


def _share_below(values: NDArray[np.float64], others: NDArray[np.float64]) -> Scores:
    """Tell for each value which share of the others is below it; equals count half."""
    others = np.sort(others)
    below, up_to = (np.searchsorted(others, values, side) for side in ("left", "right"))
    return np.asarray((below + up_to) / (2 * len(others)))
