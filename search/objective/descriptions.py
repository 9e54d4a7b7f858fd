"""What an objective can tell people without training: its images by class, a trial's layers.

An objective may have static or class methods for this: `class_counts(**settings)` gives, for
each class, how many images each split has of it, `notes(**settings)` sentences on what is odd
about them, and `describe(params, **settings)` a table of a network's layers as a text.
"""

from collections.abc import Callable, Mapping
from typing import Any

from search.errors import ObjectiveError
from search.objective.source import static_member

ClassCounts = Mapping[str, Mapping[str, int]]
"""Images by class and split."""


def class_counts(objective: str, settings: Mapping[str, Any]) -> ClassCounts | None:
    """Ask how many images there are of each class.

    Args:
        objective: Its import path; it is imported.
        settings: The space file's.

    Returns:
        The counts; None if the objective does not tell.

    Raises:
        ObjectiveError: If it cannot be loaded, or not read its images.
    """
    method = static_member(objective, "class_counts")
    return _call(method, **settings) if method else None


def image_notes(objective: str, settings: Mapping[str, Any]) -> list[str]:
    """Ask what is worth knowing of the images before a search.

    Args:
        objective: Its import path; it is imported.
        settings: The space file's.

    Returns:
        A sentence each.

    Raises:
        ObjectiveError: If it cannot be loaded, or not read its images.
    """
    method = static_member(objective, "notes")
    return [str(note) for note in _call(method, **settings)] if method else []


def layer_table(objective: str, params: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Ask for the layers of a network.

    Args:
        objective: Its import path; it is imported.
        params: A trial's parameters.
        settings: Those it ran with.

    Returns:
        A table of several lines.

    Raises:
        ObjectiveError: If the objective cannot be loaded or does not tell.
    """
    method = static_member(objective, "describe")
    if method is None:
        raise ObjectiveError(
            f"objective: {objective} must have describe(params, **settings) for its layers "
            "to be shown, it has none"
        )
    return str(_call(method, dict(params), **settings))


def _call(method: Callable[..., Any], *args: object, **settings: object) -> Any:
    try:
        return method(*args, **settings)
    except Exception as error:  # noqa: BLE001  it is the user's code
        lines = str(error).strip().splitlines() or ["no message"]
        told = lines if getattr(error, "fatal", False) else lines[:1]
        raise ObjectiveError("objective: " + "\n".join(told)) from error
