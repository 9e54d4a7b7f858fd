"""Points as rows of numbers, for what learns from them."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search.spaces.parameters import Scalar, key_of_value, on_step
from search.spaces.space import Params, Space

Rows = NDArray[np.float32]


class Encoding:
    """Points as rows of numbers that trees can cut.

    A number takes a column from 0 to 1 in its own scale, and so do choices that are numbers or
    only two; each other choice takes one of its own. What does not exist in a point is -1.
    """

    def __init__(self, space: Space) -> None:
        self._starts: dict[str, int] = {}
        self._units: dict[str, Callable[[Scalar], list[float]]] = {}
        self._width = 0
        for name, distribution in space.distributions.items():
            self._starts[name] = self._width
            self._units[name], width = _columns(distribution)
            self._width += width

    def rows(self, points: Sequence[Params]) -> Rows:
        """Encode points: `(N, columns)`."""
        rows = np.full((len(points), self._width), -1.0, np.float32)
        for row, point in zip(rows, points, strict=True):
            for name, value in point.items():
                units = self._units[name](value)
                start = self._starts[name]
                row[start : start + len(units)] = units
        return rows


def _columns(distribution: BaseDistribution) -> tuple[Callable[[Scalar], list[float]], int]:
    """Give what encodes a parameter's values, and in how many columns."""
    if not isinstance(distribution, CategoricalDistribution):
        return lambda value: [unit_of(distribution, value)], 1
    choices = list(distribution.choices)
    keys = [key_of_value(choice) for choice in choices]
    if len(choices) > 2 and not all(isinstance(choice, int | float) for choice in choices):
        rows = np.eye(len(choices)).tolist()
        hot = dict(zip(keys, rows, strict=True))
        return lambda value: hot[key_of_value(value)], len(choices)
    order = sorted(choices) if len(choices) > 2 else choices  # type: ignore[type-var]
    places = {key_of_value(c): [i / max(len(order) - 1, 1)] for i, c in enumerate(order)}
    return lambda value: places[key_of_value(value)], 1


def unit_of(distribution: BaseDistribution, value: Scalar) -> float:
    """Place a number in its range, from 0 to 1."""
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    assert isinstance(value, int | float)
    low, high, number = float(distribution.low), float(distribution.high), float(value)
    if low == high:
        return 0.0
    if distribution.log:
        return math.log(number / low) / math.log(high / low)
    return (number - low) / (high - low)


def value_at(distribution: BaseDistribution, unit: float) -> Scalar:
    """Give the value at a place from 0 to 1; each of finitely many has an equal share of it."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[_index(unit, len(distribution.choices))]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if isinstance(distribution, IntDistribution) and not distribution.log:
        n_values = (distribution.high - distribution.low) // distribution.step + 1
        return distribution.low + distribution.step * _index(unit, n_values)
    low, high, step = distribution.low, distribution.high, distribution.step
    if step and not distribution.log:
        value = on_step(low, step, _index(unit, round((high - low) / step) + 1))
        return min(max(value, low), high)
    if isinstance(distribution, IntDistribution):
        number = (low - 0.5) * math.exp(unit * math.log((high + 0.5) / (low - 0.5)))
        return min(max(round(number), int(low)), int(high))
    number = low * (high / low) ** unit if distribution.log else low + unit * (high - low)
    return float(min(max(number, low), high))


def _index(unit: float, n: int) -> int:
    return min(int(unit * n), n - 1)
