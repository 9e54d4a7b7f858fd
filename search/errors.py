"""The errors a user can cause, each printed as one clear text without a traceback.

Form of a message: *where: what must hold, got name=value; what is valid*, in lower case
and without a full stop.
"""

import difflib
from collections.abc import Iterable, Sequence


class SearchError(Exception):
    """Something the user can put right; the message says where and how."""

    exit_code = 2


class SpaceError(SearchError):
    """A space file that does not hold; carries every problem found in it.

    Args:
        problems: One line each, `file:line:column: key: what must hold`.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class StudyError(SearchError):
    """A study that is missing, exists already or cannot be read."""


class ObjectiveError(SearchError):
    """An objective that cannot be loaded, given its settings or iterated.

    No trial can do better, so it ends the run. An objective that finds its own settings
    useless may raise any exception whose class has a true attribute `fatal`.
    """

    fatal = True


class NoTrialCompletedError(SearchError):
    """A run that ended without one COMPLETE trial."""

    exit_code = 3


class RepeatedFailureError(SearchError):
    """A run that ended because too many trials in a row failed."""

    exit_code = 3


class InterruptedRunError(SearchError):
    """A run that the user ended before its budget was spent."""

    exit_code = 130


class InfeasibleError(Exception):
    """Raise it in an objective when the parameters make no valid model.

    The trial is recorded as FAIL of the kind `infeasible`, without a traceback. An
    objective that must not import `search` may raise any exception whose class has a
    true attribute `infeasible`.
    """

    infeasible = True


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
