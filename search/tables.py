"""What all tables for people share: their look, and how a value is written in a cell."""

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
    """Write a figure.

    Args:
        value: A number, or None where there is nothing to show; anything else as `value_text`.

    Returns:
        Three to four digits of a float, all of an int.

    Example:
        >>> number_text(0.98765), number_text(12345), number_text(None)
        ('0.9877', '12,345', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value_text(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if 0.01 <= abs(value) < 1000 or not value else f"{value:#.3g}"


def value_text(value: object) -> str:
    """Write the value of a parameter, as YAML has it.

    Args:
        value: Plain data.

    Returns:
        For instance `null`, `true` or `0.001`.

    Example:
        >>> value_text(None), value_text(True), value_text(0.1234567)
        ('null', 'true', '0.1235')
    """
    named: Mapping[object, str] = {True: "true", False: "false"}
    if value is None:
        return "null"
    if isinstance(value, bool):
        return named[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def escape_latex(text: str) -> str:
    r"""Write a text so that LaTeX shows it as it is.

    Args:
        text: Any text.

    Returns:
        The same with its special characters as commands.

    Example:
        >>> print(escape_latex("n_epochs & 50%"))
        n\_epochs \& 50\%
    """
    text = text.replace("\\", "\\textbackslash ")
    for character in "&%$#_{}":
        text = text.replace(character, "\\" + character)
    return text.replace("~", "\\textasciitilde ").replace("^", "\\textasciicircum ")


def cell_text(column: str, value: object) -> str:
    """Write a cell of the leaderboard.

    Args:
        column: Its column.
        value: What the leaderboard has there.

    Returns:
        A short text, `–` where there is nothing.

    Example:
        >>> cell_text("seconds", 12.345), cell_text("seed", 123456), cell_text("params_n", None)
        ('12.3', '123456', '–')
    """
    if value is None:
        return "–"
    if column == "seconds" and isinstance(value, float):
        return f"{value:.1f}"
    is_number = not (column == "seed" or column.startswith("params_"))
    return number_text(value) if is_number else value_text(value)
