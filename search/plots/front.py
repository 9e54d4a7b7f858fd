"""The Pareto front of a study of several metrics, with its knee."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots.rendering import tell_marks
from search.plots.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    SMALL,
    VERMILLION,
    WIDTH,
    dress,
    legend_above,
    new_plot,
    note,
    sentence_plot,
)
from search.plots.values import axis_label, by_number, cut_text, focus, of_state
from search.studies.ranking import knee_trial, pareto_front
from search.studies.reader import StudyReader
from search.studies.trials import Trial

_TITLE = "Pareto front"


def pareto_plot(study: StudyReader) -> Figure | None:
    """Draw the complete trials over the first metric and each further one."""
    main, *others = study.directions
    if not others:
        return None
    complete = of_state(by_number(study), "COMPLETE")
    if not complete:
        return sentence_plot(_TITLE, "No trial is complete yet.")
    front = pareto_front(complete, study.directions)
    knee = knee_trial(front, study.directions)
    plot = new_plot(_TITLE, height=4.2, width=max(6.2, WIDTH / 2 * len(others)))
    row = np.ravel(plot.subplots(1, len(others), sharey=True, squeeze=False))
    for axes, other in zip(row, others, strict=True):
        _draw(axes, (other, main), complete, front, knee)
        dress(axes, _label(study, other), _label(study, main), grid="both")
        if len(others) == 1:
            _join(axes, (other, main), front, study)
        axes.set_xlim(*_limits(study, other, complete, front))
        note(axes, _cut(study, other, complete, axes.get_xlim()))
    row[0].set_ylim(*_limits(study, main, complete, front))
    cut = _cut(study, main, complete, row[0].get_ylim())
    row[0].text(0.02, 0.02, cut, transform=row[0].transAxes, fontsize=SMALL - 1, color=INK)
    for axes in row[1:]:
        axes.set_ylabel("")
    legend_above(row[0], n_columns=4)
    return plot


def _label(study: StudyReader, metric: str) -> str:
    return axis_label(metric, study.directions[metric])


def _limits(
    study: StudyReader, metric: str, complete: Sequence[Trial], front: Sequence[Trial]
) -> tuple[float, float]:
    """Leave out a few very bad trials of a metric, but none of the front."""
    every, best = ([float(t.metrics[metric] or 0.0) for t in part] for part in (complete, front))
    low, high, _ = focus(every, study.directions[metric])
    margin = 0.05 * (high - low)
    return min(low, min(best) - margin), max(high, max(best) + margin)


def _cut(
    study: StudyReader, metric: str, complete: Sequence[Trial], limits: tuple[float, float]
) -> str:
    every = [float(trial.metrics[metric] or 0.0) for trial in complete]
    return cut_text(every, limits, study.directions[metric])


def _draw(
    axes: Axes,
    metrics: tuple[str, str],
    complete: Sequence[Trial],
    front: Sequence[Trial],
    knee: int | None,
) -> None:
    places = zip(*_points(complete, metrics), strict=True)
    tell_marks(axes, [(t.number, [at]) for t, at in zip(complete, places, strict=True)])
    on_front = {trial.number for trial in front}
    others = [trial for trial in complete if trial.number not in on_front]
    best = [trial for trial in front if trial.number == knee]
    if others:
        size = 14 if len(others) < 200 else 6
        label = f"dominated ({len(others):,})"
        axes.scatter(*_points(others, metrics), s=size, c=GREY, alpha=0.5, lw=0, label=label)
    label = f"front ({len(front):,})"
    axes.scatter(*_points(front, metrics), s=28, c=BLUE, lw=0, zorder=3, label=label)
    axes.scatter(
        *_points(best, metrics),
        s=150,
        c=ORANGE,
        marker="*",
        edgecolors=VERMILLION,
        linewidths=0.8,
        zorder=4,
        label=f"knee (trial {knee})",
    )


def _join(
    axes: Axes, metrics: tuple[str, str], front: Sequence[Trial], study: StudyReader
) -> None:
    """Draw the edge of what the front dominates, as steps."""
    x, y = (np.array(values) for values in _points(front, metrics))
    order = np.lexsort((y, x))
    # A point dominates what is worse in both metrics, so that the edge turns at the worse one.
    minimized = study.directions[metrics[0]].name == "MINIMIZE"
    where: Literal["pre", "post"] = "post" if minimized else "pre"
    axes.step(x[order], y[order], where=where, color=BLUE, linewidth=1.0, alpha=0.6, zorder=2)


def _points(trials: Sequence[Trial], metrics: tuple[str, str]) -> tuple[list[float], list[float]]:
    x, y = ([float(t.metrics[name] or 0.0) for t in trials] for name in metrics)
    return x, y
