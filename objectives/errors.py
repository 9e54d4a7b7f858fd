"""What an objective raises when its input cannot work."""

import difflib
from collections.abc import Iterable


class InfeasibleError(ValueError):
    """These parameters make no valid model; others may."""

    infeasible = True


class SettingsError(ValueError):
    """These settings can work for no parameters at all, so no trial can."""

    fatal = True


class PictureError(ValueError):
    """This picture cannot be classified; others may."""


def unknown_name(noun: str, name: object, valid: Iterable[str]) -> SettingsError:
    """Word the error for a name that does not exist.

    Args:
        noun: What sort of name it is.
        name: The name given.
        valid: The names there are.

    Returns:
        An error that proposes the nearest one.
    """
    valid = list(valid)
    near = difflib.get_close_matches(str(name), valid, n=1)
    hint = f"; did you mean {near[0]!r}" if near else ""
    return SettingsError(f"unknown {noun} {name!r}{hint}; valid: {', '.join(valid)}")


def require_count(name: str, value: object, least: int = 1) -> None:
    """Refuse what is not a whole number from a least one on.

    Args:
        name: What it counts.
        value: The number given.
        least: The smallest that passes.

    Raises:
        SettingsError: If it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise SettingsError(f"{name} >= {least} must hold, got {name}={value!r}")
