"""The regrets of methods by setting, seed and moment; their ranks, and a file of them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.benchmarks.quality.judging import N_MOMENTS, Key, Numbers, Setting

FILE = Path(__file__).parent / "regrets.npz"
SHARES = {"a quarter": 1 / 4, "half": 1 / 2, "all": 1.0}
"""The parts of the budget after which methods are ranked."""
BASELINE = "tpe + asha"
"""Optuna's TPE and SuccessiveHalving, which the others are to beat."""


@dataclass
class Regrets:
    """Regrets `(N_MOMENTS,)` of searches."""

    by_search: dict[Key, Numbers] = field(default_factory=dict)

    @classmethod
    def read(cls, digests: Mapping[str, str], file: Path = FILE) -> "Regrets":
        """Read what was found so far on the tables as they are, which their digests tell."""
        if not file.exists():
            return cls()
        with np.load(file) as stored:
            columns = (stored[name] for name in ("table", "n_workers", "method", "seed", "digest"))
            found = zip(zip(*columns, strict=True), stored["regrets"].astype(float), strict=True)
            return cls(
                {
                    (Setting(str(table), int(n_workers)), str(method), int(seed)): regrets
                    for (table, n_workers, method, seed, digest), regrets in found
                    if digests.get(str(table)) == digest
                }
            )

    def write(self, digests: Mapping[str, str], file: Path = FILE) -> None:
        """Write all of it, whole or not at all."""
        keys = sorted(self.by_search, key=lambda key: (key[0].table, key[0].n_workers, *key[1:]))
        unfinished = file.with_suffix(".unfinished.npz")
        np.savez_compressed(
            unfinished,
            table=np.array([setting.table for setting, _, _ in keys]),
            n_workers=np.array([setting.n_workers for setting, _, _ in keys]),
            method=np.array([method for _, method, _ in keys]),
            seed=np.array([seed for _, _, seed in keys]),
            digest=np.array([digests[setting.table] for setting, _, _ in keys]),
            regrets=np.array([self.by_search[key] for key in keys], np.float32),
        )
        os.replace(unfinished, file)

    def of(self, setting: Setting, method: str) -> Numbers:
        """Give the regrets of a method on a setting, `(seeds, N_MOMENTS)`."""
        found = [r for (s, m, _), r in self.by_search.items() if (s, m) == (setting, method)]
        return np.array(found).reshape(-1, N_MOMENTS)

    def means(self, setting: Setting, methods: Sequence[str]) -> Numbers:
        """Give mean regrets on a setting, `(methods, N_MOMENTS)`."""
        return np.array([self.of(setting, method).mean(axis=0) for method in methods])


def mean_ranks(
    regrets: Regrets, settings: Sequence[Setting], methods: Sequence[str]
) -> dict[str, Numbers]:
    """Rank methods by their mean regret on each setting.

    Returns:
        By each of `SHARES` the mean rank `(methods,)` over the settings, 1 being the best.
    """
    ranks = {}
    for name, share in SHARES.items():
        at = round(share * N_MOMENTS) - 1
        rows = [_ranks(regrets.means(setting, methods)[:, at]) for setting in settings]
        ranks[name] = np.mean(rows, axis=0)
    return ranks


def _ranks(values: Numbers) -> Numbers:
    """Rank from 1, the smallest first; equal ones share the mean of their ranks."""
    ranks: Numbers = (values[:, None] > values).sum(axis=1) + (
        (values[:, None] == values).sum(axis=1) + 1
    ) / 2
    return ranks


def time_to_match(regrets: Regrets, setting: Setting, method: str) -> float:
    """Tell in what part of the budget a method is where the baseline ends; infinite if never."""
    goal = regrets.of(setting, BASELINE).mean(axis=0)[-1]
    there = np.flatnonzero(regrets.of(setting, method).mean(axis=0) <= goal)
    return (there[0] + 1) / N_MOMENTS if len(there) else np.inf
