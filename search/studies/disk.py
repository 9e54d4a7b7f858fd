"""Whether the disk has room for what a run will write, and files that are written whole."""

import contextlib
import shutil
from pathlib import Path

from search.errors import StudyError

TRIAL_BYTES = 20_000
"""What a trial leaves behind in the record and in its history, at most."""


def require_space(folder: Path, n_bytes: float, purpose: str) -> None:
    """Refuse to begin what the disk cannot hold.

    Args:
        folder: Where it will be written; it exists.
        n_bytes: How much.
        purpose: What for, in words.

    Raises:
        StudyError: If less is free.
    """
    n_free = shutil.disk_usage(folder).free
    if n_free < n_bytes:
        raise StudyError(
            f"{folder}: {_size(n_bytes)} must be free for {purpose}, got {_size(n_free)}"
        )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; one that was there is replaced.

    Args:
        path: The file.
        content: What to write.

    Raises:
        StudyError: If it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise StudyError(f"{path}: the file must be writable, got {error}") from None


def _size(n_bytes: float) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes / 1e3:.0f} kB"
