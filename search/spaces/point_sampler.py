"""What proposes whole points of a space, and what all that do so share."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from search.errors import SpaceError
from search.spaces.parameters import Scalar
from search.spaces.space import Params, Space

MAX_DRAWS = 1_000
"""Draws in a row that constraints may reject before the space counts as infeasible."""

Informing = Callable[[], list[FrozenTrial]]
"""Finds ended trials of other studies, numbered from 0; asked once, at the first proposal."""


def trial_seed(study_seed: int, number: int, draw: int = 0) -> int:
    """Derive a seed from the study's.

    Args:
        study_seed: At least 0.
        number: The trial's number, from 0.
        draw: Counts further seeds of the same trial, from 0.

    Returns:
        A number from 0 to 2**31 - 1, well mixed: neighbouring trials share no bits.
    """
    state = np.random.SeedSequence([study_seed, number, draw]).generate_state(1)
    return int(state[0] >> 1)


class PointSampler(BaseSampler):
    """A sampler that proposes whole points of a space."""

    def __init__(self, space: Space, informing: Informing) -> None:
        self.space = space
        self._find_informing = informing

    @functools.cached_property
    def informing(self) -> list[FrozenTrial]:
        """The trials to know of beside the study's own."""
        return self._find_informing()

    def exhausted(self, trials: Sequence[FrozenTrial]) -> bool:
        """Tell whether every point has been tried; never for a sampler that draws."""
        return False

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """See Optuna: all parameters are proposed together."""
        return dict(self.space.distributions)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Scalar:
        """See Optuna: never asked, as all parameters are proposed together."""
        raise AssertionError(f"{param_name} was not part of the proposed point")


def key_of(params: Params) -> frozenset[tuple[str, str]]:
    """Give what equal points have in common, and no others: 1, 1.0 and True differ."""
    return frozenset((name, repr(value)) for name, value in params.items())


def infeasible(space: Space) -> SpaceError:
    """Say that no point was found that satisfies a space's constraints."""
    constraints = [*space.constraints, *space.measured_constraints]
    texts = "; ".join(constraint.text for constraint in constraints)
    found = f"{MAX_DRAWS:,} draws in a row did not"
    return SpaceError([f"constraints: some point must satisfy them, but {found}: {texts}"])
