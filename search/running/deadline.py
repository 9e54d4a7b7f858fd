"""Ends a worker process that is stuck in an epoch."""

import faulthandler
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def ended_after(seconds: float | None, error_file: Path) -> Iterator[None]:
    """End this process, and say where it was, if a block of code takes too long.

    The clock runs outside the interpreter, so code that never returns to it is ended too.

    Args:
        seconds: How long it may take; None for ever.
        error_file: Where to write what every thread was doing; there only if that happens.

    Yields:
        Once, to the block.
    """
    if seconds is None:
        yield
        return
    with _opened(error_file) as file:
        faulthandler.dump_traceback_later(max(seconds, 0.001), exit=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def was_ended(error_file: Path) -> bool | None:
    """Tell whether a process that is gone was ended by `ended_after`.

    Args:
        error_file: What was given to it.

    Returns:
        None if that cannot be told, as the process wrote elsewhere.
    """
    try:
        return bool(error_file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


@contextmanager
def _opened(error_file: Path) -> Iterator[TextIO]:
    study = error_file.parent.parent.parent
    if not study.is_dir():  # a node that does not share the study's folder
        yield sys.stderr
        return
    error_file.parent.mkdir(parents=True, exist_ok=True)
    with error_file.open("w", encoding="utf-8") as file:
        yield file
    error_file.unlink()
