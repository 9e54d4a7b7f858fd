"""Where the studies of a notebook lie."""

import os
from pathlib import Path

Folder = str | Path | None
"""The folder of all studies; None stands for `$SEARCH_STUDIES`, else for `studies`."""


def studies_folder(studies: Folder) -> Path:
    """Find the folder of all studies.

    Args:
        studies: What was given.

    Returns:
        That, or the usual one.
    """
    return Path(studies or os.environ.get("SEARCH_STUDIES") or "studies")
