"""Two classifiers on the same images: their difference, its interval, and whether there is one.

Answers are `(N,)` booleans: whether each of `N` images was classified right. Scores are `(N,)`
numbers of the same images, such as the loss of each.

References:
    [AC98] Agresti and Coull 1998, "Approximate is better than exact for interval estimation of
        binomial proportions", doi:10.1080/00031305.1998.10480550.
    [BP12] Bonett and Price 2012, "Adjusted Wald confidence interval for a difference of binomial
        proportions based on paired data", doi:10.3102/1076998611411915.
    [C87] Connor 1987, "Sample size for testing differences in proportions for the
        paired-sample design", doi:10.2307/2531961.
    [H79] Holm 1979, "A simple sequentially rejective multiple test procedure",
        jstor.org/stable/4615733.
    [M47] McNemar 1947, "Note on the sampling error of the difference between correlated
        proportions or percentages", doi:10.1007/BF02295996.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Answers = NDArray[np.bool_]
Scores = NDArray[np.float64]
ByImage = NDArray[Any]
"""Answers or scores."""

LEVEL = 0.05
"""A difference is shown where it would come up by chance less often than this."""
N_RESAMPLES = 2_000
"""Resamples of a bootstrap: enough that a p-value of 5 % is within half a point."""
_FEW = 500
"""Images up to which a multinomial is faster than drawing them one by one."""


@dataclass(frozen=True)
class Difference:
    """How much one of two is ahead of the other.

    Args:
        value: First minus second.
        low: Lower end of the 95 % interval.
        high: Upper end of it.
        p_value: How often two equals would differ as much, two-sided.
    """

    value: float
    low: float
    high: float
    p_value: float

    @property
    def is_shown(self) -> bool:
        """Whether there is a difference at the level of 5 %."""
        return self.p_value < LEVEL


def accuracy_error(answers: Answers) -> float:
    """Give the standard error of an accuracy.

    Two right and two wrong answers are added [AC98]: without them an accuracy of 1 would be
    taken for certain.

    Args:
        answers: `(N,)`, N at least 1.

    Returns:
        Standard error, above 0.

    Example:
        >>> round(accuracy_error(np.ones(288, dtype=bool)), 4)
        0.0048
    """
    n = len(answers) + 4
    share = (np.count_nonzero(answers) + 2) / n
    return math.sqrt(share * (1 - share) / n)


def standard_error(of_images: ByImage) -> float:
    """Give the standard error of a mean, of answers as `accuracy_error` does.

    Args:
        of_images: `(N,)`, answers or scores, N at least 1.

    Returns:
        Standard error; 0 where all scores are the same.
    """
    if of_images.dtype == np.bool_:
        return accuracy_error(of_images)
    return float(of_images.std()) / math.sqrt(len(of_images))


def compare_answers(first: Answers, second: Answers) -> Difference:
    """Compare two accuracies on the same images.

    The p-value is that of McNemar's exact test [M47], the interval adjusted Wald [BP12]; where
    they disagree, at the border, the p-value decides.

    Args:
        first: `(N,)`.
        second: `(N,)`, of the same images in the same order.

    Returns:
        The difference of the accuracies, as a share of the images.

    Example:
        >>> first, second = np.array([True] * 10), np.array([False] * 6 + [True] * 4)
        >>> difference = compare_answers(first, second)
        >>> difference.value, round(difference.p_value, 5)
        (0.6, 0.03125)
    """
    n = len(first)
    gained = int(np.count_nonzero(first & ~second))
    lost = int(np.count_nonzero(~first & second))
    share_gained, share_lost = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    centre = share_gained - share_lost
    error = math.sqrt((share_gained + share_lost - centre**2) / (n + 2))
    reach = NormalDist().inv_cdf(1 - LEVEL / 2) * error
    return Difference((gained - lost) / n, centre - reach, centre + reach, mcnemar(gained, lost))


def compare(first: ByImage, second: ByImage) -> Difference:
    """Compare two classifiers on the same images: `compare_answers` or `compare_scores`.

    Args:
        first: `(N,)`, answers or scores.
        second: `(N,)`, the same of the same images in the same order.

    Returns:
        The difference of the means.
    """
    if first.dtype == np.bool_:
        return compare_answers(first, second)
    return compare_scores(first, second)


def mcnemar(gained: int, lost: int) -> float:
    """Test whether as many images are won as lost: McNemar's exact test [M47].

    Args:
        gained: Images that only the first classifies right.
        lost: Images that only the second classifies right.

    Returns:
        Two-sided p-value; 1 where no image tells them apart.
    """
    # Not `scipy.stats.binomtest`: scipy takes a second to load, and every leaderboard asks.
    n = gained + lost
    log_factorials = _log_factorials(1 << n.bit_length())
    k = np.arange(min(gained, lost) + 1)
    log_chances = log_factorials[n] - log_factorials[k] - log_factorials[n - k] - n * math.log(2)
    return min(1.0, 2 * float(np.exp(log_chances).sum()))


@functools.cache
def _log_factorials(n: int) -> NDArray[np.float64]:
    """Give the logarithms of 0! to n!; a leaderboard asks for them a thousand times."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])


def compare_scores(first: Scores, second: Scores, seed: int = 0) -> Difference:
    """Compare two means over the same images by a paired bootstrap.

    Args:
        first: `(N,)`.
        second: `(N,)`, of the same images in the same order.
        seed: The same seed gives the same answer.

    Returns:
        The difference of the means, with a percentile interval.
    """
    (found,) = bootstrap_differences((first - second)[None, :], seed)
    return found


def bootstrap_differences(differences: NDArray[np.float64], seed: int = 0) -> list[Difference]:
    """Compare means over the same images, all on the same draws of these.

    Args:
        differences: `(K, N)`: of K pairs, the first one's scores less the second one's.
        seed: The same seed gives the same answer.

    Returns:
        `(K,)` differences of the means, with percentile intervals.
    """
    means = resampled_means(differences, seed)
    return [_difference(row, drawn) for row, drawn in zip(differences, means.T, strict=True)]


def _difference(scores: Scores, means: NDArray[np.floating]) -> Difference:
    """Judge a mean by what it is on draws of the images."""
    value, error = float(scores.mean()), float(means.std())
    low, high = np.quantile(means, [LEVEL / 2, 1 - LEVEL / 2])
    below = (np.count_nonzero(means < 0) + np.count_nonzero(means == 0) / 2) / len(means)
    # So few draws do not tell one in 10,000 from none, of which Holm's method makes much: there
    # the normal tail decides, and of few images the chance that all are on one side.
    tail = math.erfc(abs(value) / error / math.sqrt(2)) if error else 0.0
    p_value = max(2 * min(below, 1 - below), tail, 2.0 ** (1 - len(scores)))
    return Difference(value, float(low), float(high), min(float(p_value), 1.0))


def resampled_means(values: ByImage, seed: int) -> NDArray[np.float64]:
    """Draw the images again and again, the same ones for every row.

    Args:
        values: `(K, N)`: of K classifiers on N images.
        seed: The same seed gives the same draws.

    Returns:
        `(N_RESAMPLES, K)`: the mean of each row over each draw.
    """
    n = values.shape[1]
    # Most classifiers agree on most images: a difference of 0 needs no draw of its own.
    drawn = values[:, values.any(axis=0)].astype(np.float32)
    counts = _counts(n, drawn.shape[1], np.random.default_rng(seed))
    means: NDArray[np.float64] = (counts @ drawn.T) / n
    return means


def _counts(n: int, n_wanted: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Count how often each of some of n images is drawn: `(N_RESAMPLES, n_wanted)`."""
    if n_wanted <= _FEW:
        chances = np.full(n_wanted + 1, 1 / n)
        chances[-1] = max(0.0, 1 - n_wanted / n)
        drawn = generator.multinomial(n, chances, size=N_RESAMPLES)
        return drawn[:, :-1].astype(np.float32)
    counts = np.empty((N_RESAMPLES, n_wanted), np.float32)
    sizes = generator.binomial(n, n_wanted / n, N_RESAMPLES)
    for row, size in zip(counts, sizes, strict=True):
        draws = generator.integers(n_wanted, size=size, dtype=np.uint32)
        row[:] = np.bincount(draws, minlength=n_wanted)
    return counts


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values of several comparisons, so that together they err as rarely as one [H79].

    Args:
        p_values: One a comparison.

    Returns:
        Adjusted p-values in the same order, at most 1.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    n = len(p_values)
    adjusted = [0.0] * n
    highest = 0.0
    for place, i in enumerate(sorted(range(n), key=lambda i: p_values[i])):
        highest = max(highest, (n - place) * p_values[i])
        adjusted[i] = min(highest, 1.0)
    return adjusted


def images_needed(first: ByImage, second: ByImage, power: float = 0.8) -> int | None:
    """Say how many images would show the difference between two, were it what it looks like.

    Connor's approximation for McNemar's test [C87, equation 3], of scores with mean squares in
    place of shares.

    Args:
        first: `(N,)`.
        second: `(N,)`, of the same images in the same order.
        power: How likely the difference is to be shown then, between 0 and 1.

    Returns:
        A number of images; None for two of the same mean.
    """
    differences = first.astype(np.float64) - second
    apart, difference = float(np.mean(differences**2)), abs(float(differences.mean()))
    if difference == 0:
        return None
    z_level, z_power = (NormalDist().inv_cdf(share) for share in (1 - LEVEL / 2, power))
    root = z_level * math.sqrt(apart) + z_power * math.sqrt(apart - difference**2)
    return math.ceil((root / difference) ** 2)
