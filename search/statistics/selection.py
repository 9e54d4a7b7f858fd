"""The best of several: who cannot be told from it, and how much too good it looks.

References:
    [TT09] Tibshirani and Tibshirani 2009, "A bias correction for the minimum error rate in
        cross-validation", doi:10.1214/08-AOAS224.
"""

from collections.abc import Sequence

import numpy as np

from search.statistics.paired import (
    LEVEL,
    ByImage,
    bootstrap_differences,
    compare_answers,
    holm,
    resampled_means,
)

_OUT_OF_REACH = 6.0
"""Standard errors behind the best one from which no draw of images puts one first."""


def tied_with_first(rows: Sequence[ByImage]) -> list[bool]:
    """Tell which of several cannot be told from the first one.

    Each is compared with it on the same images (`compare_answers`, of scores
    `bootstrap_differences`), and the comparisons are adjusted by Holm: none of several equals is
    called different in at least 95 % of cases, if the first one was not chosen by these images.
    The best one was, yet the true best is kept as often: it is dropped only where the first is
    significantly *ahead* of it, half of what the two-sided level allows.

    Args:
        rows: Answers or scores `(N,)` of each on the same images; the best one first.

    Returns:
        A truth value each; the first one's is True.
    """
    first, *others = rows
    if first.dtype == np.bool_:
        found = [compare_answers(first, other) for other in others]
    else:
        found = bootstrap_differences(first - np.stack(rows)[1:])
    return [True, *(p_value >= LEVEL for p_value in holm([each.p_value for each in found]))]


def optimism_of_best(rows: ByImage, seed: int = 0) -> float:
    """Estimate how much too good the best of several looks, as the luckiest one is chosen.

    Images are drawn again; whoever is the best on a draw has a mean there and a mean on all
    images, and the former is too good by about as much as the best one's mean is on all images
    [TT09, section 2, with a bootstrap in place of folds].

    Args:
        rows: `(K, N)`: answers or scores (higher is better) of K classifiers on N images.
        seed: The same seed gives the same answer.

    Returns:
        A mean difference, at least 0, in the unit of the scores.
    """
    leads = rows.astype(np.float32) - rows[rows.mean(axis=1).argmax()]
    behind, spread = -leads.mean(axis=1), leads.std(axis=1) / np.sqrt(rows.shape[1])
    leads = leads[behind <= _OUT_OF_REACH * spread]
    means = resampled_means(leads, seed)
    # What the first one gains by a draw is left out: it is zero on average, and noise.
    gains = means.max(axis=1) - leads.mean(axis=1)[means.argmax(axis=1)]
    return max(float(gains.mean()), 0.0)
