"""Which parameters of the best trials are at the end of their range."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from search.spaces.parameters import Parameter
from search.studies.trials import Trial
from search.summaries.edges import edge_facts

KINDS: dict[str, dict[str, Any]] = {
    "float": {"type": "float", "low": -1.0, "high": 0.0},
    "log": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
    "int": {"type": "int", "low": 2, "high": 5},
    "wide": {"type": "int", "low": 1000, "high": 2000},
    "step": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.5},
    "counted": {"type": "int", "low": 1, "high": 4},
    "choices": {"type": "categorical", "choices": [64, 8, 16]},
    "two": {"type": "int", "low": 1, "high": 2},
    "two_choices": {"type": "categorical", "choices": [3, 5]},
    "flags": {"type": "categorical", "choices": [True, False, 2]},
    "words": {"type": "categorical", "choices": ["a", "b", "c"]},
}


def edges(kind: str, *values: Any, are_front: bool = False) -> list[tuple[str, list[int]]]:
    parameter: Parameter = TypeAdapter(Parameter).validate_python(KINDS[kind])
    best = [
        Trial(
            number=number,
            state="COMPLETE",
            params={} if value is None else {"x": value},
            value=0.5,
            best_epoch=1,
            n_epochs=1,
            metrics={},
            seconds=1.0,
            seed=0,
        )
        for number, value in enumerate(values)
    ]
    found = edge_facts({"x": parameter}, best, are_front)
    return [(edge["end"], edge["trials"]) for edge in found]


@pytest.mark.parametrize(
    ("kind", "value", "end"),
    [
        ("float", -1.0, "low"),
        ("float", -0.981, "low"),
        ("float", -0.979, None),
        ("float", -0.01, "high"),
        ("float", 1.5, None),
        ("log", 1.1e-4, "low"),
        ("log", 2e-4, None),
        ("log", 0.9, "high"),
        ("int", 2, "low"),
        ("int", 3, None),
        ("int", 5, "high"),
        ("counted", 1, None),
        ("counted", 4, "high"),
        ("step", 0.0, None),
        ("wide", 1020, "low"),
        ("wide", 1021, None),
        ("step", 0.5, None),
        ("step", 1.0, "high"),
        ("choices", 8, "low"),
        ("choices", 16, None),
        ("choices", 64, "high"),
        ("two", 1, None),
        ("two_choices", 3, None),
        ("flags", True, None),
        ("words", "a", None),
    ],
)
def test_edge_of_each_kind_of_parameter(kind: str, value: Any, end: str | None) -> None:
    assert edges(kind, value) == ([(end, [0])] if end else [])


def test_edge_counts_where_the_best_or_half_of_the_trials_are() -> None:
    assert edges("counted", 4, 2, 2, 2, 2) == [("high", [0])]
    assert edges("counted", 2, 4, 2, 2, 2) == []
    assert edges("counted", 2, 4, 4, 2) == [("high", [1, 2])]


def test_edge_of_a_front_counts_where_half_of_it_is() -> None:
    assert edges("counted", 4, 2, 2, are_front=True) == []
    assert edges("counted", 4, 2, are_front=True) == []
    assert edges("counted", 4, 2, 4, are_front=True) == [("high", [0, 2])]
    assert edges("counted", 4, are_front=True) == [("high", [0])]


def test_edge_is_judged_among_trials_that_have_the_parameter() -> None:
    assert edges("counted", None, 4, 4, None, None) == [("high", [1, 2])]
    assert edges("counted") == []
