"""Axes of parameters: linear or logarithmic for numbers, one place a choice for the others."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from search.plots.style import plain, shortened
from search.spaces.parameters import CategoricalParameter, IntParameter, Parameter, Scalar
from search.studies.trials import Trial
from search.text import value_text

_LONGEST = 16


@dataclass(frozen=True)
class Scale:
    """The axis of a parameter: numbers lie at their value, choices at 0, 1, 2 and so on."""

    low: float
    high: float
    log: bool = False
    choices: tuple[Scalar, ...] = ()
    whole: bool = False

    def place(self, value: Scalar) -> float:
        """Find the place of a value on the axis; NaN if it has none here."""
        if self.choices:
            keys = [repr(choice) for choice in self.choices]
            return float(keys.index(repr(value))) if repr(value) in keys else math.nan
        if isinstance(value, bool) or not isinstance(value, int | float):
            return math.nan
        return float(value) if value > 0 or not self.log else math.nan

    def share(self, place: float) -> float:
        """Tell how far along the axis a place lies, from 0 at its lower end to 1."""
        if self.high <= self.low:
            return place if math.isnan(place) else 0.5
        if self.log:
            return math.log(place / self.low) / math.log(self.high / self.low)
        return (place - self.low) / (self.high - self.low)

    def at(self, share: float) -> float:
        """Find the place at a share of an axis of numbers, the reverse of `share`."""
        if self.log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + (self.high - self.low) * share

    def ticks(self, n_most: int = 5) -> list[tuple[float, str]]:
        """Choose the place and text of ticks within the axis, at most `n_most` of numbers."""
        if self.choices:
            return list(enumerate(map(_choice_text, self.choices)))
        if self.high <= self.low:
            places = [self.low]
        elif self.log:
            places = _log_places(self.low, self.high, n_most, whole=self.whole)
        else:
            steps = MaxNLocator(n_most - 1, integer=self.whole, min_n_ticks=1).tick_values(
                self.low, self.high
            )
            slack = 1e-9 * (self.high - self.low)
            places = [float(p) for p in steps if self.low - slack <= p <= self.high + slack]
        return [(place, number_label(place)) for place in places]

    def apply(
        self, axes: Axes, along: Literal["x", "y"], n_most: int = 5, margin: float = 0.05
    ) -> None:
        """Set up an axis of a plot."""
        axis = axes.xaxis if along == "x" else axes.yaxis
        if self.log:
            (axes.set_xscale if along == "x" else axes.set_yscale)("log")
        ticks = self.ticks(n_most)
        axis.set_major_locator(FixedLocator([place for place, _ in ticks]))
        axis.set_major_formatter(FixedFormatter([text for _, text in ticks]))
        axis.set_minor_locator(NullLocator())
        (axes.set_xlim if along == "x" else axes.set_ylim)(*self._limits(margin))

    def _limits(self, margin: float) -> tuple[float, float]:
        if self.choices:
            return -0.5, len(self.choices) - 0.5
        if self.high <= self.low:
            room = 0.1 * abs(self.low) or 1.0
            return self.low - room, self.high + room
        if self.log:
            factor = (self.high / self.low) ** margin
            return self.low / factor, self.high * factor
        room = margin * (self.high - self.low)
        return self.low - room, self.high + room


def scale_of(name: str, parameter: Parameter, trials: Iterable[Trial]) -> Scale:
    """Make the axis of a parameter."""
    values = [trial.params[name] for trial in trials if name in trial.params]
    if isinstance(parameter, CategoricalParameter):
        choices = {repr(value): value for value in [*parameter.choices, *values]}
        return Scale(0.0, len(choices) - 1.0, choices=tuple(choices.values()))
    plain_scale = Scale(parameter.low, parameter.high, parameter.log)
    places = [plain_scale.place(value) for value in values]
    known = [parameter.low, parameter.high, *(p for p in places if not math.isnan(p))]
    return Scale(min(known), max(known), parameter.log, whole=isinstance(parameter, IntParameter))


def number_label(number: float) -> str:
    """Write the number of a tick.

    >>> number_label(0.00001), number_label(2e6), number_label(0.25), number_label(64.0)
    ('1e-5', '2e6', '0.25', '64')
    """
    size = abs(number)
    if number and (size < 1e-3 or size >= 1e5):
        digits, _, power = f"{number:.3e}".partition("e")
        return f"{digits.rstrip('0').rstrip('.')}e{int(power)}"
    return f"{number:.4g}"


def _choice_text(choice: Scalar) -> str:
    return plain(shortened(value_text(choice), _LONGEST))


def _log_places(low: float, high: float, n_most: int, *, whole: bool) -> list[float]:
    """Take powers of ten or, where there are too few, also twice and five times those.

    Between two powers of two, as sizes of layers are, these are taken.
    """
    twos = [2.0**n for n in range(round(math.log2(low)), round(math.log2(high)) + 1)]
    if whole and len(twos) > 2 and twos[0] == low and twos[-1] == high:
        return twos[:: math.ceil(len(twos) / n_most)]
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1,), (1, 3), (1, 2, 5)):
        every = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        inside = [p for p in every if low * (1 - 1e-9) <= p <= high * (1 + 1e-9)]
        if len(inside) >= 3:
            return inside[:: math.ceil(len(inside) / n_most)]
    return sorted({low, *inside, high}) if len(inside) < 2 else inside
