"""The split by class: that of scikit-learn, which studies on disk were run with."""

import math

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from objectives.errors import SettingsError
from objectives.images import Indices, stratified_split


def draw_labels(seed: int) -> Indices:
    """Draw labels of a few classes, some of them rare, at least two images of each."""
    rng = np.random.default_rng(seed)
    n_classes = int(rng.integers(1, 13))
    shares = rng.dirichlet(np.full(n_classes, rng.choice([0.3, 1.0, 10.0])))
    labels = rng.choice(n_classes, size=int(rng.integers(60, 900)), p=shares)
    return np.concatenate([labels, np.repeat(np.arange(n_classes), 2)]).astype(np.int64)


@pytest.mark.parametrize("seed", range(200))
def test_split_is_that_of_scikit_learn(seed: int) -> None:
    labels = draw_labels(seed)
    fraction = (0.1, 0.2, 0.3, 0.5)[seed % 4]
    n_first = len(labels) - math.ceil(fraction * len(labels))
    theirs = {
        "by share": train_test_split(
            np.arange(len(labels)), test_size=fraction, stratify=labels, random_state=seed
        ),
        "by number": train_test_split(
            np.arange(len(labels)), train_size=n_first, stratify=labels, random_state=seed
        ),
    }
    for expected in theirs.values():
        for ours, part in zip(stratified_split(labels, n_first, seed), expected, strict=True):
            assert ours.tolist() == part.tolist()


@pytest.mark.parametrize(
    ("labels", "n_first", "message"),
    [
        ([0, 0, 0, 1], 2, "each class needs 2, got 1 of one"),
        ([], 0, "each class needs 2, got 0 of one"),
        (
            [0, 0, 1, 1],
            1,
            "each part needs as many as there are classes, 2, got parts of 1 and 3",
        ),
    ],
)
def test_too_few_images_are_refused(labels: list[int], n_first: int, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        stratified_split(np.array(labels, np.int64), n_first, 0)
    assert str(caught.value) == f"data: the images must suffice for a split by class: {message}"
