"""Turns a sampler's draws into feasible, conditional, repeatable points.

Optuna's protocol for samplers draws once at the start of a trial (`sample_relative`). The
samplers here do all of their work in that one call: they walk the whole space, keep drawing
until the constraints hold, and hand Optuna the finished point. The sampler underneath is
built anew for each draw with a seed made of the study's seed and the trial's number, so a
proposal is a function of the storage alone: nothing to pickle, nothing to lose on a resume.
"""

import copy
import functools
import random
from collections.abc import Sequence
from typing import Any

import optuna
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseGASampler, BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

from search.spaces.forest import ForestSampler, Seconds
from search.spaces.optuna_privates import (
    Ranks,
    fixed_params,
    quiet_optuna,
    study_of_ranks,
    study_with_earlier,
)
from search.spaces.parameters import Scalar
from search.spaces.point_sampler import (
    MAX_DRAWS,
    Informing,
    PointSampler,
    infeasible,
    key_of,
    trial_seed,
)
from search.spaces.ranks import ranks_of
from search.spaces.samplers import Build, ForestOptions, sampler_kind
from search.spaces.space import Params, Space, finite_values, holds_value
from search.spaces.spec import SamplerSpec

INFORMED_DRAWS = 20
"""Draws from the sampler itself; it may insist on an infeasible spot, later ones are uniform."""


def make_sampler(
    spec: SamplerSpec,
    space: Space,
    informing: Informing = list,
    seconds: Seconds = lambda _: None,
    *,
    by_best: bool = True,
) -> PointSampler:
    """Build the sampler that a space file names; its trials get only feasible points.

    Args:
        spec: What the space file says.
        space: The space.
        informing: Finds trials of other studies to learn from.
        seconds: Tells what an epoch of a trial takes, if it is known.
        by_best: Whether trials are ranked by their best epoch, not by their last one.

    Returns:
        A sampler that depends on the study's record and its seed alone.
    """
    kind = sampler_kind(spec.name)
    if kind.build:
        ranks = functools.partial(ranks_of, by_best=by_best) if kind.by_rank else None
        return DrawingSampler(space, kind.build, spec.seed, spec.options, informing, ranks)
    if kind.lists:
        shuffle_seed = spec.seed if spec.name == "brute_force" else None
        return ListingSampler(space, spec.options.get("values", {}), shuffle_seed, informing)
    options = ForestOptions(**spec.options)
    return ForestSampler(space, spec.seed, options, informing, seconds, by_best=by_best)


def sample_points(
    space: Space, n_points: int, seed: int = 0, fixed: Params | None = None
) -> list[Params]:
    """Draw feasible points uniformly, the first one with some values given.

    It is a SpaceError if the constraints reject `MAX_DRAWS` draws in a row.
    """
    with quiet_optuna():
        study = optuna.create_study(sampler=DrawingSampler(space, _uniform, seed, {}))
        if fixed:
            study.enqueue_trial(fixed)
    return [space.suggest(study.ask()) for _ in range(n_points)]


class DrawingSampler(PointSampler):
    """Draws from one of Optuna's samplers, or of the user's, until a point is feasible.

    Args:
        space: The space.
        build: Makes the sampler.
        seed: The study's.
        options: What the space file sets.
        informing: Finds trials of other studies to learn from.
        ranks: Gives the ranks by which the sampler sees all trials of one metric once one of them
            is pruned; None where it sees them as they are.
    """

    def __init__(
        self,
        space: Space,
        build: Build,
        seed: int,
        options: dict[str, Any],
        informing: Informing = list,
        ranks: Ranks | None = None,
    ) -> None:
        super().__init__(space, informing)
        self._build = build
        self._seed = seed
        self._options = options
        self._ranks = ranks
        self._renumbered: dict[int, FrozenTrial] = {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See Optuna; a SpaceError if the constraints reject `MAX_DRAWS` draws in a row."""
        seen = self._by_rank(self._as_seen(study))
        for draw in range(MAX_DRAWS):
            params = self._draw(seen, trial, draw)
            if self.space.satisfies(params):
                return params
        raise infeasible(self.space)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """See Optuna; a given point becomes part of a generation like a drawn one."""
        inner = self._inner(trial, 0)
        seen = self._as_seen(study)
        if isinstance(inner, BaseGASampler):
            inner.get_trial_generation(seen, trial)
        inner.after_trial(seen, trial, state, values)

    def _inner(self, trial: FrozenTrial, draw: int) -> BaseSampler:
        seed = trial_seed(self._seed, trial.number, draw)
        if draw >= INFORMED_DRAWS:
            return _uniform(self._seed, seed, {})
        return self._build(self._seed, seed, dict(self._options))

    def _as_seen(self, study: Study) -> Study:
        return study_with_earlier(study, self.informing, self._renumbered)

    def _by_rank(self, study: Study) -> Study:
        if self._ranks is None or len(study.directions) > 1:
            return study
        if not study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)):
            return study
        return study_of_ranks(study, self._ranks)

    def _draw(self, study: Study, trial: FrozenTrial, draw: int) -> Params:
        inner = self._inner(trial, draw)
        draft = copy.copy(trial)
        draft.number += len(self.informing)
        draft.params, draft.distributions = {}, {}
        inner.before_trial(study, draft)
        relative_space = inner.infer_relative_search_space(study, draft)
        relative = inner.sample_relative(study, draft, relative_space)
        fixed = fixed_params(trial)

        def choose(name: str, distribution: BaseDistribution) -> Scalar:
            value: Scalar
            if name in fixed:
                value = fixed[name]
            elif distribution.single():
                value = finite_values(distribution)[0]
            elif name in relative and holds_value(distribution, relative[name]):
                value = relative[name]
            else:
                value = inner.sample_independent(study, draft, name, distribution)
            draft.params[name] = value
            draft.distributions[name] = distribution
            return value

        return self.space.walk(choose)


class ListingSampler(PointSampler):
    """Proposes every point of a finite space once, in the order of the file or a random one.

    Optuna's own GridSampler and BruteForceSampler know neither constraints nor, the first,
    conditions: they would propose infeasible points, or one point several times.
    """

    def __init__(
        self,
        space: Space,
        values: dict[str, list[Scalar]],
        shuffle_seed: int | None,
        informing: Informing = list,
    ) -> None:
        super().__init__(space, informing)
        self._values = values
        self._shuffle_seed = shuffle_seed

    @functools.cached_property
    def _points(self) -> list[Params]:
        """The points in their order; listed late, as constraints may have to be measured."""
        points = list(self.space.points(self._values))
        if self._shuffle_seed is not None:
            random.Random(self._shuffle_seed).shuffle(points)
        return points

    def exhausted(self, trials: Sequence[FrozenTrial]) -> bool:
        """See `PointSampler`."""
        return self._next(trials) is None

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See Optuna."""
        others = [t for t in study.get_trials(deepcopy=False) if t.number != trial.number]
        fixed = fixed_params(trial)
        point = self._next(others, fixed)
        return point if point is not None else self._points[0]

    def _next(self, trials: Sequence[FrozenTrial], fixed: Params | None = None) -> Params | None:
        tried = {key_of(trial.params) for trial in [*self.informing, *trials]}
        for point in self._points:
            fits = all(point.get(name) == value for name, value in (fixed or {}).items())
            if fits and key_of(point) not in tried:
                return point
        return None


def _uniform(study_seed: int, seed: int, options: dict[str, Any]) -> BaseSampler:
    return RandomSampler(seed=seed)
