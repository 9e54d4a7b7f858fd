"""The language of constraints: what it computes and what it refuses."""

import pytest

from search.spaces.expressions import ExpressionError, parse

PARAMS = {"width": 8, "kernel": 3, "rate": 0.5, "pool": "max", "bias": True, "norm": None}


@pytest.mark.parametrize(
    "text",
    [
        "width > kernel",
        "width >= 8",
        "kernel < width",
        "kernel <= 3",
        "kernel == 3",
        "kernel != width",
        "1 < kernel < width <= 8",
        "kernel in [1, 3, 5]",
        "kernel in (1, 3, 5)",
        "kernel not in [2, 4]",
        "pool == 'max'",
        'pool in ["max", "mean"]',
        "'a' in pool",
        "bias == true",
        "bias != False",
        "bias",
        "norm == None",
        "true and not false",
        "kernel > width or width > kernel",
        "not kernel > width",
        "width + kernel == 11",
        "width - kernel == 5",
        "width * kernel == 24",
        "width / 16 == rate",
        "width // kernel == 2",
        "width % kernel == 2",
        "width ** 2 == 64",
        "2 ** -1 == rate",
        "-kernel + +width == 5",
        "2 + 3 * 4 ** 2 == 50",
        "(2 + 3) * 4 == 20",
        "abs(kernel - width) == 5",
        "min(width, kernel, 5) == kernel",
        "max([width, kernel]) == width",
        "  width == 8  ",
    ],
)
def test_expression_that_is_true_holds_and_its_negation_does_not(text: str) -> None:
    assert parse(text).holds(PARAMS)
    assert not parse(f"not ({text.strip()})").holds(PARAMS)


@pytest.mark.parametrize("text", ["1 < kernel < 3", "3 < kernel < 9", "kernel < width < 8"])
def test_chained_comparison_needs_every_link(text: str) -> None:
    assert not parse(text).holds(PARAMS)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("width >= kernel", {"width", "kernel"}),
        ("max(width, kernel) + width > 3", {"width", "kernel"}),
        ("not a or b in [c, -d]", {"a", "b", "c", "d"}),
        ("true or false", set()),
        ("pool == 'width'", {"pool"}),
    ],
)
def test_parse_collects_the_names_of_parameters(text: str, names: set[str]) -> None:
    assert parse(text).names == names


def test_parse_keeps_the_text() -> None:
    assert parse("width>=kernel").text == "width>=kernel"


@pytest.mark.parametrize("text", ["absent > 3", "width > 99 and absent", "not absent"])
def test_expression_on_an_absent_parameter_holds(text: str) -> None:
    assert parse(text).holds(PARAMS)


def test_expression_stops_at_what_decides_it() -> None:
    assert parse("kernel == 3 or 1 / 0").holds(PARAMS)
    assert not parse("kernel == 4 and 1 / 0").holds(PARAMS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("width.real", "'width.real' is not allowed in a constraint"),
        ("pool.upper()", "'pool.upper()' is not allowed in a constraint"),
        ("pool[0] == 'm'", "'pool[0]' is not allowed in a constraint"),
        ("1 if bias else 0", "'1 if bias else 0' is not allowed in a constraint"),
        ("lambda: 1", "'lambda: 1' is not allowed in a constraint"),
        ("[x for x in pool]", "'[x for x in pool]' is not allowed in a constraint"),
        ("{1, 2}", "'{1, 2}' is not allowed in a constraint"),
        ("{1: 2}", "'{1: 2}' is not allowed in a constraint"),
        ("(n := 3)", "'(n := 3)' is not allowed in a constraint"),
        ("f'{pool}'", "\"f'{pool}'\" is not allowed in a constraint"),
        ("pool is None", "'pool is None' is not allowed in a constraint"),
        ("width | kernel", "'width | kernel' is not allowed in a constraint"),
        ("width << 3", "'width << 3' is not allowed in a constraint"),
        ("~width", "'~width' is not allowed in a constraint"),
        ("3j", "'3j' is not allowed in a constraint"),
        ("b'max'", "\"b'max'\" is not allowed in a constraint"),
        ("...", "'...' is not allowed in a constraint"),
        ("max(*[width])", "'*[width]' is not allowed in a constraint"),
        ("max(width, key=abs)", "'max(width, key=abs)' is not allowed in a constraint"),
        ("min()", "'min()' is not allowed in a constraint"),
        ("open('x')", "unknown function 'open'; valid: abs, max, min"),
        ("__import__('os')", "unknown function '__import__'; valid: abs, max, min"),
        ("", "not an expression: invalid syntax"),
        ("width >", "not an expression: invalid syntax"),
        ("import os", "not an expression: invalid syntax"),
        ("(width", "not an expression: '(' was never closed"),
    ],
)
def test_parse_outside_the_language_raises(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_parse_of_too_long_a_text_raises() -> None:
    longest = "width".ljust(999) + "\t"
    assert parse(longest).names == {"width"}
    with pytest.raises(ExpressionError) as caught:
        parse(longest + " ")
    assert str(caught.value) == "not an expression: longer than 1,000 characters"


@pytest.mark.parametrize(
    "text", ["+".join(["1"] * 9_000), "- " * 9_000 + "1"], ids=["long sum", "many signs"]
)
def test_parse_of_an_endless_expression_raises(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "width > pool",
        "width + pool > 3",
        "width / (kernel - 3) > 1",
        "width in kernel",
        "abs(width, kernel) > 1",
        "min(width) > 1",
        "-pool == 1",
        "pool ** 2 > 1",
        "norm < 1",
    ],
)
def test_holds_with_values_that_do_not_combine_raises(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text).holds(PARAMS)
    assert str(caught.value).startswith(f"{text!r} cannot be computed: ")


@pytest.mark.parametrize("text", ["9 ** 9 ** 9 ** 9 > width", "pool * 10000000000000000 == pool"])
def test_holds_of_a_gigantic_value_raises_at_once(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text).holds(PARAMS)
