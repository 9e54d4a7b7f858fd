"""A split by class: scikit-learn's `train_test_split(stratify=labels)`, number for number.

Written out, as importing scikit-learn takes longer than all else that `search check` does, and
as a study's split must not change with a release of a library.
"""

import numpy as np
from numpy.typing import NDArray

from objectives.errors import SettingsError

Indices = NDArray[np.int64]


def stratified_split(labels: Indices, n_first: int, seed: int) -> tuple[Indices, Indices]:
    """Draw some images so that both parts have every class in the same share.

    Args:
        labels: `(N,)`, the class of each image.
        n_first: Images of the first part; the second has the others.
        seed: The same seed gives the same split.

    Returns:
        Places of the images of both parts, in random order.

    Raises:
        SettingsError: If there are too few images for every class to be in both.
    """
    _, counts = np.unique(labels, return_counts=True)
    _require_enough(counts, n_first, len(labels) - n_first)
    rng = np.random.RandomState(seed)
    n_of_first = _shares(counts, n_first, rng)
    n_of_second = _shares(counts - n_of_first, len(labels) - n_first, rng)
    first, second = [], []
    by_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    for places, n, m in zip(by_class, n_of_first, n_of_second, strict=True):
        mixed = places[rng.permutation(len(places))]
        first.append(mixed[:n])
        second.append(mixed[n : n + m])
    return rng.permutation(np.concatenate(first)), rng.permutation(np.concatenate(second))


def _require_enough(counts: Indices, n_first: int, n_second: int) -> None:
    """Refuse what cannot have every class in both parts."""
    text = "data: the images must suffice for a split by class: "
    if not len(counts) or counts.min() < 2:
        raise SettingsError(f"{text}each class needs 2, got {min(counts, default=0)} of one")
    if min(n_first, n_second) < len(counts):
        raise SettingsError(
            f"{text}each part needs as many as there are classes, {len(counts)}, got parts of "
            f"{n_first} and {n_second}"
        )


def _shares(counts: Indices, n_drawn: int, rng: np.random.RandomState) -> Indices:
    """Share a number of draws out to classes; what rounding leaves goes to the nearest to it."""
    exact = counts / counts.sum() * n_drawn
    shares: Indices = np.floor(exact).astype(np.int64)
    left = int(n_drawn - shares.sum())
    remainders = exact - shares
    for remainder in np.unique(remainders)[::-1]:
        if left <= 0:
            break
        tied = np.flatnonzero(remainders == remainder)
        chosen = rng.choice(tied, size=min(len(tied), left), replace=False)
        shares[chosen] += 1
        left -= len(chosen)
    return shares
