"""Proposes points by a forest of trees over all that trials have reported.

Trees need no scale for what they predict, know choices and conditions as they are, and are made in
milliseconds (Hutter et al. 2011, "Sequential model-based optimization for general algorithm
configuration", doi:10.1007/978-3-642-25566-3_40). A trial counts with its carried rank, so that
pruned and running ones are learnt from like complete ones. What a trial costs is learnt, too.
"""

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
from optuna.trial import FrozenTrial, TrialState

from search.spaces.encoding import Encoding, Rows, unit_of, value_at
from search.spaces.optuna_privates import every_trial, fixed_params
from search.spaces.parameters import Scalar, is_one_of, on_step
from search.spaces.point_sampler import (
    MAX_DRAWS,
    Informing,
    PointSampler,
    infeasible,
    key_of,
    trial_seed,
)
from search.spaces.ranks import ranks_of
from search.spaces.samplers import ForestOptions
from search.spaces.space import Params, Space

Numbers = NDArray[np.float64]
Seconds = Callable[[FrozenTrial], float | None]
"""Tells what an epoch of a trial takes."""

_N_TREES, _N_COST_TREES = 24, 8
_N_RANDOM = 150
"""Candidates from anywhere in the space."""
_N_LOCAL = 150
"""Candidates near one of the best points."""
_N_BEST = 8
"""How many those are."""
_RANDOM_SHARE = 1 / 3
"""How many points are drawn at random however much is known, as by Falkner et al. 2018, "BOHB"."""
_MOST = 1_000
"""From how many trials the forest learns at most: half of them the best, the others by chance."""
_MIDDLE = 0.5
"""The rank of a trial that has not reported."""
_STEP = 0.2
"""Standard deviation of a local step, as a part of the range."""


class Forest:
    """Extremely randomised trees; how far they disagree tells how little is known.

    Geurts et al. 2006, "Extremely randomized trees", doi:10.1007/s10994-006-6226-1. What varies
    within a leaf is left out: it is mostly the luck of single trials, and the search would follow.
    """

    def __init__(self, rows: Rows, targets: Numbers, seed: int, n_trees: int = _N_TREES) -> None:
        from sklearn.tree import ExtraTreeRegressor

        # One by one: scikit-learn's own forest takes twice as long to make so small a one.
        self._trees = [
            ExtraTreeRegressor(min_samples_leaf=2, max_features=0.8, random_state=seed + place)
            .fit(rows, targets, check_input=False)
            .tree_
            for place in range(n_trees)
        ]

    def predict(self, rows: Rows) -> tuple[Numbers, Numbers]:
        """Predict mean and standard deviation at each row."""
        means = np.array([tree.predict(rows)[:, 0] for tree in self._trees])
        return means.mean(axis=0), means.std(axis=0)


def expected_improvement(mean: Numbers, std: Numbers, best: float) -> Numbers:
    """Give the mean of what exceeds the best, of normal distributions (Jones et al. 1998)."""
    from scipy.stats import norm

    std = np.maximum(std, 1e-9)
    z = (mean - best) / std
    found: Numbers = std * (z * norm.cdf(z) + norm.pdf(z))
    return found


class ForestSampler(PointSampler):
    """Proposes the candidate of the largest expected improvement per cost.

    Failed trials count as the worst, those that have not reported as middling ones.

    Args:
        space: The space.
        seed: The study's.
        options: What the space file sets.
        informing: Finds trials of other studies to learn from.
        seconds: Tells what an epoch of a trial takes.
        by_best: Whether trials are ranked by their best epoch, not by their last one.
    """

    def __init__(  # noqa: PLR0913  all that it learns from
        self,
        space: Space,
        seed: int,
        options: ForestOptions,
        informing: Informing,
        seconds: Seconds,
        *,
        by_best: bool,
    ) -> None:
        super().__init__(space, informing)
        self._seed = seed
        self._options = options
        self._seconds = seconds
        self._by_best = by_best
        self._encoding = Encoding(space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See Optuna; a SpaceError if the constraints reject `MAX_DRAWS` draws in a row."""
        rng = np.random.default_rng(trial_seed(self._seed, trial.number))
        draw = Drawing(self.space, rng, fixed_params(trial))
        own = [other for other in every_trial(study) if _counts(other, trial)]
        others = [*self.informing, *own]
        ranks = ranks_of(others, study.directions[0], by_best=self._by_best)
        n_reported = np.count_nonzero(~np.isnan(ranks))
        knows = n_reported >= self._options.n_startup_trials
        point = None
        if knows and rng.random() >= _RANDOM_SHARE:
            point = self._informed(others, ranks, draw)
        point = point or draw.feasible()
        if point is None and knows:  # the space is tight, but some of its points are known
            point = self._informed(others, ranks, draw)
        if point is None:
            raise infeasible(self.space)
        return point

    def _informed(
        self, trials: Sequence[FrozenTrial], ranks: Numbers, draw: "Drawing"
    ) -> Params | None:
        """Give the most promising point that has not been tried and satisfies the constraints."""
        tried = {key_of(trial.params) for trial in trials}
        for params in self._proposals(trials, ranks, draw):
            if key_of(params) not in tried and self.space.satisfies(params):
                return params
        return None

    def _proposals(
        self, trials: Sequence[FrozenTrial], ranks: Numbers, draw: "Drawing"
    ) -> Iterator[Params]:
        """Give candidates, the most promising first."""
        trials, scores = _learnt_from(trials, _scores(trials, ranks), draw.rng)
        points: list[Params] = [trial.params for trial in trials]
        forest = Forest(self._encoding.rows(points), scores, _seed_of(draw.rng))
        best = np.argsort(-scores, kind="stable")[:_N_BEST]
        candidates = draw.candidates([points[place] for place in best])
        if not candidates:
            return
        rows = self._encoding.rows(candidates)
        gain = expected_improvement(*forest.predict(rows), float(scores.max()))
        if self._options.cost_power:
            gain /= self._costs(trials, rows, draw.rng) ** self._options.cost_power
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
        forest = Forest(
            self._encoding.rows(points), np.log(seconds), _seed_of(rng), n_trees=_N_COST_TREES
        )
        costs: Numbers = np.exp(forest.predict(rows)[0])
        return costs


class Drawing:
    """Draws points, some of whose values may be given.

    Args:
        space: The space.
        rng: Where chance comes from.
        fixed: The values that are given.
    """

    def __init__(self, space: Space, rng: np.random.Generator, fixed: Params) -> None:
        self.rng = rng
        self._space = space
        self._fixed = fixed

    def feasible(self) -> Params | None:
        """Draw a point that satisfies the constraints; None if none of `MAX_DRAWS` does."""
        for _ in range(MAX_DRAWS):
            params = self._anywhere()
            if self._space.satisfies(params):
                return params
        return None

    def candidates(self, best: Sequence[Params]) -> list[Params]:
        """Draw points, half of them near the best ones; what must be measured is left aside."""
        found = [self._anywhere() for _ in range(_N_RANDOM)]
        found += [self._near(best[i % len(best)]) for i in range(_N_LOCAL)]
        constraints = self._space.constraints
        return [p for p in found if all(constraint.holds(p) for constraint in constraints)]

    def _anywhere(self) -> Params:
        units = iter(self.rng.random(len(self._space.distributions)).tolist())
        return self._space.walk(
            lambda name, d: self._fixed[name] if name in self._fixed else value_at(d, next(units))
        )

    def _near(self, start: Params) -> Params:
        """Change one or two values of a point."""
        names = [name for name in start if name not in self._fixed]
        changed = {names[i] for i in self.rng.integers(len(names), size=2)} if names else set()

        def choose(name: str, distribution: BaseDistribution) -> Scalar:
            if name in self._fixed:
                return self._fixed[name]
            if name in start and name not in changed:
                return start[name]
            if name not in start:
                return value_at(distribution, self.rng.random())
            return _stepped(distribution, start[name], self.rng)

        return self._space.walk(choose)


def _stepped(distribution: BaseDistribution, value: Scalar, rng: np.random.Generator) -> Scalar:
    """Give another value: any other choice, or a number nearby, at least the next of its range."""
    if isinstance(distribution, CategoricalDistribution):
        others = [choice for choice in distribution.choices if not is_one_of(choice, [value])]
        return others[int(rng.integers(len(others)))] if others else value
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    assert isinstance(value, int | float)
    way = rng.normal(0, _STEP)
    near = value_at(distribution, min(max(unit_of(distribution, value) + way, 0.0), 1.0))
    if near != value or distribution.single() or not distribution.step:
        return near
    step, n = distribution.step, 1 if way > 0 else -1
    n = n if distribution.low <= value + n * step <= distribution.high else -n
    is_float = isinstance(distribution, FloatDistribution)
    moved = on_step(value, step, n) if is_float else value + n * step
    return min(max(moved, distribution.low), distribution.high)


def _counts(trial: FrozenTrial, asking: FrozenTrial) -> bool:
    """Tell whether a trial has a point, as a waiting one has not, and is not the asking one."""
    return trial.number != asking.number and bool(trial.params)


def _seed_of(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def _scores(trials: Sequence[FrozenTrial], ranks: Numbers) -> Numbers:
    """Give the normal score of each trial by its rank; those that failed share the last ranks."""
    from scipy.stats import norm, rankdata

    failed = np.array([trial.state is TrialState.FAIL for trial in trials])
    shares = np.where(failed, -1.0, np.nan_to_num(ranks, nan=_MIDDLE))
    scores: Numbers = norm.ppf((rankdata(shares) - 0.5) / len(shares))
    return scores


def _learnt_from(
    trials: Sequence[FrozenTrial], scores: Numbers, rng: np.random.Generator
) -> tuple[list[FrozenTrial], Numbers]:
    """Choose the trials to learn from where there are many."""
    if len(trials) <= _MOST:
        return list(trials), scores
    order = np.argsort(-scores, kind="stable")
    best, others = order[: _MOST // 2], order[_MOST // 2 :]
    chosen = np.concatenate([best, rng.choice(others, _MOST - len(best), replace=False)])
    return [trials[place] for place in chosen], scores[chosen]
