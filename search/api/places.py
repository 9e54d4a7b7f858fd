"""Where the studies of a notebook lie."""

from pathlib import Path

from search.studies.folder import usual_studies

Folder = str | Path | None
"""The folder of all studies; None stands for `$SEARCH_STUDIES`, else for `studies`."""


def studies_folder(studies: Folder) -> Path:
    """Find the folder of all studies.

    Args:
        studies: What was given.

    Returns:
        That, or the usual one.
    """
    return Path(studies) if studies else usual_studies()
