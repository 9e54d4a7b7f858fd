"""The learning rates of one trial, and where its backbone was frozen."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from search.plots.rendering import tell_marks
from search.plots.scales import Scale
from search.plots.style import BLACK, BLUE, PALE, VERMILLION, dress, legend_above, new_plot, note
from search.plots.values import best_first, cut_text, focus, metric_label
from search.studies.reader import StudyReader
from search.studies.trials import History, Trial

_TITLE = "Learning rate"
RATE, BACKBONE_RATE = "learning_rate", "backbone_learning_rate"
"""Columns of a trial's history."""


def learning_rate(study: StudyReader, number: int | None = None) -> Figure | None:
    """Draw a trial's metric over its learning rates, epochs with a frozen backbone shaded."""
    best = best_first(study)
    if number is None and not best:
        return None
    trial = best[0] if number is None else study.trial(number)
    history = study.history(trial.number)
    rates = {name: _column(history, name) for name in (RATE, BACKBONE_RATE)}
    known = np.concatenate(list(rates.values()))
    if not np.isfinite(rates[RATE]).any() or len(np.unique(known[np.isfinite(known)])) < 2:
        return None
    epochs = _column(history, "epoch")
    plot = new_plot(f"{_TITLE} of trial {trial.number}", height=4.4)
    upper, lower = plot.subplots(2, 1, sharex=True)
    _draw_metric(upper, study, trial)
    _draw_rates(lower, epochs, rates)
    frozen = frozen_phases(epochs.tolist(), rates[BACKBONE_RATE].tolist())
    for axes in (upper, lower):
        for place, (first, last) in enumerate(frozen):
            label = None if place else "backbone frozen"
            axes.axvspan(first - 0.5, last + 0.5, color=PALE, lw=0, zorder=0, label=label)
        legend_above(axes)
    lower.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    lower.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    return plot


def frozen_phases(
    epochs: Sequence[float], backbone_rates: Sequence[float]
) -> list[tuple[int, int]]:
    """Find the epochs in which the backbone did not train.

    >>> frozen_phases([1, 2, 3, 4], [0.0, 0.0, 0.1, 0.0])
    [(1, 2), (4, 4)]
    """
    phases: list[tuple[int, int]] = []
    for epoch, rate in zip(map(int, epochs), backbone_rates, strict=True):
        if rate == 0 and phases and phases[-1][1] == epoch - 1:
            phases[-1] = (phases[-1][0], epoch)
        elif rate == 0:
            phases.append((epoch, epoch))
    return phases


def _column(history: History, name: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([row.get(name) for row in history], dtype=float)


def _draw_metric(axes: Axes, study: StudyReader, trial: Trial) -> None:
    label = metric_label(study.spec.metric.name)
    dress(axes, "", label)
    pairs = sorted(trial.values.items())
    low, high, _ = focus(trial.values.values(), study.direction)
    axes.set_ylim(low, high)
    note(axes, cut_text(trial.values.values(), (low, high), study.direction, "epoch"))
    tell_marks(axes, [(trial.number, pairs)])
    axes.plot(
        *zip(*pairs, strict=True), color=BLACK, marker=".", lw=1.2, label=label.split(" (")[0]
    )
    if trial.best_epoch is not None and trial.value is not None:
        axes.plot(
            [trial.best_epoch],
            [trial.value],
            "o",
            color=VERMILLION,
            markersize=7,
            label=f"the epoch that counts ({trial.best_epoch})",
        )


def _draw_rates(
    axes: Axes,
    epochs: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    rates: "Mapping[str, np.ndarray[tuple[int], np.dtype[np.float64]]]",
) -> None:
    """Draw both rates, logarithmically where they span more than a factor of 20."""
    dress(axes, "epoch", "learning rate")
    with_backbone = bool(np.isfinite(rates[BACKBONE_RATE]).any())
    names = {RATE: "head" if with_backbone else "all layers", BACKBONE_RATE: "backbone"}
    styles = {RATE: (VERMILLION, "-"), BACKBONE_RATE: (BLUE, "--")}
    for name, values in rates.items():
        if np.isfinite(values).any():
            colour, dash = styles[name]
            shown = np.where(values > 0, values, np.nan)
            label = names[name]
            axes.plot(epochs, shown, dash, color=colour, marker=".", lw=1.4, label=label)
    positive = np.concatenate([values[values > 0] for values in rates.values()])
    if positive.size and positive.max() > 20 * positive.min():
        scale = Scale(float(positive.min()), float(positive.max()), log=True)
        scale.apply(axes, "y")
    else:
        axes.set_ylim(bottom=0)
