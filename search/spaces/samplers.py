"""The samplers a space file can name: a table from name to Optuna sampler.

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

from search.spaces.signatures import Problem, option_problems, option_types, worded

Build = Callable[[int, int, dict[str, Any]], BaseSampler]
"""Makes a sampler from the study's seed, the draw's own seed and further options."""


@dataclass(frozen=True)
class SamplerKind:
    """One row of the table.

    Args:
        doc: One line on what it does.
        build: Makes it; None for a sampler that lists the space instead of drawing from it.
        options: What a space file can set beside `name` and `seed`, with the types.
        several: Whether it can search for several metrics at once.
    """

    doc: str
    build: Build | None
    options: Mapping[str, str] = field(default_factory=dict)
    several: bool = True


_OURS = {"seed", "warn_independent_sampling", "warn_asynchronous_seeding"}


def _quiet(options: dict[str, Any]) -> dict[str, Any]:
    return {"warn_independent_sampling": False, **options}


def _build_qmc(study_seed: int, seed: int, options: dict[str, Any]) -> BaseSampler:
    # The place in the sequence is in the record; another seed would be another sequence.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return QMCSampler(
            seed=study_seed, independent_sampler=RandomSampler(seed=seed), **_quiet(options)
        )


SAMPLERS: dict[str, SamplerKind] = {
    "tpe": SamplerKind(
        "tree-structured Parzen estimator (Watanabe 2023, arXiv:2304.11127)",
        lambda _, seed, options: TPESampler(seed=seed, **options),
        option_types(TPESampler, _OURS),
    ),
    "gp": SamplerKind(
        "Gaussian process with log expected improvement; for up to some 500 costly trials",
        lambda _, seed, options: GPSampler(seed=seed, **_quiet(options)),
        option_types(GPSampler, _OURS),
    ),
    "cmaes": SamplerKind(
        "CMA-ES (Hansen 2016, arXiv:1604.00772); categorical and conditional parameters are "
        "drawn at random",
        lambda _, seed, options: CmaEsSampler(seed=seed, **_quiet(options)),
        option_types(CmaEsSampler, _OURS),
        several=False,
    ),
    "nsgaii": SamplerKind(
        "NSGA-II, a genetic algorithm for several metrics (Deb et al. 2002, "
        "doi:10.1109/4235.996017)",
        lambda _, seed, options: NSGAIISampler(seed=seed, **options),
        option_types(NSGAIISampler, {*_OURS, "crossover", "mutation"}),
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
    ),
    "grid": SamplerKind(
        "every point once, in the order of the file; `values` lists points of float parameters",
        None,
        {"values": "a mapping of lists"},
    ),
    "brute_force": SamplerKind("every point of a finite space once, in random order", None),
}


def sampler_problems(name: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what is wrong with a sampler's options.

    Args:
        name: A key of `SAMPLERS`.
        options: The keys beside `name` and `seed`.

    Yields:
        The option (empty for the sampler as a whole) and what must hold.
    """
    kind = SAMPLERS[name]
    problems = list(
        option_problems(options, kind.options, f"the sampler {name}", ("name", "seed"))
    )
    yield from problems
    if kind.build and not problems:
        try:
            kind.build(0, 0, dict(options))
        except (TypeError, ValueError) as error:
            yield "", worded(error)
