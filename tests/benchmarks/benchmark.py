"""A measured value beside its target."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """One measured value.

    Args:
        what: What was measured.
        value: The value.
        unit: Its unit; "×" for a ratio of two measured in turn.
        target: What it must reach.
        at_most: Whether the target is an upper bound.
    """

    what: str
    value: float
    unit: str
    target: float
    at_most: bool = True

    @property
    def is_met(self) -> bool:
        """Whether the value reaches the target."""
        return self.value <= self.target if self.at_most else self.value >= self.target

    @property
    def quoted(self) -> str:
        """The value as it is quoted: three digits and the unit."""
        return _written(self.value, self.unit)

    @property
    def bound(self) -> str:
        """The target as it is quoted."""
        return f"{'≤' if self.at_most else '≥'} {_written(self.target, self.unit)}"

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "MISSED"
        return f"{verdict}: {self.what}: {self.quoted}, target {self.bound}"


def _written(value: float, unit: str) -> str:
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return digits + (unit if unit == "×" else f" {unit}").rstrip()
