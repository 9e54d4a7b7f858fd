"""What an objective can tell of a point before it trains, as a model's number of parameters.

An objective may have a static or class method `measure(params, **settings)` that gives numbers
by name. `constraints:` may use these names; the objective is imported only where they do.
"""

import numbers
from collections.abc import Mapping
from typing import Any

from search.errors import ObjectiveError
from search.objective.source import static_member

Measured = dict[str, float]
"""What was measured of a point, by name."""


class Measure:
    """Asks an objective about points, about each only once.

    Args:
        objective: Its import path; not imported before the first point.
        settings: What else its `measure` is given.
    """

    def __init__(self, objective: str, settings: Mapping[str, Any]) -> None:
        self._objective = objective
        self._settings = settings
        self._known: dict[frozenset[tuple[str, str]], Measured | None] = {}

    def exists(self) -> bool:
        """Tell whether the objective measures anything.

        Returns:
            True if it has a `measure`.

        Raises:
            ObjectiveError: If it cannot be loaded.
        """
        return static_member(self._objective, "measure") is not None

    def __call__(self, params: Mapping[str, Any]) -> Measured | None:
        """Measure a point.

        Args:
            params: The point.

        Returns:
            Numbers by name; None if the point makes no valid model.

        Raises:
            ObjectiveError: If the objective cannot be loaded or measures no numbers.
        """
        key = frozenset((name, repr(value)) for name, value in params.items())
        if key not in self._known:
            self._known[key] = self._ask(params)
        return self._known[key]

    def _ask(self, params: Mapping[str, Any]) -> Measured | None:
        measure: Any = static_member(self._objective, "measure")
        try:
            measured = measure(dict(params), **self._settings)
        except Exception as error:  # noqa: BLE001  it is the user's code
            if getattr(error, "infeasible", False):
                return None
            raise self._problem(f"{type(error).__name__}: {error}") from error
        if not isinstance(measured, Mapping) or not all(
            isinstance(value, numbers.Real) for value in measured.values()
        ):
            raise self._problem(f"{measured!r:.80}")
        return {str(name): _plain(value) for name, value in measured.items()}

    def _problem(self, got: str) -> ObjectiveError:
        return ObjectiveError(
            f"objective: {self._objective}.measure must give numbers by name, as "
            f"{{'n_parameters': 7690}}, got {got}"
        )


def _plain(value: Any) -> float:
    return int(value) if isinstance(value, numbers.Integral) else float(value)
