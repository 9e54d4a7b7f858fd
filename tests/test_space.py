"""A search space: what exists where, what it contains, and its points."""

import graphlib
from typing import Any

import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from pydantic import TypeAdapter

from search.spaces.expressions import ExpressionError
from search.spaces.parameters import Parameter, Scalar, step_fits
from search.spaces.space import (
    Params,
    Space,
    condition_order,
    distribution_of,
    finite_values,
    holds_value,
)

ADAPTER: TypeAdapter[dict[str, Parameter]] = TypeAdapter(dict[str, Parameter])

# Conditions three deep, written children first.
NESTED = {
    "momentum": {"type": "float", "low": 0, "high": 1, "step": 0.5, "when": {"optimizer": "sgd"}},
    "optimizer": {"type": "categorical", "choices": ["sgd", "adam"], "when": {"tuned": True}},
    "tuned": {"type": "categorical", "choices": [True, False]},
    "nesterov": {"type": "categorical", "choices": [0, 1], "when": {"momentum": [0.5, 1]}},
}
NESTED_POINTS = [
    {"tuned": True, "optimizer": "sgd", "momentum": 0.0},
    {"tuned": True, "optimizer": "sgd", "momentum": 0.5, "nesterov": 0},
    {"tuned": True, "optimizer": "sgd", "momentum": 0.5, "nesterov": 1},
    {"tuned": True, "optimizer": "sgd", "momentum": 1.0, "nesterov": 0},
    {"tuned": True, "optimizer": "sgd", "momentum": 1.0, "nesterov": 1},
    {"tuned": True, "optimizer": "adam"},
    {"tuned": False},
]


def parameters(raw: dict[str, Any]) -> dict[str, Parameter]:
    return ADAPTER.validate_python(raw)


def make_space(raw: dict[str, Any], *constraints: str) -> Space:
    return Space(parameters(raw), constraints)


def int_range(low: int, high: int, **more: Any) -> dict[str, Any]:
    return {"type": "int", "low": low, "high": high, **more}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"type": "float", "low": 0, "high": 1}, FloatDistribution(0, 1)),
        (
            {"type": "float", "low": 1e-4, "high": 1, "log": True},
            FloatDistribution(1e-4, 1, log=True),
        ),
        (
            {"type": "float", "low": 0, "high": 1, "step": 0.25},
            FloatDistribution(0, 1, step=0.25),
        ),
        (int_range(1, 9), IntDistribution(1, 9)),
        (int_range(1, 9, log=True), IntDistribution(1, 9, log=True)),
        (int_range(1, 9, step=2), IntDistribution(1, 9, step=2)),
        ({"type": "categorical", "choices": [3, None]}, CategoricalDistribution([3, None])),
    ],
)
def test_distribution_says_the_same_in_words_of_optuna(
    raw: dict[str, Any], expected: BaseDistribution
) -> None:
    assert distribution_of(parameters({"x": raw})["x"]) == expected


def test_condition_order_keeps_the_file_where_it_can() -> None:
    raw = {"child": int_range(1, 2, when={"z": 1}), "z": int_range(1, 2), "a": int_range(1, 2)}
    assert condition_order(parameters(raw)) == ["z", "a", "child"]


def test_condition_order_of_a_circle_raises() -> None:
    raw = {"a": int_range(1, 2, when={"b": 1}), "b": int_range(1, 2, when={"a": 1})}
    with pytest.raises(graphlib.CycleError):
        condition_order(parameters(raw))


def test_space_with_a_broken_constraint_raises() -> None:
    with pytest.raises(ExpressionError):
        make_space({"x": int_range(1, 3)}, "x >")


def test_walk_asks_for_what_exists_after_what_it_depends_on() -> None:
    answers: Params = {"tuned": True, "optimizer": "sgd", "momentum": 0.5, "nesterov": 1}
    asked: list[str] = []

    def choose(name: str, distribution: BaseDistribution) -> Scalar:
        asked.append(name)
        return answers[name]

    assert make_space(NESTED).walk(choose) == answers
    assert asked == ["tuned", "optimizer", "momentum", "nesterov"]


@pytest.mark.parametrize("point", NESTED_POINTS)
def test_walk_leaves_out_what_does_not_exist(point: Params) -> None:
    assert make_space(NESTED).walk(lambda name, _: point[name]) == point


def test_walk_gives_each_parameter_its_distribution() -> None:
    distributions: dict[str, BaseDistribution] = {}

    def choose(name: str, distribution: BaseDistribution) -> Scalar:
        distributions[name] = distribution
        return finite_values(distribution)[0]

    space = make_space({"x": int_range(1, 9, step=2), "y": int_range(1, 2)})
    space.walk(choose)
    assert distributions == space.distributions


def test_suggest_records_the_point_in_the_trial() -> None:
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    space = make_space(
        {
            "x": {"type": "float", "low": 1e-3, "high": 1, "log": True},
            "y": int_range(2, 8, step=3),
            "z": {"type": "categorical", "choices": ["only"]},
            "absent": int_range(1, 2, when={"z": "other"}),
        }
    )
    params = space.suggest(trial)
    assert [*params] == ["x", "y", "z"]
    assert params == trial.params
    assert space.contains(params)


@pytest.mark.parametrize("point", NESTED_POINTS)
def test_contains_every_point_of_nested_conditions(point: Params) -> None:
    assert make_space(NESTED).contains(point)


@pytest.mark.parametrize(
    "point",
    [
        {},
        {"tuned": True},
        {"tuned": False, "optimizer": "adam"},
        {"tuned": True, "optimizer": "adam", "momentum": 0.5},
        {"tuned": True, "optimizer": "sgd", "momentum": 0.5},
        {"tuned": True, "optimizer": "sgd", "momentum": 0.0, "nesterov": 1},
        {"tuned": False, "momentum": 0.0, "nesterov": 1},
        {"tuned": False, "unknown": 1},
    ],
)
def test_contains_neither_too_few_nor_too_many_parameters(point: Params) -> None:
    assert not make_space(NESTED).contains(point)


def test_contains_only_what_keeps_the_constraints() -> None:
    space = make_space({"x": int_range(1, 3), "y": int_range(1, 3)}, "x > y", "x * y != 3")
    assert space.contains({"x": 2, "y": 1})
    assert not space.contains({"x": 1, "y": 1})
    assert not space.contains({"x": 3, "y": 1})


@pytest.mark.parametrize(
    ("raw", "inside", "outside"),
    [
        (int_range(1, 9), [1, 5, 9], [0, 10, 5.0, 5.5, "5", True, None]),
        (int_range(1, 9, step=4), [1, 5, 9], [2, 8, 13]),
        (int_range(1, 1), [1], [0, 2]),
        (
            {"type": "float", "low": 0, "high": 1},
            [0, 0.0, 0.3, 1, 1.0],
            [-1e-9, 1.001, "0.3", False, float("nan"), float("inf")],
        ),
        (
            {"type": "float", "low": 0.1, "high": 0.7, "step": 0.2},
            [0.1, 0.3, 0.1 + 0.2, 0.5, 0.7],
            [0.2, 0.31, 0.9],
        ),
        ({"type": "float", "low": 1e-5, "high": 1, "log": True}, [1e-5, 1e-3, 1], [0, 1e-6]),
        ({"type": "categorical", "choices": [3, "a", None]}, [3, "a", None], [4, "b", False]),
        ({"type": "categorical", "choices": [1]}, [1], [True, 0, "1"]),
        ({"type": "categorical", "choices": [False]}, [False], [0, None, ""]),
    ],
)
def test_holds_value_respects_range_step_and_type(
    raw: dict[str, Any], inside: list[Scalar], outside: list[Scalar]
) -> None:
    distribution = distribution_of(parameters({"x": raw})["x"])
    assert [value for value in inside if not holds_value(distribution, value)] == []
    assert [value for value in outside if holds_value(distribution, value)] == []


@pytest.mark.parametrize(
    ("length", "step", "fits"),
    [(0, 1, True), (8, 2, True), (8, 3, False), (0.9, 0.3, True), (0.9, 0.31, False)],
)
def test_step_fits_up_to_rounding(length: float, step: float, fits: bool) -> None:
    assert step_fits(length, step) is fits


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (int_range(1, 9, step=4), [1, 5, 9]),
        (int_range(2, 4, log=True), [2, 3, 4]),
        ({"type": "float", "low": 0, "high": 0.3, "step": 0.1}, [0.0, 0.1, 0.2, 0.3]),
        ({"type": "float", "low": 0.5, "high": 0.5}, [0.5]),
        ({"type": "float", "low": 0, "high": 1}, []),
        ({"type": "categorical", "choices": ["b", "a"]}, ["b", "a"]),
        ({"type": "categorical", "choices": [None]}, [None]),
    ],
)
def test_finite_values_lists_what_can_be_listed(raw: dict[str, Any], values: list[Scalar]) -> None:
    assert [*finite_values(distribution_of(parameters({"x": raw})["x"]))] == values


def test_points_of_nested_conditions_are_each_listed_once() -> None:
    assert list(make_space(NESTED).points()) == NESTED_POINTS


def test_points_keep_the_constraints() -> None:
    space = make_space({"x": int_range(1, 3), "y": int_range(1, 3)}, "x > y", "x * y != 3")
    assert list(space.points()) == [{"x": 2, "y": 1}, {"x": 3, "y": 2}]


def test_points_take_given_values_of_a_continuous_parameter() -> None:
    space = make_space({"x": {"type": "float", "low": 0, "high": 1}, "y": int_range(1, 2)})
    assert space.continuous() == ["x"]
    assert list(space.points({"x": [0.5, 0.1]})) == [
        {"x": 0.5, "y": 1},
        {"x": 0.5, "y": 2},
        {"x": 0.1, "y": 1},
        {"x": 0.1, "y": 2},
    ]


def test_points_take_given_values_in_place_of_all() -> None:
    space = make_space({"x": int_range(1, 9), "y": int_range(1, 2)})
    assert list(space.points({"x": [7], "y": [2, 1]})) == [{"x": 7, "y": 2}, {"x": 7, "y": 1}]


def test_constraint_on_an_absent_parameter_binds_nothing() -> None:
    space = make_space(NESTED, "momentum > 0.5")
    assert list(space.points()) == NESTED_POINTS[3:]


def test_size_counts_the_points() -> None:
    assert make_space(NESTED).size() == len(NESTED_POINTS)
    assert make_space({"x": int_range(1, 9)}, "x % 2 == 0").size() == 4


@pytest.mark.parametrize("condition", [{}, {"when": {"a": 1}}])
def test_size_of_a_space_too_large_to_be_listed_is_none(condition: dict[str, Any]) -> None:
    huge = {name: int_range(0, 10**12) for name in "ab"} | {"c": {**int_range(0, 9), **condition}}
    assert make_space(huge, "a > 10 ** 11").size() is None


def test_size_of_a_continuous_space_is_none() -> None:
    assert make_space({"x": {"type": "float", "low": 0, "high": 1}}).size() is None


def test_size_of_an_infeasible_space_is_zero() -> None:
    assert make_space({"x": int_range(1, 3)}, "x > 3").size() == 0
