"""A sampler whose surrogate is a forest of extremely randomised trees."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import norm, rankdata

from search.spaces.encoding import Encoding, Rows, unit_of
from search.spaces.optuna_privates import fixed_params
from search.spaces.parameters import Scalar, is_one_of
from search.spaces.sampling import PointSampler, trial_seed
from search.spaces.space import Params, Space, finite_values
from tests.benchmarks.quality.contenders import carried_ranks

N_STARTUP = 8
"""How many trials must have reported before the forest proposes."""
N_TREES = 24
N_RANDOM = 150
"""Candidates from anywhere in the space."""
N_LOCAL = 150
"""Candidates near one of the best points."""
N_BEST = 8
"""How many those are."""
_RANDOM_SHARE = 0.15
"""How many points are drawn at random however much is known."""
_MIDDLE = 0.5
"""The rank of a trial that has not reported."""
_STEP = 0.2
"""Standard deviation of a local step, as a part of the range."""

Numbers = NDArray[np.float64]
Seconds = Callable[[FrozenTrial], float | None]
"""Tells what an epoch of a trial takes."""


def value_at(distribution: BaseDistribution, unit: float) -> Scalar:
    """Give the value at a place from 0 to 1; each of finitely many has an equal share of it."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[_index(unit, len(distribution.choices))]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high, step = distribution.low, distribution.high, distribution.step
    if not distribution.log and step:
        value = low + step * _index(unit, round((high - low) / step) + 1)
        return int(value) if isinstance(distribution, IntDistribution) else round(value, 12)
    if isinstance(distribution, IntDistribution):
        number = (low - 0.5) * math.exp(unit * math.log((high + 0.5) / (low - 0.5)))
        return min(max(round(number), int(low)), int(high))
    number = low * (high / low) ** unit if distribution.log else low + unit * (high - low)
    return float(min(max(number, low), high))


def _index(unit: float, n: int) -> int:
    return min(int(unit * n), n - 1)


class Forest:
    """Extremely randomised trees; how far they disagree tells how little is known.

    Geurts et al. 2006, "Extremely randomized trees". What varies within a leaf is left out: it is
    mostly luck of single trials, and was drawn to.
    """

    def __init__(self, rows: Rows, targets: Numbers, seed: int, n_trees: int = N_TREES) -> None:
        from sklearn.ensemble import ExtraTreesRegressor

        model = ExtraTreesRegressor(
            n_trees, min_samples_leaf=2, max_features=0.8, random_state=seed
        )
        self._trees = [tree.tree_ for tree in model.fit(rows, targets).estimators_]

    def predict(self, rows: Rows) -> tuple[Numbers, Numbers]:
        """Predict mean and standard deviation at each row."""
        means = np.array([tree.predict(rows)[:, 0] for tree in self._trees])
        return means.mean(axis=0), means.std(axis=0)


def expected_improvement(mean: Numbers, std: Numbers, best: float) -> Numbers:
    """Give the mean of what exceeds the best, of normal distributions (Jones et al. 1998)."""
    std = np.maximum(std, 1e-9)
    z = (mean - best) / std
    found: Numbers = std * (z * norm.cdf(z) + norm.pdf(z))
    return found


class ForestSampler(PointSampler):
    """Proposes the candidate of the largest expected improvement, by a forest over all trials.

    Every trial that has reported counts with its carried rank, as a normal score: see
    `carried_ranks`. Failed ones are the worst, those that have not reported lie in the middle.

    Args:
        space: The space.
        seed: The study's.
        seconds: Tells what an epoch of a trial takes.
        cost_power: The improvement is divided by the predicted seconds to this power.
    """

    def __init__(self, space: Space, seed: int, seconds: Seconds, cost_power: float = 0.0) -> None:
        super().__init__(space, list)
        self._seed = seed
        self._seconds = seconds
        self._cost_power = cost_power
        self._encoding = Encoding(space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See Optuna."""
        rng = np.random.default_rng(trial_seed(self._seed, trial.number))
        fixed = fixed_params(trial)
        others = [t for t in study.get_trials(deepcopy=False) if _counts(t, trial)]
        ranks = carried_ranks(
            [t for t in others if t.state is not TrialState.FAIL],
            maximize=study.directions[0] == StudyDirection.MAXIMIZE,
        )
        if len(ranks) >= N_STARTUP and rng.random() >= _RANDOM_SHARE:
            tried = {_key(other.params) for other in others}
            for params in self._proposals(others, ranks, rng, fixed):
                if _key(params) not in tried and self.space.satisfies(params):
                    return params
        return self._anywhere(rng, fixed)

    def _proposals(
        self,
        trials: Sequence[FrozenTrial],
        ranks: dict[int, float],
        rng: np.random.Generator,
        fixed: Params,
    ) -> Iterator[Params]:
        """Give candidates, the most promising first."""
        points: list[Params] = [trial.params for trial in trials]
        scores = _scores(trials, ranks)
        forest = Forest(self._encoding.rows(points), scores, int(rng.integers(2**31)))
        order = np.argsort(-scores, kind="stable")
        candidates = self._candidates([points[place] for place in order[:N_BEST]], rng, fixed)
        rows = self._encoding.rows(candidates)
        gain = expected_improvement(*forest.predict(rows), float(scores.max()))
        if self._cost_power:
            gain /= self._costs(trials, rows, rng) ** self._cost_power
        for place in np.argsort(-gain, kind="stable"):
            yield candidates[place]

    def _costs(
        self, trials: Sequence[FrozenTrial], rows: Rows, rng: np.random.Generator
    ) -> Numbers:
        """Predict the seconds of an epoch at each row."""
        known = [(trial.params, s) for trial in trials if (s := self._seconds(trial))]
        if not known:
            return np.ones(len(rows))
        points, seconds = zip(*known, strict=True)
        seed = int(rng.integers(2**31))
        forest = Forest(self._encoding.rows(points), np.log(seconds), seed, n_trees=8)
        costs: Numbers = np.exp(forest.predict(rows)[0])
        return costs

    def _candidates(
        self, best: Sequence[Params], rng: np.random.Generator, fixed: Params
    ) -> list[Params]:
        found = [self._draw(rng, fixed) for _ in range(N_RANDOM)]
        found += [self._near(best[i % len(best)], rng, fixed) for i in range(N_LOCAL)]
        constraints = self.space.constraints  # those to be measured are looked at one by one
        return [p for p in found if all(constraint.holds(p) for constraint in constraints)]

    def _anywhere(self, rng: np.random.Generator, fixed: Params) -> Params:
        while not self.space.satisfies(params := self._draw(rng, fixed)):
            pass
        return params

    def _draw(self, rng: np.random.Generator, fixed: Params) -> Params:
        units = iter(rng.random(len(self.space.distributions)).tolist())
        return self.space.walk(
            lambda name, d: fixed[name] if name in fixed else value_at(d, next(units))
        )

    def _near(self, start: Params, rng: np.random.Generator, fixed: Params) -> Params:
        """Change one or two values of a point."""
        names = [name for name in start if name not in fixed]
        changed = {names[i] for i in rng.integers(len(names), size=2)} if names else set()

        def choose(name: str, distribution: BaseDistribution) -> Scalar:
            if name in fixed:
                return fixed[name]
            if name in start and name not in changed:
                return start[name]
            if name not in start:
                return value_at(distribution, rng.random())
            return _stepped(distribution, start[name], rng)

        return self.space.walk(choose)


def _stepped(distribution: BaseDistribution, value: Scalar, rng: np.random.Generator) -> Scalar:
    """Give another value: any other choice, or a number nearby, at least the next of its range."""
    if isinstance(distribution, CategoricalDistribution):
        others = [choice for choice in distribution.choices if not is_one_of(choice, [value])]
        return others[int(rng.integers(len(others)))] if others else value
    step = rng.normal(0, _STEP)
    near = value_at(distribution, min(max(unit_of(distribution, value) + step, 0.0), 1.0))
    values = finite_values(distribution)
    if near != value or len(values) < 2:
        return near
    place, way = values.index(value), 1 if step > 0 else -1
    return values[place + way if 0 <= place + way < len(values) else place - way]


def _counts(trial: FrozenTrial, asking: FrozenTrial) -> bool:
    return trial.number != asking.number and trial.state is not TrialState.WAITING


def _key(params: Params) -> frozenset[tuple[str, Scalar]]:
    return frozenset(params.items())


def _scores(trials: Sequence[FrozenTrial], ranks: dict[int, float]) -> Numbers:
    """Give the normal score of each trial by its rank; those that failed share the last ranks."""
    shares = [
        -1.0 if trial.state is TrialState.FAIL else ranks.get(trial.number, _MIDDLE)
        for trial in trials
    ]
    scores: Numbers = norm.ppf((rankdata(shares) - 0.5) / len(shares))
    return scores
