"""Scales of axes, and limits that a few bad values do not set."""

import math

import numpy as np
import pytest
from optuna.study import StudyDirection

from search.plots.scales import scale_of
from search.plots.style import plain, shortened
from search.plots.values import cut_text, focus
from search.spaces.parameters import CategoricalParameter, FloatParameter, IntParameter
from search.studies.trials import Trial


def _labels(parameter: CategoricalParameter | FloatParameter | IntParameter) -> list[str]:
    return [text for _, text in scale_of("p", parameter, []).ticks()]


@pytest.mark.parametrize(
    ("low", "high", "log", "labels"),
    [
        (1e-4, 1e-1, True, ["1e-4", "0.001", "0.01", "0.1"]),
        (1e-12, 1.0, True, ["1e-12", "1e-9", "1e-6", "0.001", "1"]),
        (0.01, 0.3, True, ["0.01", "0.03", "0.1", "0.3"]),
        (0.7, 0.75, True, ["0.7", "0.75"]),
        (0.0, 1.0, False, ["0", "0.25", "0.5", "0.75", "1"]),
        (0.5, 0.5, False, ["0.5"]),
    ],
)
def test_ticks_lie_within_the_range(low: float, high: float, log: bool, labels: list[str]) -> None:
    assert _labels(FloatParameter(type="float", low=low, high=high, log=log)) == labels


@pytest.mark.parametrize(
    ("low", "high", "log", "labels"),
    [
        (1, 4, False, ["1", "2", "3", "4"]),
        (8, 128, True, ["8", "16", "32", "64", "128"]),
        (10, 1000, True, ["10", "100", "1000"]),
        (3, 3, False, ["3"]),
    ],
)
def test_ticks_of_whole_numbers_are_whole(
    low: int, high: int, log: bool, labels: list[str]
) -> None:
    assert _labels(IntParameter(type="int", low=low, high=high, log=log)) == labels


def test_scale_has_a_place_for_each_choice_and_for_those_that_went() -> None:
    parameter = CategoricalParameter(type="categorical", choices=[True, 1, "1", None])
    gone = Trial(0, "COMPLETE", {"p": "gone"}, 1.0, 1, 1, {}, 1.0, 0)
    scale = scale_of("p", parameter, [gone])
    assert [scale.place(value) for value in (True, 1, "1", None, "gone")] == [0, 1, 2, 3, 4]
    assert math.isnan(scale.place("never"))


@pytest.mark.parametrize(
    ("direction", "values", "n_outside"),
    [
        (StudyDirection.MINIMIZE, [*np.linspace(0.1, 1, 50), 1e6], 1),
        (StudyDirection.MAXIMIZE, [*np.linspace(0.1, 1, 50), -1e6], 1),
        (StudyDirection.MAXIMIZE, [*np.linspace(0.1, 1, 50), 5.0], 0),
        (StudyDirection.MINIMIZE, [0.1, 1e6], 0),
        (StudyDirection.MINIMIZE, [0.0], 0),
    ],
)
def test_focus_leaves_out_a_few_very_bad_values_only(
    direction: StudyDirection, values: list[float], n_outside: int
) -> None:
    low, high, found = focus(values, direction)
    assert low < high
    assert found == n_outside
    best = max(values) if direction == StudyDirection.MAXIMIZE else min(values)
    assert low < best < high


def test_focus_shows_where_the_better_half_differs() -> None:
    good = np.linspace(0.95, 0.98, 60)
    early = np.linspace(0.2, 0.9, 12)
    low, high, n_outside = focus([*good, *early], StudyDirection.MAXIMIZE)
    assert n_outside == 12
    assert 0.9 < low < 0.95 < 0.98 < high
    limits = (0.9, 0.99)
    text = cut_text([*good, *early, 0.9], limits, StudyDirection.MAXIMIZE)
    assert text == "axis from 0.9; 11 trials below"
    assert cut_text([2.0, 0.95], limits, StudyDirection.MINIMIZE) == "axis to 0.99; 1 trial above"
    assert cut_text(good, limits, StudyDirection.MAXIMIZE) == ""


def test_texts_of_users_are_no_formulas() -> None:
    assert plain("a$b$") == r"a\$b\$"
    assert shortened("x" * 9, 5) == "xxxx…"
