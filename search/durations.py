"""Lengths of time as people write them: 90s, 30m, 1h30m, 2d."""

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

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


def _exact_duration(seconds: float) -> str | float:
    text = format_duration(seconds)
    try:
        return text if parse_duration(text) == seconds else seconds
    except ValueError:
        return seconds


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(_exact_duration),
    WithJsonSchema({"type": ["string", "number"], "examples": ["30m", "1h30m", 90]}),
]
