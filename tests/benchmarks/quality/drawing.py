"""Plots of regrets against virtual time: one a table, a panel for each number of workers."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots.style import DASHES, LINES, dress, new_plot
from tests.benchmarks.quality.findings import Findings
from tests.benchmarks.quality.judging import N_MOMENTS, Setting

_FLOOR = 1e-3  # a regret of nothing has no place on a logarithmic axis


def draw(findings: Findings, table: str, workers: Sequence[int], methods: Sequence[str]) -> Figure:
    """Draw the mean regret of each method, with a band of twice its standard error."""
    plot = new_plot(f"Regret of the incumbent on {table}", height=3.4, width=3.2 * len(workers))
    panels = plot.subplots(1, len(workers), sharey=True, squeeze=False)[0]
    for axes, n_workers in zip(panels, workers, strict=True):
        setting = Setting(table, n_workers)
        for place, method in enumerate(methods):
            _line(axes, findings, setting, method, place)
        dress(axes, "share of the budget", "")
        axes.set_yscale("log")
        axes.set_title(f"{n_workers} worker{'s' if n_workers > 1 else ''}", fontsize=9)
    panels[0].set_ylabel("regret (1: a middling point)")
    handles, labels = panels[0].get_legend_handles_labels()
    plot.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return plot


def _line(axes: Axes, findings: Findings, setting: Setting, method: str, place: int) -> None:
    regrets = findings.of(setting, method)
    shares = np.arange(1, N_MOMENTS + 1) / N_MOMENTS
    mean = regrets.mean(axis=0)
    error = 2 * regrets.std(axis=0, ddof=1) / np.sqrt(len(regrets))
    colour, dash = LINES[place % len(LINES)], DASHES[place // len(LINES) % len(DASHES)]
    axes.plot(shares, np.maximum(mean, _FLOOR), dash, color=colour, label=method, linewidth=1.4)
    low, high = np.maximum([mean - error, mean + error], _FLOOR)
    axes.fill_between(shares, low, high, color=colour, alpha=0.12, linewidth=0)
