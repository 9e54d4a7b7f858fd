"""Whether the disk has room for what a run will write."""

import shutil
from pathlib import Path

from search.errors import StudyError

TRIAL_BYTES = 20_000
"""What a trial of some tens of epochs leaves behind in the storage, at most."""


def require_disk(folder: Path, n_bytes: float, purpose: str) -> None:
    """Refuse to begin what the disk of an existing folder cannot hold."""
    n_free = shutil.disk_usage(folder).free
    if n_free < n_bytes:
        raise StudyError(
            f"{folder}: {_size(n_bytes)} must be free for {purpose}, got {_size(n_free)}"
        )


def _size(n_bytes: float) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes / 1e3:.0f} kB"
