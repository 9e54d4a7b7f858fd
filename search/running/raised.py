"""What an objective has raised, as the failure of its trial: any exception, whatever its text."""

import traceback

from search.objective.command import ScriptError
from search.studies.checkpoint_store import StoreError
from search.studies.trials import Failure, FailureKind

MAX_REASON = 300
"""Characters of a reason; more would fill tables."""
MAX_TRACEBACK = 20_000
"""Characters of a traceback that are kept: its beginning and its end."""


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
    """Write the first line of what an exception says, shortened, of characters that exist."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  it is the user's class
        return "its text cannot be told"
    line, *_ = text.strip()[: MAX_REASON + 1].splitlines() or ["no message"]
    return _plain(line if len(line) <= MAX_REASON else f"{line[:MAX_REASON]} …")


def _traceback(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001  it words the user's classes
        text = "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
    if len(text) > MAX_TRACEBACK:
        text = f"{text[: MAX_TRACEBACK // 2]} … {text[-MAX_TRACEBACK // 2 :]}"
    return _plain(text)


def _plain(text: str) -> str:
    """Write characters that no file can hold, as half a surrogate pair, by their numbers."""
    return text.encode("utf-8", "backslashreplace").decode()
