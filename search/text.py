"""How numbers, durations, names and lists are written for people, each in one place."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

_DURATION = re.compile(
    r"(?:(?P<d>[\d.]+)d)?(?:(?P<h>[\d.]+)h)?(?:(?P<m>[\d.]+)m)?(?:(?P<s>[\d.]+)s)?"
)
_UNIT_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


def parse_duration(value: object) -> float:
    """Read a length of time.

    Args:
        value: A number of seconds, or a text such as `90s`, `30m`, `1h30m` or `2d`.

    Returns:
        Seconds, above 0.

    Raises:
        ValueError: If the value is neither, or not above 0.

    Example:
        >>> parse_duration("1h30m")
        5400.0
    """
    seconds = -1.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        parts = {unit: text for unit, text in match.groupdict().items() if text} if match else {}
        try:
            seconds = sum(float(text) * _UNIT_S[unit] for unit, text in parts.items())
        except ValueError:
            seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise ValueError(
            f"a length of time above 0 must be given, got {value!r}; "
            "valid: seconds, or a text such as 90s, 30m, 1h30m, 2d"
        )
    return seconds


def format_duration(seconds: float) -> str:
    """Write a length of time as `parse_duration` reads it.

    Args:
        seconds: At least 0; shown to the second from one minute on.

    Returns:
        A short text.

    Example:
        >>> format_duration(5400)
        '1h30m'
    """
    if seconds < 60:
        return f"{seconds:.3g}s"
    whole = round(seconds)
    parts = [(whole // 3600, "h"), (whole % 3600 // 60, "m"), (whole % 60, "s")]
    return "".join(f"{count}{unit}" for count, unit in parts if count)


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """Say which valid word was probably meant.

    Args:
        word: What was given.
        valid: What could have been given.

    Returns:
        `"; did you mean 'x'"`, or an empty string when nothing is near.

    Example:
        >>> did_you_mean("nmae", ["name", "seed"])
        "; did you mean 'name'"
    """
    near = nearest(word, valid)
    return f"; did you mean {near!r}" if near else ""


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """Find the valid word that was probably meant.

    Args:
        word: What was given.
        valid: What could have been given.

    Returns:
        The only one that begins so, else the nearest one, or None when nothing is near.
    """
    words = list(valid)
    longer = [other for other in words if other.startswith(word)] if len(word) > 2 else []
    if len(longer) == 1:
        return longer[0]
    return next(iter(difflib.get_close_matches(word, words, n=1, cutoff=0.6)), None)


def unknown(noun: str, name: str, valid: Collection[str], meant: Collection[str] = ()) -> str:
    """Say that a name does not exist, and which one was meant: the nearest if none is known."""
    known = f"; did you mean {' or '.join(map(repr, meant))}" if meant else ""
    return f"unknown {noun} {name!r}{known or did_you_mean(name, valid)}; valid: {listing(valid)}"


def shown(value: object) -> str:
    """Write a value as YAML has it.

    Args:
        value: Plain data.

    Returns:
        For instance `null`, `true` or `'text'`.

    Example:
        >>> shown(None), shown(True), shown("a"), shown(1.5)
        ('null', 'true', "'a'", '1.5')
    """
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def listing(words: Iterable[object]) -> str:
    """Join words for a message.

    Args:
        words: What to list, in the order to show.

    Returns:
        The words separated by commas, or `(none)`.

    Example:
        >>> listing(["a", "b"])
        'a, b'
    """
    return ", ".join(str(word) for word in words) or "(none)"


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


def new_table() -> "Table":
    """Begin a table.

    Returns:
        One without columns.
    """
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
