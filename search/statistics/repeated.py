"""Several candidates trained with the same few seeds: who leads, and who cannot be told from it.

A repetition is one seed, and one split of the images, for every candidate: what is easy or hard of
it is the same for all, and what is left is noise of training (randomised blocks, [BHH05], chapter
4). Its spread is that over all candidates, or for two of them that of their own differences where
it is larger. Finitely many images make a further error, which no number of seeds takes away
[NB03]: it is counted by the covariance of the candidates' answers.

References:
    [BFOS84] Breiman, Friedman, Olshen and Stone 1984, "Classification and Regression Trees",
        section 3.4.3: the rule of one standard error.
    [BHH05] Box, Hunter and Hunter 2005, "Statistics for Experimenters", second edition.
    [H96] Hsu 1996, "Multiple Comparisons: Theory and Methods", chapter 5.
    [KD87] Kim and DeMets 1987, "Design and analysis of group sequential tests based on the type I
        error spending rate function", doi:10.1093/biomet/74.1.149.
    [NB03] Nadeau and Bengio 2003, "Inference for the generalization error",
        doi:10.1023/A:1024068626366.
"""

import functools
import itertools
import math
import statistics
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from search.statistics.paired import LEVEL, Answers

Numbers = NDArray[np.float64]
CovarianceOf = Callable[[int, Sequence[int]], Numbers | None]
"""Gives the covariance, by the images, of some candidates' means over the first repetitions."""
Ending = Literal["running", "one left", "precise", "hopeless", "spent"]
"""Why a race is over: one candidate is left; the difference of those left is known well enough;
more repetitions are not expected to tell them apart; all repetitions are done."""

N_DRAWS = 4_000
"""Draws of the means: a probability of 1 % is then within 0.3 points."""
_UNLIKELY = 0.01
"""How likely a candidate that is given up may still be the best."""
_FEWEST_FREEDOM = 3
"""Degrees of freedom of the noise below which nobody is told from anybody: two or three equal
differences would pass for no noise at all."""
_FIRST_HOPELESS = 3
"""Repetitions before which nothing is given up as hopeless."""


@dataclass(frozen=True)
class Standing:
    """How K candidates stand after some repetitions.

    Args:
        means: `(K,)`.
        spread: `(K, K)`, the standard error of each difference of two means.
        widest: `(N_DRAWS,)`, the widest difference of a pair in its standard errors, were all
            candidates equal; in ascending order.
        p_best: `(K,)`, how likely each is the best one, by what is known of the means now.
        freedom: Degrees of freedom of the noise; with fewer than 3 nobody is told from anybody.
    """

    means: Numbers
    spread: Numbers
    widest: Numbers
    p_best: Numbers
    freedom: int

    @property
    def can_tell(self) -> bool:
        """Whether there is noise enough seen to tell anybody from anybody."""
        return self.freedom >= _FEWEST_FREEDOM

    @property
    def leader(self) -> int:
        """The candidate of the highest mean; of equals the first."""
        return int(self.means.argmax())

    @property
    def behind(self) -> Numbers:
        """`(K,)`, how far each mean is behind the leader's, at least 0."""
        behind: Numbers = self.means.max() - self.means
        return behind

    def reach(self, level: float = LEVEL) -> Numbers:
        """Give half the width of the interval of each difference of two means, `(K, K)`.

        The intervals hold together: all differences are in theirs but in a share `level` of cases.
        """
        widest = self.widest[math.ceil((1 - level) * len(self.widest)) - 1]
        reach = widest * self.spread if self.can_tell else np.full_like(self.spread, math.inf)
        np.fill_diagonal(reach, 0.0)
        return reach

    def tied(self, level: float = LEVEL) -> NDArray[np.bool_]:
        """Tell which candidates, `(K,)`, cannot be told from the leader, itself included."""
        tied: NDArray[np.bool_] = self.behind <= self.reach(level)[self.leader]
        return tied

    def close(self) -> NDArray[np.bool_]:
        """Tell which candidates, `(K,)`, are within one standard error of the leader.

        Of these one may take the cheapest for nearly the accuracy of the best [BFOS84].
        """
        close: NDArray[np.bool_] = self.behind <= self.spread[self.leader]
        return close & self.tied()


@dataclass(frozen=True)
class Beaten:
    """A candidate that is out of a race.

    Args:
        after: How many repetitions it had.
        left: Who was in it till then, itself included.
        standing: How these stood.
    """

    after: int
    left: list[int]
    standing: Standing


@dataclass(frozen=True)
class Race:
    """What has come of a race so far.

    Args:
        n_judged: How many repetitions, all of which those left have had.
        left: The candidates in it, in their order.
        standing: Of those left; None where there is nothing to compare.
        beaten: The others.
        ending: Why it is over, or that it is running.
    """

    n_judged: int
    left: list[int]
    standing: Standing | None
    beaten: dict[int, Beaten]
    ending: Ending


def compare_repeated(
    values: Numbers, covariance: Numbers | None = None, n_repetitions: int | None = None
) -> Standing:
    """Compare candidates over repetitions that all of them have had.

    The differences are judged together, by the distribution of the largest among all pairs, as in
    Tukey's test [H96]: of several equals, one is called different in at most 5 % of cases. It is
    drawn, as no table knows of the images.

    Args:
        values: `(S, K)`, higher is better; S and K at least 2.
        covariance: `(K, K)` of the means, by the images (see `image_covariance`); None for none.
        n_repetitions: Of how many repetitions the means and their noise are taken to be, so that
            one can tell what so many would show; None for S.

    Returns:
        How they stand.
    """
    n_candidates, n = values.shape[1], n_repetitions or len(values)
    freedom = (n_candidates - 1) * (n - 1)
    noise = _noise(values) / n
    of_images = np.zeros((n_candidates,) * 2) if covariance is None else covariance
    alike = 2 * noise + _of_differences(of_images)
    spread = np.sqrt(np.maximum(alike, _of_pairs(values) / n + _of_differences(of_images)))
    np.fill_diagonal(spread, 0.0)
    errors = _draw_errors(noise, freedom, of_images)
    means = values.mean(axis=0)
    widest = np.sort(_widest(errors, np.sqrt(alike)))
    return Standing(means, spread, widest, _chances_of_best(means + errors), freedom)


def _chances_of_best(drawn: Numbers) -> Numbers:
    """Tell how often each has the highest mean, `(K,)`; equals share it."""
    best = drawn == drawn.max(axis=1, keepdims=True)
    chances: Numbers = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return chances


def seeds_needed(n_candidates: int) -> int:
    """Tell how many repetitions of so many candidates a verdict needs at least.

    >>> [seeds_needed(n) for n in (1, 2, 3, 4, 11)]
    [2, 4, 3, 2, 2]
    """
    if n_candidates == 1:
        return 2
    return max(2, math.ceil(_FEWEST_FREEDOM / (n_candidates - 1)) + 1)


def undominated(
    metrics: Sequence[Numbers], covariances: Sequence[Numbers | None]
) -> NDArray[np.bool_]:
    """Tell which candidates no other one dominates, by several metrics.

    One dominates another if it is shown to be better in one metric, at 5 % over all metrics, and
    has no worse mean in the others.

    Args:
        metrics: `(S, K)` of each, higher is better; S and K at least 2.
        covariances: `(K, K)` of the means of each, by the images; None for none.

    Returns:
        `(K,)`.
    """
    standings = [
        compare_repeated(values, covariance)
        for values, covariance in zip(metrics, covariances, strict=True)
    ]
    leads = [of.means[:, None] - of.means[None, :] for of in standings]
    level = LEVEL / len(metrics)
    shown = [lead > of.reach(level) for lead, of in zip(leads, standings, strict=True)]
    dominates = np.any(shown, axis=0) & np.all([lead >= 0 for lead in leads], axis=0)
    kept: NDArray[np.bool_] = ~dominates.any(axis=0)
    return kept


def mean_reach(values: Sequence[float], variance: float = 0.0) -> float:
    """Give half the width of the 95 % interval of one candidate's mean.

    Args:
        values: Those of its repetitions, two at least.
        variance: Of the mean, by the images (the diagonal of `image_covariance`).

    Returns:
        A number, at least 0.

    Example:
        >>> round(mean_reach([0.97, 0.98, 0.99]), 4)
        0.0248
    """
    from scipy.special import stdtrit  # a fifth of a second, which a driver need not wait

    n = len(values)
    of_seeds = float(stdtrit(n - 1, 1 - LEVEL / 2)) * statistics.stdev(values) / math.sqrt(n)
    of_images = statistics.NormalDist().inv_cdf(1 - LEVEL / 2) * math.sqrt(variance)
    return math.hypot(of_seeds, of_images)


def image_covariance(answers: Sequence[Answers | Numbers], n_images: int | None) -> Numbers:
    """Give the covariance of the candidates' means, as the images are a sample.

    Args:
        answers: `(K, N)` of each repetition.
        n_images: How many images the repetitions divide anew into training and validation; None
            where all repetitions are validated on the same images.

    Returns:
        `(K, K)`.
    """
    if n_images is None:
        shares = np.mean([one.astype(np.float64) for one in answers], axis=0)
        answers, n_images = [shares], shares.shape[1]
    of_each = [np.atleast_2d(np.cov(one.astype(np.float64), bias=True)) for one in answers]
    covariance: Numbers = np.mean(of_each, axis=0) / n_images
    return covariance


def race(
    values: Numbers,
    n_repetitions: int,
    covariance_of: CovarianceOf = lambda _, __: None,
    precision: float | None = None,
    out: Collection[int] = (),
) -> Race:
    """Follow a race of candidates: who is out after which repetition, and whether it is over.

    It is looked at after each repetition. A candidate is out where it is the best one with a
    probability under 1 % *and* can be told from the leader. The first alone would too often put
    out one of several equals, as the best of them is a lucky one. The level of 5 % is
    spent over the looks by the cube of their time [KD87].

    Args:
        values: `(S, K)`, higher is better; NaN where a repetition is not there yet.
        n_repetitions: How many there are to be at most, at least S.
        covariance_of: Told how many repetitions, and which candidates.
        precision: The width of an interval that is narrow enough; None for no width.
        out: Candidates that are not in it.

    Returns:
        What has come of it; the same for the same values, in whatever order they came.
    """
    left = [candidate for candidate in range(values.shape[1]) if candidate not in out]
    beaten: dict[int, Beaten] = {}
    standing: Standing | None = None
    ending: Ending = "running"
    n = 0
    while left and ending == "running" and n < len(values):
        if np.isnan(values[n, left]).any():
            break
        n += 1
        standing = _standing(values[:n, left], covariance_of(n, left))
        if standing and n < n_repetitions:
            out_now = _beaten(standing, left, n, n_repetitions)
            left = [candidate for candidate in left if candidate not in out_now]
            beaten |= out_now
        covariance = covariance_of(n, left)
        standing = _standing(values[:n, left], covariance)
        if len(left) == 1 < values.shape[1]:
            ending = "one left"
        else:
            ending = _ending(standing, values[:n, left], covariance, n_repetitions, precision)
    return Race(n, left, standing, beaten, ending)


def _beaten(
    standing: Standing, left: Sequence[int], n: int, n_repetitions: int
) -> dict[int, Beaten]:
    """Find who is out after n repetitions."""
    tied = standing.tied(_look_level(n, n_repetitions))
    return {
        candidate: Beaten(n, list(left), standing)
        for place, candidate in enumerate(left)
        if standing.p_best[place] < _UNLIKELY and not tied[place]
    }


def _standing(values: Numbers, covariance: Numbers | None) -> Standing | None:
    enough = values.shape[0] > 1 and values.shape[1] > 1
    return compare_repeated(values, covariance) if enough else None


def _ending(
    standing: Standing | None,
    values: Numbers,
    covariance: Numbers | None,
    n_repetitions: int,
    precision: float | None,
) -> Ending:
    if len(values) == n_repetitions:
        return "spent"
    if standing is None or not standing.can_tell or not standing.tied().all():
        return "running"
    if precision is not None and 2 * standing.reach()[standing.leader].max() < precision:
        return "precise"
    # Were means and noise to stay as they are, even the last repetition would not show more.
    hopeless = compare_repeated(values, covariance, n_repetitions).tied().all()
    return "hopeless" if len(values) >= _FIRST_HOPELESS and hopeless else "running"


def _look_level(n: int, n_repetitions: int) -> float:
    """Give the part of the level that the look after n repetitions may spend; the first is 2."""
    before = 0 if n == 2 else n - 1
    return LEVEL * float(n**3 - before**3) / float(n_repetitions**3)


def _noise(values: Numbers) -> float:
    """Estimate the variance of one value by noise: of what is left of it without its block."""
    n_repetitions, n_candidates = values.shape
    left = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    freedom = int((n_candidates - 1) * (n_repetitions - 1))
    return float((left**2).sum()) / freedom


def _of_pairs(values: Numbers) -> Numbers:
    """Estimate the variance of each pair's difference in one repetition, `(K, K)`."""
    apart = values[:, :, None] - values[:, None, :]
    of_pairs: Numbers = apart.var(axis=0, ddof=1)
    return of_pairs


def _of_differences(covariance: Numbers) -> Numbers:
    """Give the variance of each pair's difference, `(K, K)`."""
    variances = np.diag(covariance)
    return np.maximum(variances[:, None] + variances[None, :] - 2 * covariance, 0.0)


def _draw_errors(noise: float, freedom: int, of_images: Numbers) -> Numbers:
    """Draw what the means may be off by, `(N_DRAWS, K)`."""
    normal, also, scales = _draws(len(of_images), freedom)
    values, vectors = np.linalg.eigh(of_images)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    errors: Numbers = math.sqrt(noise) * normal * scales + also @ root.T
    return errors


@functools.cache
def _draws(n_candidates: int, freedom: int) -> tuple[Numbers, Numbers, Numbers]:
    """Draw twice from the normal distribution, and how far off an estimated spread may be."""
    generator = np.random.default_rng(0)
    first, second = generator.standard_normal((2, N_DRAWS, n_candidates))
    return first, second, np.sqrt(freedom / generator.chisquare(freedom, (N_DRAWS, 1)))


def _widest(errors: Numbers, spread: Numbers) -> Numbers:
    """Give the largest of all pairs' differences in each draw, in units of its spread."""
    widest = np.zeros(len(errors))
    for i, j in itertools.combinations(range(errors.shape[1]), 2):
        if spread[i, j] > 0:
            np.maximum(widest, np.abs(errors[:, i] - errors[:, j]) / spread[i, j], out=widest)
    return widest
