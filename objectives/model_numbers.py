"""Numbers that a network is given: read from a text, and checked against their range.

What a number must be for more than a network, a count, is checked in `objectives.errors`.
"""

import math
import re

from objectives.errors import SettingsError, require_count

Numbers = float | str | list[int] | list[float]
"""A list of numbers, one number, or a text of several, such as `512-128` or `2,4`."""


def read_numbers(name: str, value: Numbers) -> list[float]:
    """Read a list of numbers that may be written as a text, as search parameters are.

    Args:
        name: Of the parameter, for the error.
        value: A list, one number, or a text with `-` or `,` between the numbers; an empty
            text and `none` are the empty list.

    Returns:
        The numbers; whole ones of a text as int.

    Raises:
        SettingsError: If a part of the text is no number.

    Example:
        >>> read_numbers("l2", "1e-4-0-2e-5")
        [0.0001, 0, 2e-05]
    """
    if not isinstance(value, str):
        return list(value) if isinstance(value, list | tuple) else [value]
    # The minus of an exponent does not separate.
    parts = [] if value in {"", "none"} else re.split(r",|(?<![eE])-", value)
    try:
        return [int(part) if part.strip().isdecimal() else float(part) for part in parts]
    except ValueError:
        raise SettingsError(
            f"{name} must be numbers with '-' or ',' between, got {name}={value!r}"
        ) from None


def read_counts(name: str, value: Numbers) -> list[int]:
    """Read a list of whole numbers from 1 on.

    Args:
        name: Of the parameter, for the error.
        value: As for `read_numbers`.

    Returns:
        The numbers.

    Raises:
        SettingsError: If one is none.

    Example:
        >>> read_counts("widths", "512-128")
        [512, 128]
    """
    numbers = read_numbers(name, value)
    for number in numbers:
        require_count(name, number)
    return [int(number) for number in numbers]


def require_share(name: str, value: object) -> None:
    """Refuse what is not in [0, 1).

    Args:
        name: What it is a share of.
        value: The number given.

    Raises:
        SettingsError: If it is not.
    """
    if not isinstance(value, int | float) or not 0 <= value < 1:
        raise SettingsError(f"0 <= {name} < 1 must hold, got {name}={value!r}")


def require_above_zero(name: str, value: object) -> None:
    """Refuse what is not a finite number above 0.

    Args:
        name: What it is.
        value: The number given.

    Raises:
        SettingsError: If it is not.
    """
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        raise SettingsError(f"{name} > 0 must hold, got {name}={value!r}")


def require_not_negative(name: str, value: object) -> None:
    """Refuse what is not a finite number from 0 on.

    Args:
        name: What it is.
        value: The number given.

    Raises:
        SettingsError: If it is not.
    """
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise SettingsError(f"{name} >= 0 must hold, got {name}={value!r}")
