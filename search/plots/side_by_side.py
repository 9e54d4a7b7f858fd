"""Several studies in one plot: the best value so far, against trials and against their time."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from search.plots.history import time_unit
from search.plots.style import (
    DASHES,
    LINES,
    dress,
    legend_above,
    new_plot,
    note,
    plain,
    shortened,
)
from search.plots.values import cut_text, focus, value_label, value_of
from search.summaries.side_by_side import Side

TITLE = "Best value so far"
_WIDTH, _HEIGHT = 9.6, 3.9
_LONGEST = 24


def best_so_far(sides: Sequence[Side]) -> Figure | None:
    """Draw the best complete value of each study as a step line; None without a complete trial.

    Both halves share the axis of values. Time is that of trials, summed over all workers, so that
    neither pauses nor the number of workers count.
    """
    sides = [side for side in sides if side.best]
    if not sides:
        return None
    plot = new_plot(TITLE, height=_HEIGHT, width=_WIDTH)
    by_trial, by_time = plot.subplots(1, 2, sharey=True)
    of_trials = [sorted(side.trials, key=lambda trial: trial.number) for side in sides]
    ends = [list(accumulate(trial.seconds or 0.0 for trial in trials)) for trials in of_trials]
    unit, length_s = time_unit(max(times[-1] for times in ends))
    direction = sides[0].study.direction
    better = np.maximum if direction.name == "MAXIMIZE" else np.minimum
    every: list[float] = []
    for place, (side, trials, times) in enumerate(zip(sides, of_trials, ends, strict=True)):
        complete = [n for n, trial in enumerate(trials) if trial.state == "COMPLETE"]
        values: list[float] = better.accumulate([value_of(trials[n]) for n in complete]).tolist()
        every += values
        look: dict[str, Any] = {
            "color": LINES[place % len(LINES)],
            "linestyle": DASHES[place % len(DASHES)],
            "label": plain(shortened(side.name, _LONGEST)),
        }
        _draw(by_trial, [n + 1 for n in complete], values, len(trials), look)
        _draw(by_time, [times[n] / length_s for n in complete], values, times[-1] / length_s, look)
    low, high, _ = focus(every, direction)
    by_trial.set_ylim(low, high)
    dress(by_trial, "trials", value_label(sides[0].study))
    dress(by_time, f"time of all trials ({unit})", "")
    by_trial.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    note(by_time, cut_text(every, (low, high), direction, "step"))
    legend_above(by_trial, n_columns=4)
    return plot


def _draw(
    axes: Axes, places: Sequence[float], values: Sequence[float], end: float, look: dict[str, Any]
) -> None:
    """Draw the steps of a study to its end, with a mark at its best trial."""
    axes.step([*places, end], [*values, values[-1]], where="post", linewidth=1.5, **look)
    at = values.index(values[-1])
    axes.plot(places[at], values[at], "o", color=look["color"], markersize=4.5, clip_on=False)
