"""The pane of a parameter: the value of each trial over it."""

import math
from collections.abc import Callable, Sequence

from rich.text import Text

from search.progress.screen.charts import FAINT, Axis, Series, draw, value_axis
from search.progress.screen.panes import Pane
from search.progress.screen.rows import varying
from search.progress.screen.study_view import StudyView
from search.spaces.parameters import CategoricalParameter, FloatParameter, IntParameter
from search.studies.trials import Trial
from search.text import bound_text, plain_text, printable, value_text

_FEW = 12
_GOLDEN = 0.618
"""Multiples of it fall evenly between whole numbers."""


class ParameterPane(Pane):
    """The value over a parameter.

    Args:
        view: The study.
    """

    def __init__(self, view: StudyView) -> None:
        super().__init__(view, "parameter")
        self._chosen = 0

    def choose_next(self, by: int) -> None:
        """Show another parameter."""
        self._chosen += by
        self.redraw()

    def titles(self) -> tuple[str, str]:
        """See `Pane`."""
        name, place, n_names = self._parameter()
        return (f"value by {printable(name)}", f"{place} of {n_names}") if name else ("value", "")

    def _parameter(self) -> tuple[str, int, int]:
        """Name the parameter that is shown, its place and how many there are; empty if none."""
        names = varying(self.view.spec, self.view.trials)
        if not names:
            return "", 0, 0
        place = self._chosen % len(names)
        return names[place], place + 1, len(names)

    def drawn(self, width: int, height: int) -> Text:
        """See `Pane`."""
        name, _, _ = self._parameter()
        trials = [t for t in self.view.trials if t.value is not None and name in t.params]
        if not trials:
            return plain_text(" no trial has a value yet")
        x, place = self._axis(name, trials)
        chosen = [trial for trial in trials if trial.number == self.view.chosen]
        series = [
            Series(_points([t for t in trials if t.state != "COMPLETE"], place), FAINT),
            Series(_points([t for t in trials if t.state == "COMPLETE"], place), "green"),
            Series(_points(chosen, place), "cyan bold"),
        ]
        y = value_axis([trial.value for trial in trials if trial.value is not None])
        return draw(series, x, y, (width, height))

    def _axis(self, name: str, trials: Sequence[Trial]) -> tuple[Axis, Callable[[Trial], float]]:
        """Choose the axis of a parameter, and where a trial lies on it."""
        parameter = self.view.spec.parameters.get(name)
        if isinstance(parameter, FloatParameter | IntParameter) and not _has_few(parameter):
            place: Callable[[float], float] = math.log if parameter.log else float
            ends = [parameter.low, parameter.high]
            low, high = map(place, ends)
            ticks = [(place(end), bound_text(end)) for end in ends]
            return Axis(low, high, ticks), lambda trial: place(trial.params[name])
        found = dict.fromkeys(trial.params[name] for trial in trials)
        choices = sorted(found) if isinstance(parameter, IntParameter) else [*found]
        if isinstance(parameter, CategoricalParameter):
            choices = list(dict.fromkeys([*parameter.choices, *found]))
        ticks = [(at, printable(value_text(value))) for at, value in enumerate(choices)]
        axis = Axis(-0.5, len(choices) - 0.5, ticks)
        return axis, lambda trial: choices.index(trial.params[name]) + _aside(trial)


def _has_few(parameter: FloatParameter | IntParameter) -> bool:
    """Tell whether a number has so few values that each has a place of its own."""
    return (
        isinstance(parameter, IntParameter)
        and not parameter.log
        and (parameter.high - parameter.low) // parameter.step < _FEW
    )


def _aside(trial: Trial) -> float:
    """Move a trial aside from others of the same value, each time alike."""
    return (trial.number * _GOLDEN % 1 - 0.5) / 2


def _points(trials: Sequence[Trial], place: Callable[[Trial], float]) -> list[tuple[float, float]]:
    return [(place(trial), trial.value) for trial in trials if trial.value is not None]
