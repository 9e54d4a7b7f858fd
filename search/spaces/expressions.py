"""The small language of `constraints:`: Python's comparisons and arithmetic, nothing else.

An expression is parsed with `ast` and walked node by node; nothing is ever evaluated as
code. Allowed: numbers, strings, true/false, parameter names, `+ - * / // % **`, comparisons
(also chained and `in`), `and`, `or`, `not`, lists, and the functions `abs`, `min`, `max`.
"""

import ast
import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search.errors import SearchError

Compute = Callable[[Mapping[str, Any]], Any]
"""Computes something from the values of a point."""

FUNCTIONS: dict[str, Callable[..., Any]] = {"abs": abs, "max": max, "min": min}

MAX_LENGTH = 1_000
"""Characters of an expression; it also bounds how deep one can nest."""
_NUMBERS = (int, float)


def _of_numbers(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Keep arithmetic from strings and lists, which Python would repeat or join."""

    def checked(left: Any, right: Any) -> Any:
        if not (isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS)):
            raise TypeError(f"numbers are needed, got {left!r} and {right!r}")
        return compute(left, right)

    return checked


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _of_numbers(operator.add),
    ast.Sub: _of_numbers(operator.sub),
    ast.Mult: _of_numbers(operator.mul),
    ast.Div: _of_numbers(operator.truediv),
    ast.FloorDiv: _of_numbers(operator.floordiv),
    ast.Mod: _of_numbers(operator.mod),
    ast.Pow: _of_numbers(lambda base, exponent: float(base) ** exponent),
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, group: item in group,
    ast.NotIn: lambda item, group: item not in group,
}
_CONSTANTS = {"true": True, "false": False}


class ExpressionError(SearchError):
    """An expression outside the language, or one that its values do not suit."""


@dataclass(frozen=True)
class Expression:
    """One parsed expression, as the user wrote it, and the names that it reads."""

    text: str
    names: frozenset[str]
    _compute: Compute

    def holds(self, params: Mapping[str, Any]) -> bool:
        """Tell whether the expression is true.

        One that reads a parameter which `params` lacks (its `when` does not hold) binds nothing
        and is true. Values that cannot be combined, as a string and a number, are an
        `ExpressionError`.
        """
        if not self.names <= params.keys():
            return True
        try:
            return bool(self._compute(params))
        except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
            raise ExpressionError(f"{self.text!r} cannot be computed: {error}") from None


def parse(text: str) -> Expression:
    """Parse an expression of the language.

    Args:
        text: For instance `"filters * 2 ** n_blocks <= 512"`.

    Returns:
        The expression.

    Raises:
        ExpressionError: If the text is outside the language.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"not an expression: longer than {MAX_LENGTH:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
        names = frozenset(_names(tree))
        compute = _computing(tree)
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ExpressionError(f"not an expression: {reason}") from None
    except (MemoryError, RecursionError):
        raise ExpressionError("not an expression: nested too deeply") from None
    return Expression(text, names, compute)


def _names(node: ast.AST) -> set[str]:
    """Collect the parameter names below a node, refusing what the language lacks."""
    match node:
        case ast.Name(id=name):
            return set() if name in _CONSTANTS else {name}
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return set()
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as args, keywords=[]):
            if name not in FUNCTIONS:
                raise ExpressionError(f"unknown function {name!r}; valid: abs, max, min")
            return set().union(*map(_names, args))
        case ast.BoolOp() | ast.List() | ast.Tuple():
            return _names_of_children(node)
        case ast.BinOp(op=op) if type(op) in _BINARY:
            return _names_of_children(node)
        case ast.UnaryOp(op=op) if type(op) in _UNARY:
            return _names_of_children(node)
        case ast.Compare(ops=ops) if all(type(op) in _COMPARE for op in ops):
            return _names_of_children(node)
    raise ExpressionError(f"{ast.unparse(node)!r} is not allowed in a constraint")


def _names_of_children(node: ast.AST) -> set[str]:
    children = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return set().union(*map(_names, children))


def _computing(node: ast.expr) -> Compute:
    """Give what computes a node from the values of a point; samplers ask thousands of times."""
    match node:
        case ast.Name(id=name) if name in _CONSTANTS:
            constant = _CONSTANTS[name]
            return lambda _: constant
        case ast.Name(id=name):
            return operator.itemgetter(name)
        case ast.Constant(value=value):
            return lambda _: value
        case ast.Call(func=ast.Name(id=name), args=args):
            function, parts = FUNCTIONS[name], [*map(_computing, args)]
            return lambda params: function(*[part(params) for part in parts])
        case ast.List(elts=items) | ast.Tuple(elts=items):
            parts = [*map(_computing, items)]
            return lambda params: [part(params) for part in parts]
        case ast.BinOp(left=left, op=op, right=right):
            of_two, first, second = _BINARY[type(op)], _computing(left), _computing(right)
            return lambda params: of_two(first(params), second(params))
        case ast.UnaryOp(op=sign, operand=operand):
            of_one, inner = _UNARY[type(sign)], _computing(operand)
            return lambda params: of_one(inner(params))
        case ast.BoolOp(op=ast.And(), values=values):
            parts = [*map(_computing, values)]
            return lambda params: all(part(params) for part in parts)
        case ast.BoolOp(values=values):
            parts = [*map(_computing, values)]
            return lambda params: any(part(params) for part in parts)
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _comparing([left, *rights], [_COMPARE[type(op)] for op in ops])
    raise AssertionError(f"parse() let through {ast.dump(node)}")


def _comparing(
    nodes: Sequence[ast.expr], comparisons: Sequence[Callable[[Any, Any], Any]]
) -> Compute:
    parts = [*map(_computing, nodes)]

    def compare(params: Mapping[str, Any]) -> bool:
        items = [part(params) for part in parts]
        pairs = zip(items[:-1], comparisons, items[1:], strict=True)
        return all(holds(left, right) for left, holds, right in pairs)

    return compare
