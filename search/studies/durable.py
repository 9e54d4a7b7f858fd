"""Writes that a power cut cannot undo or tear: whatever lies in a study's folder is written here.

A power cut takes what has not been flushed, in any order: the bytes of a file and, apart from
them, its entry in a folder (Pillai et al., OSDI 2014, section 3). So a file is written under
another name, flushed and then given its own, and the folder is flushed after it.

In a study a checkpoint is durable before the storage speaks of its epoch, the storage before
anything is derived from it, and the space file last: a study exists once it has one.
"""

import contextlib
import os
from pathlib import Path

from search.errors import StudyError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all, and say so where that fails.

    Args:
        path: The file; one that is there is replaced.
        content: What it is to hold.

    Raises:
        StudyError: If it cannot be written.
    """
    try:
        write_durably(path, content)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished(path).unlink(missing_ok=True)
        raise StudyError(f"{path}: the file must be writable, got {error}") from None


def write_durably(path: Path, content: bytes | memoryview) -> None:
    """Write a file; from the return on it is there, until then what was there before is."""
    beside = unfinished(path)
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    flush_folder(path.parent)


def link_durably(source: Path, target: Path) -> None:
    """Give a file a second name, in place of what had that name."""
    beside = unfinished(target)
    beside.unlink(missing_ok=True)
    os.link(source, beside)
    beside.replace(target)
    flush_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those that it lies in; one that is there stays as it is."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in reversed(missing):
        flush_folder(place.parent)


def flush_folder(folder: Path) -> None:
    """Make durable which names a folder holds."""
    with contextlib.suppress(PermissionError):  # one that may be written but not read
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def unfinished(path: Path) -> Path:
    """Name the file that becomes another one once it is whole."""
    return path.with_name(f".{path.name}.unfinished")
