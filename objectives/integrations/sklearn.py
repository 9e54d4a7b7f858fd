"""Trains estimators of scikit-learn an epoch at a time.

def train(params, epochs=10, seed=0):
    model = SGDClassifier(alpha=params["alpha"], random_state=seed)
    yield from fit_epochs(model, (x, y), (x_val, y_val), epochs)
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import is_classifier


def fit_epochs(
    model: Any, train: tuple[Any, Any], val: tuple[Any, Any], epochs: int
) -> Iterator[dict[str, float]]:
    """Give an estimator the training samples once per epoch by `partial_fit`.

    Args:
        model: A classifier or regressor that has `partial_fit`.
        train: Training samples `(N, ...)` and what they are to give `(N,)`.
        val: The same for validation.
        epochs: How many, at least 1.

    Yields:
        The scores of the epoch: accuracy for classifiers, R² for regressors.
    """
    x, y = train
    of_all = {"classes": np.unique(y)} if is_classifier(model) else {}
    for _ in range(epochs):
        model.partial_fit(x, y, **of_all)
        yield {"train_score": model.score(x, y), "val_score": model.score(*val)}
