"""The trials that a plot is of, and the axis of their values: limits, label, colours."""

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from optuna.study import StudyDirection

from search.plots.style import FONT, GREY, INK, SHADES, SMALL, plain
from search.studies.reader import StudyReader
from search.studies.trials import Trial

_FEWEST_CUT = 5
"""Distinct values below which none is left out."""
_LITTLE_MORE = 1.5
"""Times the length of an axis that all of its values may make it."""
_SPLITS = {"train": "training", "val": "validation", "test": "test"}
_METRICS = {
    "loss": "loss (nats)",
    "accuracy": "accuracy (share)",
    "f1": "F1",
    "auroc": "AUROC",
}
_UNITS = {"s": "s", "ms": "ms", "seconds": "s", "mb": "MB", "gb": "GB", "percent": "%"}
_LONGEST = 46
"""Characters that fit along the height of a plot."""


def by_number(study: StudyReader) -> list[Trial]:
    """Read the trials of a study that have begun, in the order of their numbers."""
    return sorted(study.trials(), key=lambda trial: trial.number)


def of_state(trials: Iterable[Trial], *states: str) -> list[Trial]:
    """Pick the trials of some states that have a value."""
    return [t for t in trials if t.state in states and t.value is not None]


def best_first(study: StudyReader) -> list[Trial]:
    """List the complete trials by their (first) metric alone."""
    complete = of_state(by_number(study), "COMPLETE")
    return sorted(complete, key=value_of, reverse=study.direction.name == "MAXIMIZE")


def differing_parameters(study: StudyReader, trials: Iterable[Trial]) -> list[str]:
    """Name the parameters that have at least two values, in the order of the space."""
    met: dict[str, set[str]] = {name: set() for name in study.spec.parameters}
    for trial in trials:
        for name, value in trial.params.items():
            met.get(name, set()).add(repr(value))
    return [name for name, values in met.items() if len(values) > 1]


def value_limits(trials: Sequence[Trial], direction: StudyDirection) -> tuple[float, float]:
    """Choose the limits of an axis of values: those of the complete trials, see `focus`.

    What others were stopped at compares with none of these. The limits hold all trials where
    these take little more room, and any better one.
    """
    complete = of_state(trials, "COMPLETE")
    every = [value_of(trial) for trial in trials]
    shown = [value_of(trial) for trial in complete] if len(complete) > 2 else every
    low, high, _ = focus(shown, direction)
    better = max if direction == StudyDirection.MAXIMIZE else min
    kept = [*(value for value in shown if low <= value <= high), better(every)]
    if max(every) - min(every) < _LITTLE_MORE * (max(kept) - min(kept)):
        kept = every
    return with_margin(min(kept), max(kept))


def value_of(trial: Trial) -> float:
    """Give the value of a trial that has one."""
    assert trial.value is not None
    return trial.value


def focus(values: Iterable[float], direction: StudyDirection) -> tuple[float, float, int]:
    """Choose limits of an axis such that bad values do not flatten the better ones.

    The axis ends at thrice the distance from the best to the median of the distinct values,
    which all of a normal or uniform distribution lie within.

    Args:
        values: At least one finite value.
        direction: Which direction is better.

    Returns:
        Lower limit, upper limit, and how many values lie outside, on the bad side: at most a
        third of five or more, where leaving them out makes the axis shorter by a third.
    """
    drawn = np.asarray(list(values), dtype=float)
    sign = 1.0 if direction == StudyDirection.MAXIMIZE else -1.0
    distinct = np.unique(drawn * sign)
    best, worst = float(distinct[-1]), float(distinct[0])
    fence = best - 3 * (best - float(distinct[(len(distinct) - 1) // 2]))
    shown = distinct[distinct >= min(fence, float(distinct[len(distinct) // 3]))]
    if len(distinct) >= _FEWEST_CUT and best - worst > 1.5 * (best - float(shown[0])) > 0:
        worst = float(shown[0])
    low, high = with_margin(*sorted((sign * best, sign * worst)))
    return low, high, int(((drawn < low) | (drawn > high)).sum())


def with_margin(low: float, high: float) -> tuple[float, float]:
    """Leave room at both ends of an axis, also where they are the same."""
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin


def cut_text(
    values: Iterable[float],
    limits: tuple[float, float],
    direction: StudyDirection,
    what: str = "trial",
) -> str:
    """Say that an axis leaves values out, in a few words; empty if it leaves out none.

    >>> cut_text([0.1, 0.91, 0.93], (0.9, 0.94), StudyDirection.MAXIMIZE)
    'axis from 0.9; 1 trial below'
    """
    low, high = limits
    n_outside = sum(not low <= value <= high for value in values)
    if not n_outside:
        return ""
    what = what if n_outside == 1 else f"{what}s"
    if direction == StudyDirection.MAXIMIZE:
        return f"axis from {_short(low)}; {n_outside:,} {what} below"
    return f"axis to {_short(high)}; {n_outside:,} {what} above"


def _short(number: float) -> str:
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:,.0f}"


def metric_label(name: str) -> str:
    """Write the name of a metric with its unit, where that is known.

    >>> metric_label("val_loss"), metric_label("latency_ms"), metric_label("n_parameters")
    ('validation loss (nats)', 'latency (ms)', 'n parameters')
    """
    split, _, metric = name.partition("_")
    if split in _SPLITS and metric in _METRICS:
        return f"{_SPLITS[split]} {_METRICS[metric]}"
    words = name.split("_")
    if len(words) > 1 and words[-1] in _UNITS:
        return f"{' '.join(words[:-1])} ({_UNITS[words[-1]]})"
    return " ".join(words)


def axis_label(metric: str, direction: StudyDirection) -> str:
    """Name the axis of a metric with its direction, in lines that fit.

    >>> axis_label("latency_ms", StudyDirection.MINIMIZE)
    'latency (ms), lower is better'
    """
    name = metric_label(metric)
    better = f"{'higher' if direction == StudyDirection.MAXIMIZE else 'lower'} is better"
    if len(name) + len(better) + 2 <= _LONGEST:
        return f"{name}, {better}"
    return "\n".join([*textwrap.wrap(f"{name},", _LONGEST), better])


def value_label(study: StudyReader) -> str:
    """Name the axis of a study's (first) metric."""
    return axis_label(study.spec.metric.name, study.direction)


def colours(values: Iterable[float], direction: StudyDirection) -> ScalarMappable:
    """Make the colours of values within the limits of `focus`: the darker, the better."""
    low, high, n_outside = focus(values, direction)
    darker_up = direction == StudyDirection.MAXIMIZE
    steps = ListedColormap(SHADES[::-1] if darker_up else SHADES)
    if n_outside:  # the bar ends in a point
        steps.colorbar_extend = "min" if darker_up else "max"  # type: ignore[assignment]
    return ScalarMappable(Normalize(low, high), steps)


def add_colour_bar(plot: Figure, axes: Axes, colour: ScalarMappable, label: str) -> None:
    """Explain the colours of values beside the axes."""
    bar = plot.colorbar(colour, ax=axes, pad=0.02, aspect=30)
    bar.set_label(plain(label), fontsize=FONT, color=INK)
    bar.ax.tick_params(labelsize=SMALL, color=GREY, labelcolor=INK)
    bar.outline.set_visible(False)
