"""Commands about a study, as they are shown to users: each can be copied and works."""

import os
import shlex
from pathlib import Path

STUDIES = Path("studies")
"""The folder of all studies, if neither a flag nor `$SEARCH_STUDIES` names another."""


def usual_studies() -> Path:
    """Find the folder of all studies that a command without `--studies` looks into.

    Returns:
        What `$SEARCH_STUDIES` says, else `STUDIES`.
    """
    return Path(os.environ.get("SEARCH_STUDIES") or STUDIES)


def study_command(folder: Path, verb: str, *rest: object) -> str:
    """Write a command about a study.

    Args:
        folder: The study's folder; commands find it by the folder's name, whatever the space
            file calls the study.
        verb: What to do.
        *rest: Further arguments and flags.

    Returns:
        A line for the shell, with `--studies` where the study would not be found without.

    Example:
        >>> study_command(Path("got/my toy"), "show", 3)
        "search show 'my toy' 3 --studies got"
    """
    words = ["search", verb, folder.name, *map(str, rest)]
    if folder.parent.resolve() != usual_studies().resolve():
        words += ["--studies", str(folder.parent)]
    return shlex.join(words)
