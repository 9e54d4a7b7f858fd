"""The modules of a user that travel with a run to nodes that lack them: Python files, no data."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

_MOST_BYTES = 10 * 1024**2
_MOST_FILES = 2_000
_LEFT_OUT = {"__pycache__", "node_modules", "site-packages", "studies"}


class TooMuchError(Exception):
    """There are more Python files than can be modules of an objective."""


def copy_modules(folders: Sequence[str], target: Path) -> int:
    """Copy the Python files below some folders, those of the first one first.

    Args:
        folders: Where objectives may lie.
        target: A folder, in which each file has its place relative to its own.

    Returns:
        How many files there are.

    Raises:
        TooMuchError: If they are more, or larger, than modules are.
    """
    n_files = n_bytes = 0
    for folder in map(Path, dict.fromkeys(folders)):
        for path in _python_files(folder):
            copy = target / path.relative_to(folder)
            if copy.exists():
                continue
            n_files += 1
            n_bytes += path.stat().st_size
            if n_files > _MOST_FILES or n_bytes > _MOST_BYTES:
                raise TooMuchError(f"more than {_MOST_FILES:,} Python files or 10 MB")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return n_files


def _python_files(folder: Path) -> Iterator[Path]:
    """Walk a folder, but not where packages are installed, nor through too many folders."""
    for n_folders, (place, folders, files) in enumerate(os.walk(folder)):
        if n_folders > _MOST_FILES:
            raise TooMuchError(f"more than {_MOST_FILES:,} folders")
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _LEFT_OUT
            and not Path(place, name, "pyvenv.cfg").exists()
        )
        yield from (Path(place, name) for name in sorted(files) if name.endswith(".py"))
