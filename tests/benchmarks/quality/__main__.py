"""Judges methods and writes what was found, or prints the ranks of a few searches."""

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.quality.drawing import draw
from tests.benchmarks.quality.grids import GRIDS
from tests.benchmarks.quality.judging import Key, Numbers, Setting, all_keys, judge_all
from tests.benchmarks.quality.methods import METHODS, SLOW
from tests.benchmarks.quality.regrets import (
    BASELINE,
    SHARES,
    Regrets,
    mean_ranks,
    time_to_match,
)
from tests.benchmarks.quality.tables import ABSENT, Table
from tests.benchmarks.results import machine

WORKERS = (1, 4, 16, 64)
RESULTS = Path(__file__).parent / "RESULTS.md"
_QUICK = ("random + asha", BASELINE, "forest + asha")
_SAVE_EVERY_S = 60.0
_TRIED = """\
## Tried, and not in the product

Their rows are above; their code is in this folder. "By cost" is the forest with `cost_power: 0.5`,
which is not the default as such a search does not repeat.

- **Pause and promote** (asha as published, Li et al. 2020): who is not promoted at a rung keeps
  its checkpoint and may go on later. Sooner at a quarter of the budget, not better at its end, and
  every paused trial needs its checkpoint kept.
- **Curves**: a trial ends once a line through the complete trials, their last values over those at
  the same epoch, gives it less than 5 % of reaching the best one. Later than asha at a quarter of
  the budget, not better at its end.
"""
_HEAD = """\
# How well searches search

Written by `{command}`,
which goes on where it was interrupted (`--anew`, where code has changed). Methods search the
tables of `make tables`, real training that was kept: {tables}.

A regret is how much less the configuration of the best value that any trial has reported is worth,
over all its seeds, than the best one of the table; 1 is what a middling one is worth. The budget
pays for 40 trials of the mean cost, or for three long ones in a row where that is more. Means of
{n_seeds} seeds, ± two standard errors.

The forest and "tpe on ranks", which is what `sampler: {{name: tpe}}` does, see all trials by their
carried ranks; the other rows of tpe are as Optuna has it. "Told complete" is what Ray's ASHA with
OptunaSearch tells of pruned trials. A search with gp takes minutes: it is judged when it is named.
"""


def main() -> None:
    """Judge what is named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.quality")
    parser.add_argument("--methods", nargs="+", metavar="METHOD", help="only these, and print")
    parser.add_argument("--workers", nargs="+", default=[*WORKERS], type=int, metavar="N")
    parser.add_argument("--seeds", default=30, type=int)
    parser.add_argument("--processes", default=os.cpu_count() or 1, type=int)
    parser.add_argument("--anew", action="store_true", help="forget what earlier code was judged")
    parser.add_argument("--quick", action="store_true", help="a few searches; writes nothing")
    arguments = parser.parse_args()
    if unknown := set(arguments.methods or ()) - METHODS.keys():
        parser.error(f"a method must be named, got {sorted(unknown)}; valid: {[*METHODS]}")
    digests = _whole_tables()
    if not digests:
        parser.error("a table must be trained: see `make tables`")
    usual = [method for method in METHODS if method not in SLOW]
    methods = [*dict.fromkeys([BASELINE, *(arguments.methods or usual)])]
    settings = [Setting(table, n) for table in digests for n in arguments.workers]
    seeds = range(arguments.seeds)
    if arguments.quick:
        methods, seeds = [*_QUICK], range(2)
        settings = [Setting(table, n) for table in digests for n in (1, 16)]
    forgets = arguments.quick or arguments.anew
    regrets = Regrets() if forgets else Regrets.read(digests)
    keys = all_keys(settings, methods, seeds)
    missing = [key for key in keys if key not in regrets.by_search]
    _judge(regrets, missing, arguments.processes, {} if arguments.quick else digests)
    chosen = Regrets({key: regrets.by_search[key] for key in keys})
    if arguments.quick or arguments.methods:
        print(rank_table(chosen, settings, methods))
        return
    workers = " ".join(map(str, arguments.workers))
    command = f"python -m tests.benchmarks.quality --workers {workers} --seeds {len(seeds)}"
    RESULTS.write_text(results_text(chosen, settings, methods, len(seeds), command))
    for table in digests:
        plot = draw(chosen, table, arguments.workers, methods)
        plot.savefig(RESULTS.parent / f"regret_{table}.png")


def _whole_tables() -> dict[str, str]:
    """Find the tables of which every point is trained with a seed, and their digests."""
    tables = {name: Table.read(name) for name in GRIDS}
    return {
        name: table.digest()
        for name, table in tables.items()
        if (table.val[:, 0, 0] != ABSENT).all()
    }


def _judge(
    regrets: Regrets, keys: list[Key], n_processes: int, digests: Mapping[str, str]
) -> None:
    """Run searches; what is found is kept on the way where digests are given."""
    if not keys:
        return
    saved = began = time.monotonic()

    def done(key: Key, found: Numbers) -> None:
        nonlocal saved
        regrets.by_search[key] = found
        if digests and time.monotonic() - saved > _SAVE_EVERY_S:
            saved = time.monotonic()
            regrets.write(digests)
            print(f"{len(regrets.by_search):,} searches, {saved - began:.0f} s", flush=True)

    judge_all(keys, n_processes, done)
    if digests:
        regrets.write(digests)


def rank_table(regrets: Regrets, settings: Sequence[Setting], methods: Sequence[str]) -> str:
    """Write the mean ranks, and how soon each method is where the baseline ends."""
    ranks = mean_ranks(regrets, settings, methods)
    heads = [f"rank after {share}" for share in SHARES]
    lines = [f"| method | {' | '.join(heads)} | time |", "|---" * (len(heads) + 2) + "|"]
    for place in np.argsort(np.mean([*ranks.values()], axis=0)):
        cells = [f"{of_share[place]:.1f}" for of_share in ranks.values()]
        matched = [time_to_match(regrets, setting, methods[place]) for setting in settings]
        median = float(np.median(matched))
        cells.append("never" if np.isinf(median) else f"{median:.2f}")
        lines.append(f"| {methods[place]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def regret_table(regrets: Regrets, settings: Sequence[Setting], methods: Sequence[str]) -> str:
    """Write the mean regrets at the end, with twice their standard errors."""
    lines = [
        f"| method | {' | '.join(map(str, settings))} |",
        "|---" * (len(settings) + 1) + "|",
    ]
    for method in methods:
        at_end = [regrets.of(setting, method)[:, -1] for setting in settings]
        cells = [f"{r.mean():.3f} ± {2 * r.std(ddof=1) / len(r) ** 0.5:.3f}" for r in at_end]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def results_text(
    regrets: Regrets,
    settings: Sequence[Setting],
    methods: Sequence[str],
    n_seeds: int,
    command: str,
) -> str:
    """Write all that was found as Markdown."""
    tables = [_described(name) for name in dict.fromkeys(s.table for s in settings)]
    parts = [
        _HEAD.format(command=command, tables=", ".join(tables), n_seeds=n_seeds),
        "## Ranks",
        f"Mean ranks over {len(settings)} settings; time: in what part of the budget a method is\n"
        f"where `{BASELINE}` ends (median over the settings; half is wanted).",
        rank_table(regrets, settings, methods),
    ]
    for table in dict.fromkeys(setting.table for setting in settings):
        own = [setting for setting in settings if setting.table == table]
        parts += [f"## {table}", regret_table(regrets, own, methods)]
        parts.append(f"![Regret on {table}](regret_{table}.png)")
    return "\n\n".join([*parts, _TRIED + f"\nOn {machine()}."]) + "\n"


def _described(name: str) -> str:
    """Say how large a table is."""
    trained = (Table.read(name).val[:, :, 0] != ABSENT).all(axis=0)
    return f"{name} ({len(GRIDS[name].points()):,} points, seeds: {trained.sum()})"


if __name__ == "__main__":
    main()
