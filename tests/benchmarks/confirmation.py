"""Whether confirmations tell the truth: races of candidates whose true accuracies are known.

Each candidate is right on the easy images; of the hard ones, some always come out the same for it
and others anew with each training. Each repetition validates on a fifth of the images, drawn anew.
"""

import functools
import itertools
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.statistics.repeated import compare_repeated, race
from tests.benchmarks.benchmark import Benchmark

N_REPLAYS = 2_000
N_SEEDS = 6
EQUAL = (0.0,) * 5
LADDER = (0.0, 0.002, 0.005, 0.01, 0.02)
BEST = 0.97
"""The accuracy of the best candidate."""
_HARD = 0.15
"""The share of hard images."""
_PER_SPLIT = 5
"""How many times the validation images all images are."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What is replayed.

    Args:
        gaps: How far each candidate's accuracy is below the best one's.
        n_images: Validation images.
        noise: Standard deviation of an accuracy from seed to seed.
    """

    gaps: tuple[float, ...]
    n_images: int
    noise: float


@dataclass(frozen=True)
class Told:
    """Shares and means over the replays of a setting.

    Args:
        kept: How often the true best is in the tied set.
        split: How often not all candidates are in it.
        spent: Seeds spent, as a share of all candidates with all seeds.
        kept_in_full: `kept`, were no candidate dropped and no race ended early.
        leader_regret: How far the leader is below the best one.
        regret: How far the recommended one is: any of those near it, as costs are drawn.
        top_regret: How far the one of the top value is, with one seed.
    """

    kept: float
    split: float
    spent: float
    kept_in_full: float
    leader_regret: float
    regret: float
    top_regret: float


SETTINGS = [
    *(
        Setting(gaps, n_images, noise)
        for gaps in (EQUAL, LADDER)
        for n_images in (288, 2_000, 10_000)
        for noise in (0.0, 0.003, 0.01)
    ),
    *(Setting((0.0, *(gap,) * 4), 2_000, 0.003) for gap in LADDER[1:]),
    *(Setting((0.0, gap), 2_000, 0.003) for gap in (0.0, 0.01)),
]


def replay(setting: Setting, n_replays: int, seed: int = 0) -> Told:
    """Replay a setting."""
    generator = np.random.default_rng(seed)
    rows = [_race(setting, generator) for _ in range(n_replays)]
    return Told(*np.mean(rows, axis=0).tolist())


def _race(setting: Setting, generator: np.random.Generator) -> tuple[float, ...]:
    gaps, everyone = np.array(setting.gaps), range(len(setting.gaps))
    values, of_splits = _repetitions(setting, generator)

    def covariance(n: int, candidates: Sequence[int]) -> Numbers:
        of_means = np.mean(of_splits[:n], axis=0) / (_PER_SPLIT * setting.n_images)
        chosen: Numbers = of_means[np.ix_(candidates, candidates)]
        return chosen

    found = race(values, N_SEEDS, covariance)
    in_full = compare_repeated(values, covariance(N_SEEDS, everyone)).tied()
    tied = near = left = np.array(found.left)
    leader = left[0]
    if found.standing:
        tied, near = left[found.standing.tied()], left[found.standing.close()]
        leader = left[found.standing.leader]
    n_spent = len(found.left) * found.n_judged + sum(out.after for out in found.beaten.values())
    return (
        0 in tied,
        len(tied) < len(gaps),
        n_spent / values.size,
        in_full[0],
        gaps[leader],
        gaps[near].mean(),
        gaps[values[0].argmax()],
    )


def _repetitions(setting: Setting, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Draw the accuracies `(S, K)` of all repetitions, and the covariance of their answers."""
    accuracies = BEST - np.array(setting.gaps)
    images = _images(accuracies, _PER_SPLIT * setting.n_images, generator)
    values, covariances = [], []
    for _ in range(N_SEEDS):
        n_easy, n_anew, *n_lasting = generator.multivariate_hypergeometric(
            images, setting.n_images, method="marginals"
        )
        moved = accuracies + setting.noise * generator.standard_normal(len(accuracies))
        counts = n_lasting + generator.multinomial(n_anew, _chances(moved))
        counts[-1] += n_easy
        patterns = _patterns(len(accuracies))
        means = counts @ patterns / setting.n_images
        products = (patterns.T * counts) @ patterns / setting.n_images
        # The images whose answers last move with the noise as well: their answers do not show it.
        values.append(means + (moved - accuracies) * sum(n_lasting) / (_HARD * setting.n_images))
        covariances.append(products - np.outer(means, means))
    return np.array(values), np.array(covariances)


def _images(accuracies: Numbers, n_images: int, generator: np.random.Generator) -> NDArray[Any]:
    """Draw how many images are easy, how many answered anew, and how many by each pattern."""
    n_hard = generator.binomial(n_images, _HARD)
    n_lasting = generator.binomial(n_hard, 0.5)
    lasting = generator.multinomial(n_lasting, _chances(accuracies))
    return np.array([n_images - n_hard, n_hard - n_lasting, *lasting])


@functools.cache
def _patterns(n_candidates: int) -> Numbers:
    """List who may be right on a hard image, `(2**K, K)` of 0 and 1."""
    return np.array(list(itertools.product((0.0, 1.0), repeat=n_candidates)))


def _chances(accuracies: Numbers) -> Numbers:
    """Give the chance of each pattern on a hard image."""
    right = np.clip((accuracies - (1 - _HARD)) / _HARD, 0.0, 1.0)
    chances = np.where(_patterns(len(right)) > 0, right, 1 - right).prod(axis=1)
    whole: Numbers = chances / chances.sum()
    return whole


def measure() -> list[Benchmark]:
    """Replay every setting."""
    with ProcessPoolExecutor() as pool:
        told = dict(zip(SETTINGS, pool.map(_replay_all, SETTINGS), strict=True))
    for setting, one in told.items():
        print(setting, one, flush=True)
    every = [*told.values()]
    apart = [one for setting, one in told.items() if any(setting.gaps)]
    kept = min(one.kept for one in every)
    claimed = max(one.split for setting, one in told.items() if not any(setting.gaps))
    top = fmean(one.top_regret for one in apart)
    leader = fmean(one.leader_regret for one in apart) / top
    recommended = fmean(one.regret for one in apart) / top
    spent = fmean(one.spent for one in every)
    return [
        Benchmark("true best among the tied, worst setting", kept, "", 0.93, at_most=False),
        Benchmark("a lead claimed between equals, worst setting", claimed, "", 0.05),
        Benchmark("regret of the leader, times that of the top value", leader, "×", 0.5),
        Benchmark("regret of the recommended one, likewise", recommended, "×", 0.5),
        Benchmark("seeds spent, of all", spent, "", 0.6),
    ]


def _replay_all(setting: Setting) -> Told:
    return replay(setting, N_REPLAYS)
