"""Limits of axes that show where values differ, and the words that say what they leave out."""

from collections.abc import Iterable

import numpy as np
from optuna.study import StudyDirection

_FEWEST_CUT = 5
"""Distinct values below which none is left out."""


def focus(values: Iterable[float], direction: StudyDirection) -> tuple[float, float, int]:
    """Choose limits of an axis such that bad values do not flatten the better ones.

    The axis ends at thrice the distance from the best to the median of the distinct values,
    which all of a normal or uniform distribution lie within.

    Args:
        values: At least one finite value.
        direction: Which way is better.

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
    low, high = min(sign * best, sign * worst), max(sign * best, sign * worst)
    low, high = with_margin(low, high)
    return low, high, int(((drawn < low) | (drawn > high)).sum())


def with_margin(low: float, high: float) -> tuple[float, float]:
    """Leave room at both ends of an axis.

    Args:
        low: Smallest value.
        high: Largest value.

    Returns:
        Limits of the axis, also where both are the same.
    """
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin


def cut_text(
    values: Iterable[float],
    limits: tuple[float, float],
    direction: StudyDirection,
    what: str = "trial",
) -> str:
    """Say that an axis leaves values out.

    Args:
        values: What is drawn, finite.
        limits: Of the axis.
        direction: Which way is better; it is cut at the other end.
        what: What has such a value.

    Returns:
        A few words; empty if it leaves out none.

    Example:
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
