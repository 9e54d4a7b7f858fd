"""What an objective has raised, as the failure of its trial: any exception, whatever its text."""

import traceback

from search.objective.command import ScriptError
from search.studies.checkpoint_store import StoreError
from search.studies.trials import Failure, FailureKind
from search.text import shortened

MAX_REASON, MAX_TRACEBACK = 1_000, 100_000
"""Characters that are recorded of an exception; some carry a whole batch."""


class NonFiniteError(Exception):
    """An epoch with a metric that is infinite or no number."""


def failure_of(error: BaseException) -> Failure:
    """Tell what kind of failure an exception is, with a reason of one line and a traceback."""
    if isinstance(error, StoreError):  # not the trial's fault
        return Failure("interrupted", str(error), fatal=True)
    reason = text_of(error)
    if isinstance(error, NonFiniteError):
        return Failure("non_finite", reason)
    if getattr(error, "infeasible", False):
        return Failure("infeasible", reason)
    if getattr(error, "fatal", False):
        return Failure("error", reason, _traceback(error), fatal=True)
    out_of_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    kind: FailureKind = "out_of_memory" if out_of_memory else "error"
    if isinstance(error, ScriptError):  # where this process was says nothing
        return Failure(kind, reason, error.details)
    return Failure(kind, f"{type(error).__name__}: {reason}", _traceback(error))


def text_of(error: BaseException) -> str:
    """Write the first line of what an exception says."""
    return _recordable(error, MAX_REASON).strip().partition("\n")[0] or "no message"


def _traceback(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001  it words the user's classes
        text = "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
    return _recordable(text, MAX_TRACEBACK)


def _recordable(told: object, most: int) -> str:
    """Write what an objective raised in a length, and in characters, that a file can hold."""
    try:
        text = str(told)
    except Exception as error:  # noqa: BLE001  it is the user's code, too
        text = f"a message that cannot be written ({type(error).__name__})"
    return shortened(text, most).encode(errors="backslashreplace").decode()
