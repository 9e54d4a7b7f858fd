"""Plots of regrets against virtual time: one a table, a panel for each number of workers."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots.style import GREY, LINES, dress, new_plot
from tests.benchmarks.quality.judging import N_MOMENTS, Setting
from tests.benchmarks.quality.regrets import Regrets

SHOWN = ("forest + asha", "tpe + asha", "random + asha")
"""The methods in colour: our default, Optuna's, and what knows nothing."""
_MOMENTS = np.arange(1, N_MOMENTS + 1) / N_MOMENTS
_FLOOR = 1e-2  # a regret of nothing has no place on a logarithmic axis


def draw(regrets: Regrets, table: str, workers: Sequence[int], methods: Sequence[str]) -> Figure:
    """Draw the mean regret of each method, of a few in colour with twice their standard error."""
    plot = new_plot(f"Regret of the incumbent on {table}", height=3.4, width=3.2 * len(workers))
    panels = plot.subplots(1, len(workers), sharey=True, squeeze=False)[0]
    shown = [method for method in SHOWN if method in methods]
    others = [method for method in methods if method not in SHOWN]
    for axes, n_workers in zip(panels, workers, strict=True):
        setting = Setting(table, n_workers)
        for method in others:
            _line(axes, regrets, setting, method, GREY, label="all others")
        for method, colour in zip(shown, LINES, strict=False):
            _line(axes, regrets, setting, method, colour, label=method)
            _band(axes, regrets, setting, method, colour)
        dress(axes, "share of the budget", "")
        axes.set_yscale("log")
        axes.set_title(f"{n_workers} worker{'s' if n_workers > 1 else ''}", fontsize=9)
    panels[0].set_ylabel("regret (1: a middling point)")
    handles, labels = panels[0].get_legend_handles_labels()
    of_label = dict(zip(labels, handles, strict=True))
    plot.legend(
        of_label.values(),
        of_label.keys(),
        loc="outside lower center",
        ncols=len(of_label),
        fontsize=8,
        frameon=False,
    )
    return plot


def _line(
    axes: Axes, regrets: Regrets, setting: Setting, method: str, colour: str, label: str
) -> None:
    mean = regrets.of(setting, method).mean(axis=0)
    width = 0.6 if colour == GREY else 1.6
    axes.plot(_MOMENTS, np.maximum(mean, _FLOOR), color=colour, label=label, linewidth=width)


def _band(axes: Axes, regrets: Regrets, setting: Setting, method: str, colour: str) -> None:
    of_seeds = regrets.of(setting, method)
    mean = of_seeds.mean(axis=0)
    error = 2 * of_seeds.std(axis=0, ddof=1) / np.sqrt(len(of_seeds))
    low, high = np.maximum([mean - error, mean + error], _FLOOR)
    axes.fill_between(_MOMENTS, low, high, color=colour, alpha=0.12, linewidth=0)
