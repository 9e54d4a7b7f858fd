"""The samplers a space file can name: a table of ours, and classes of other people's.

How a sampler's draws become feasible, conditional and repeatable points is the business of
`search.spaces.sampling`.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)

from search.spaces.document import Problem
from search.spaces.plugins import (
    PluginError,
    is_plugin,
    load_class,
    option_problems,
    option_types,
    takes,
    useless_options,
)

Build = Callable[[int, int, dict[str, Any]], BaseSampler]
"""Makes a sampler from the study's seed, the draw's own seed and further options."""


@dataclass(frozen=True)
class ForestOptions:
    """What a space file can set.

    Args:
        n_startup_trials: How many trials must have reported before the forest proposes.
        cost_power: The expected improvement is divided by the predicted seconds of an epoch to
            this power: 0 leaves them aside, 1 is improvement per second. Above 0 a search no
            longer repeats, as its proposals depend on the clock.
    """

    n_startup_trials: int = 8
    cost_power: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.n_startup_trials < 1:
            raise ValueError(f"n_startup_trials must be at least 1, got {self.n_startup_trials}")
        if not 0 <= self.cost_power <= 2:
            raise ValueError(f"cost_power must be from 0 to 2, got {self.cost_power}")


@dataclass(frozen=True)
class SamplerKind:
    """One row of the table.

    Args:
        doc: One line on what it does.
        build: Makes it; None for a sampler of our own, see `search.spaces.sampling`.
        options: What a space file can set beside `name` and `seed`, with the types.
        several: Whether it can search for several metrics at once.
        by_rank: Whether it is shown all trials by their carried ranks once some are pruned: of
            pruned trials Optuna's own sees little or nothing, of running ones nothing.
        lists: Whether it lists the space, which must be finite, instead of drawing from it.
        also: What other systems, papers and people call it, by letters and digits.
    """

    doc: str
    build: Build | None
    options: Mapping[str, str] = field(default_factory=dict)
    several: bool = True
    by_rank: bool = False
    lists: bool = False
    also: tuple[str, ...] = ()


_OURS = {"seed", "warn_independent_sampling", "warn_asynchronous_seeding"}
_BAYES = ("bayes", "bayesian", "bayesianoptimization", "bayesopt", "bo")
_EXHAUSTIVE = ("gridsearch", "exhaustive")


def _quiet(options: dict[str, Any]) -> dict[str, Any]:
    return {"warn_independent_sampling": False, **options}


def _build_qmc(study_seed: int, seed: int, options: dict[str, Any]) -> BaseSampler:
    # The place in the sequence is in the storage; another seed would be another sequence.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return QMCSampler(
            seed=study_seed, independent_sampler=RandomSampler(seed=seed), **_quiet(options)
        )


SAMPLERS: dict[str, SamplerKind] = {
    "forest": SamplerKind(
        "expected improvement by extremely randomised trees over all that trials have reported",
        None,
        option_types(ForestOptions),
        several=False,
        also=("smac", "randomforest", "rf", "extratrees", "trees", "surrogate"),
    ),
    "tpe": SamplerKind(
        "tree-structured Parzen estimator (Watanabe 2023, arXiv:2304.11127)",
        lambda _, seed, options: TPESampler(seed=seed, **options),
        option_types(TPESampler, _OURS),
        by_rank=True,
        also=(*_BAYES, "hyperopt", "parzen"),
    ),
    "gp": SamplerKind(
        "Gaussian process with log expected improvement; for up to some 500 costly trials",
        lambda _, seed, options: GPSampler(seed=seed, **_quiet(options)),
        option_types(GPSampler, _OURS),
        by_rank=True,
        also=(*_BAYES, "gaussianprocess", "botorch"),
    ),
    "cmaes": SamplerKind(
        "CMA-ES (Hansen 2016, arXiv:1604.00772); categorical and conditional parameters are "
        "drawn at random",
        lambda _, seed, options: CmaEsSampler(seed=seed, **_quiet(options)),
        option_types(CmaEsSampler, _OURS),
        several=False,
        also=("cma", "cmaessampler", "evolution"),
    ),
    "nsgaii": SamplerKind(
        "NSGA-II, a genetic algorithm for several metrics (Deb et al. 2002, "
        "doi:10.1109/4235.996017)",
        lambda _, seed, options: NSGAIISampler(seed=seed, **options),
        option_types(NSGAIISampler, {*_OURS, "crossover", "mutation"}),
        also=("genetic", "nsga", "nsga2", "ga"),
    ),
    "random": SamplerKind(
        "independent uniform draws",
        lambda _, seed, options: RandomSampler(seed=seed, **options),
        option_types(RandomSampler, _OURS),
    ),
    "qmc": SamplerKind(
        "quasi-Monte Carlo sequence; categorical and conditional parameters are drawn at random",
        _build_qmc,
        option_types(QMCSampler, _OURS),
        also=("sobol", "halton", "lhs"),
    ),
    "grid": SamplerKind(
        "every point once, in the order of the file; `values` lists points of float parameters",
        None,
        {"values": "a mapping of lists"},
        lists=True,
        also=_EXHAUSTIVE,
    ),
    "brute_force": SamplerKind(
        "every point of a finite space once, in random order",
        None,
        lists=True,
        also=_EXHAUSTIVE,
    ),
}


def sampler_kind(name: str) -> SamplerKind:
    """Find a sampler.

    Args:
        name: A key of `SAMPLERS`, or `package.module:name` of a subclass of Optuna's
            `BaseSampler`. Such a class is built anew for each draw, with the draw's own `seed`
            if its constructor takes one: what it keeps in memory is lost between draws.

    Returns:
        Its row of the table.
    """
    if not is_plugin(name):
        return SAMPLERS[name]
    owner = load_class(name, BaseSampler)
    is_seeded = takes(owner, "seed")

    def build(_: int, seed: int, options: dict[str, Any]) -> BaseSampler:
        made: BaseSampler = owner(**({"seed": seed} if is_seeded else {}), **options)
        return made

    return SamplerKind("a class of the user's", build, option_types(owner, {"seed"}))


def sampler_problems(name: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what is wrong with a sampler and its options.

    Args:
        name: As for `sampler_kind`.
        options: The keys beside `name` and `seed`.

    Yields:
        Each mistake.
    """
    try:
        kind = sampler_kind(name)
    except PluginError as error:
        yield Problem(("sampler", "name"), str(error))
        return
    problems = [*option_problems("sampler", name, options, kind.options, ("name", "seed"))]
    yield from problems
    if problems or kind.lists:
        return
    try:
        kind.build(0, 0, dict(options)) if kind.build else ForestOptions(**options)
    except Exception as error:  # noqa: BLE001  it may be the user's class
        yield Problem(("sampler",), useless_options(name, error), at_key=True)
