"""The worst classified images of a trial as files beside its history: `worst/INDEX.png`.

They are for people; the record says which images these are, and stands without the files.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from search.errors import StudyError
from search.studies.disk import write_whole

WORST = "worst"
"""The folder, in that of a trial."""


def write_pictures(trial_folder: Path, pictures: Mapping[int, bytes]) -> None:
    """Write pictures in place of those that were there.

    Args:
        trial_folder: The trial's folder.
        pictures: PNG files by index in the test split; none leaves no folder.

    Raises:
        StudyError: If they cannot be written.
    """
    folder = trial_folder / WORST
    try:
        if folder.exists():
            shutil.rmtree(folder)
        if pictures:
            folder.mkdir(parents=True)
    except OSError as error:
        raise StudyError(f"{folder}: the folder must be writable, got {error}") from None
    for index, picture in pictures.items():
        write_whole(folder / f"{index}.png", picture)


def read_picture(trial_folder: Path, index: int) -> bytes | None:
    """Read the picture of an image.

    Args:
        trial_folder: The trial's folder.
        index: Its place in the test split.

    Returns:
        A PNG file; None if there is none.
    """
    try:
        return (trial_folder / WORST / f"{index}.png").read_bytes()
    except OSError:
        return None
