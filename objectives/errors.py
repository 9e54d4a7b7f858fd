"""What an objective raises when its input cannot work, and the checks that raise it."""

import difflib
import importlib
import math
from collections.abc import Callable, Iterable
from typing import Any


class InfeasibleError(ValueError):
    """These parameters make no valid model; others may."""

    infeasible = True


class SettingsError(ValueError):
    """These settings can work for no parameters at all, so no trial can."""

    fatal = True


class ImageError(ValueError):
    """This image cannot be classified; others may."""


class UnknownNameError(SettingsError):
    """This name does not exist; the nearest one that does is proposed."""

    def __init__(self, noun: str, name: object, valid: Iterable[str]) -> None:
        valid = list(valid)
        near = difflib.get_close_matches(str(name), valid, n=1)
        hint = f"; did you mean {near[0]!r}" if near else ""
        super().__init__(f"unknown {noun} {name!r}{hint}; valid: {', '.join(valid)}")


def require_count(name: str, value: object, least: int = 1) -> None:
    """Refuse what is not a whole number from a least one on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise SettingsError(f"{name} >= {least} must hold, got {name}={value!r}")


def require_share(name: str, value: object) -> None:
    """Refuse what is not in [0, 1)."""
    if not isinstance(value, int | float) or not 0 <= value < 1:
        raise SettingsError(f"0 <= {name} < 1 must hold, got {name}={value!r}")


def require_above_zero(name: str, value: object) -> None:
    """Refuse what is not a finite number above 0."""
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        raise SettingsError(f"{name} > 0 must hold, got {name}={value!r}")


def require_not_negative(name: str, value: object) -> None:
    """Refuse what is not a finite number from 0 on."""
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise SettingsError(f"{name} >= 0 must hold, got {name}={value!r}")


def import_callable(where: str, path: str) -> Callable[..., Any]:
    """Import the user's own function or class from `package.module:name`; a setting names it."""
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001  importing runs the user's code
        raise SettingsError(
            f"{where}: {path} must be importable, got {type(error).__name__}: {error}"
        ) from None
    if not callable(found):
        raise SettingsError(f"{where}: {path} must be callable, got {found!r:.80}")
    return found  # type: ignore[no-any-return]
