"""The errors a user can cause, each printed as one clear text without a traceback.

Form of a message: *where: what must hold, got name=value; what is valid*, in lower case
and without a full stop.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class SearchError(Exception):
    """Something the user can put right; the message says where and how."""

    exit_code = 2


class MissingExtraError(SearchError):
    """An optional package that is not installed.

    Args:
        extra: The extra that brings it.
        error: What importing it raised.
        where: What needs it.
    """

    def __init__(self, extra: str, error: ModuleNotFoundError, where: str = "") -> None:
        super().__init__(
            f"{where and where + ': '}the package {error.name} must be installed, by the extra "
            f"{extra!r}: pip install 'search[{extra}]'"
        )


@dataclass(frozen=True)
class Mistake:
    """One mistake in a space file, written as `file:line:column: key: what must hold`.

    Args:
        text: What must hold.
        where: The file, or how else the user gave what is wrong; empty if nothing tells.
        line: From 1; None where there is no file.
        column: Likewise.
        key: The dotted key; empty for the whole.
    """

    text: str
    where: str = ""
    line: int | None = None
    column: int | None = None
    key: str = ""

    def __str__(self) -> str:
        """Write it for people."""
        place = self.where if self.line is None else f"{self.where}:{self.line}:{self.column}"
        return ": ".join(part for part in (place, self.key, self.text) if part)


class SpaceError(SearchError):
    """A space file that does not hold; carries every problem found in it.

    Args:
        mistakes: All of them; a text alone is what must hold.
    """

    def __init__(self, mistakes: Sequence[Mistake | str]) -> None:
        self.mistakes = tuple(
            one if isinstance(one, Mistake) else Mistake(one) for one in mistakes
        )
        self.problems = tuple(map(str, self.mistakes))
        super().__init__("\n".join(self.problems))


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


class Interrupt(KeyboardInterrupt):
    """A real Ctrl-C, as the handler of it raises; any code may raise a KeyboardInterrupt."""


class InfeasibleError(Exception):
    """Raise it in an objective when the parameters make no valid model.

    The trial is recorded as FAIL of the kind `infeasible`, without a traceback. An
    objective that must not import `search` may raise any exception whose class has a
    true attribute `infeasible`.
    """

    infeasible = True
