"""What all tables for people share: their look, and how values are written in them."""

from collections.abc import Mapping

from rich import box
from rich.table import Table


def new_table() -> Table:
    """Begin a table.

    Returns:
        One without columns.
    """
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def number_text(value: object) -> str:
    """Write a result.

    Args:
        value: A number, or None where there is none.

    Returns:
        Four decimals or three digits; counts whole, with commas.
    """
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value_text(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if 0.01 <= abs(value) < 1000 or not value else f"{value:#.3g}"


def value_text(value: object) -> str:
    """Write a parameter's value.

    Args:
        value: The value.

    Returns:
        A space file's text for it, a float to four digits.
    """
    named: Mapping[object, str] = {True: "true", False: "false"}
    if value is None:
        return "null"
    if isinstance(value, bool):
        return named[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
