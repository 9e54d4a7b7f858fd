"""The folder of a study: its place, what lies in it, and the head of its space file.

The command line imports this module at its start, so it loads nothing heavy.
"""

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from search.errors import StudyError
from search.studies.durable import flush_folder, make_folder, unfinished, write_whole
from search.text import did_you_mean, listing

STUDIES = Path("studies")
"""The folder of all studies, if neither a flag nor `$SEARCH_STUDIES` names another."""
SPACE_FILE = "space.yaml"
ERROR_FILE = "error.txt"
"""In a trial's folder: what its failure looked like."""
TRIALS = "trials"
"""In a study's folder: the folders of its trials."""
LOCK_FILE = "lock"
JOURNAL_FILE, SQLITE_FILE = "study.journal", "study.db"
_REMAINS = {
    *(JOURNAL_FILE, SQLITE_FILE, f"{SQLITE_FILE}-journal", LOCK_FILE, TRIALS),
    unfinished(Path(SPACE_FILE)).name,
}
"""What a folder may hold that is not yet, or not any more, a study's."""
_WORST = {"test": "worst", "val": "worst_val"}
"""In a trial's folder, by split: its worst classified images as `INDEX.png`, for people."""
CLASSES_FILE = "classes.json"
"""In a trial's folder: names of the classes, as its objective told them for a report."""
_VERSIONED = ["search", "torch", "torchvision", "optuna", "ray", "scikit-learn", "numpy"]


def usual_studies() -> Path:
    """Name the folder of all studies that a command without `--studies` looks into."""
    return Path(os.environ.get("SEARCH_STUDIES") or STUDIES)


def study_command(folder: Path, verb: str, *rest: object) -> str:
    """Write a command about a study that can be copied into a shell and works.

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
    if not _are_usual(folder.parent):
        words += ["--studies", str(folder.parent)]
    return shlex.join(words)


def _are_usual(studies: Path) -> bool:
    """Tell whether commands look into a folder of studies without being told."""
    try:
        return studies.resolve() == usual_studies().resolve()
    except FileNotFoundError:  # the current folder is gone, as at the end of a job of Ray's
        return False


def make_study_folder(name: str, studies: Path) -> Path:
    """Make the folder of a new study, and the folder of all studies if it is missing."""
    folder = studies / name
    try:
        make_folder(folder)
        found = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise StudyError(f"{folder}: the folder must be writable, got {error}") from None
    if SPACE_FILE in found:
        raise StudyError(
            f"{folder}: a study of this name exists; "
            f"go on with it by `{study_command(folder, 'resume')}`, or start another by "
            "`--name NAME`"
        )
    if found - _REMAINS:
        raise StudyError(
            f"{folder}: the folder of a new study must be empty, it holds "
            f"{listing(sorted(found))}; give another name by `--name NAME`"
        )
    return folder


def clear_remains(folder: Path) -> None:
    """Delete what a power cut left of a study that was not yet made, or almost removed."""
    for name in _REMAINS - {LOCK_FILE}:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)


def require_no_link(folder: Path) -> None:
    """Refuse to delete what a link leads to."""
    if folder.is_symlink():
        raise StudyError(
            f"{folder}: a study's folder must be no link to be deleted, got one to "
            f"{folder.resolve()}; delete that, or the link"
        )


def remove_study_folder(folder: Path) -> None:
    """Delete a study's folder; once its space file is gone, there is no study."""
    (folder / SPACE_FILE).unlink(missing_ok=True)
    flush_folder(folder)
    shutil.rmtree(folder)


def find_study_folder(name: str, studies: Path) -> Path:
    """Find the folder of a study that exists, by its name or its path."""
    for folder in (studies / name, Path(name)):
        if (folder / SPACE_FILE).exists():
            # The name of `.` or `..` is that of the folder it stands for.
            return folder if folder.name.strip(".") else folder.resolve()
    names = study_names(studies)
    known = f"there are {', '.join(names)}" if names else "there are none"
    raise StudyError(
        f"{studies / name}: there is no such study{did_you_mean(name, names)}; "
        f"in {studies} {known}"
    )


def study_names(studies: Path) -> list[str]:
    """List the studies in a folder, which may be missing, by name."""
    if not studies.is_dir():
        return []
    return sorted(path.parent.name for path in studies.glob(f"*/{SPACE_FILE}"))


def trial_name(number: int) -> str:
    """Name the folder of a trial, for instance `0007`."""
    return f"{number:04d}"


def trial_folder(study: Path, number: int) -> Path:
    """Name the folder of a trial; it exists once the trial has something to keep."""
    return study / TRIALS / trial_name(number)


def space_file_name(version: int) -> str:
    """Name the file of a version of a study's space: `space.yaml`, then `space.2.yaml`."""
    return SPACE_FILE if version == 1 else f"space.{version}.yaml"


def provenance() -> list[str]:
    """Say by what command and with which versions a study was made, as comments of its space."""
    from importlib import metadata

    versions = []
    for package in _VERSIONED:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    program = Path(sys.argv[0])
    # `python -m search` is the same command.
    name = "search" if program.parts[-2:] == ("search", "__main__.py") else program.name
    command = shlex.join([name, *sys.argv[1:]])
    return [
        f"Resolved on {datetime.now():%Y-%m-%d %H:%M:%S} by: {command}",
        f"With Python {sys.version.split()[0]}, {', '.join(versions)}",
        f"On {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    ]


def read_provenance(space_file: Path) -> dict[str, str]:
    """Read what `provenance` wrote: time, command, versions and, but in old files, machine."""
    facts: dict[str, str] = {}
    for line in space_file.read_text(encoding="utf-8").splitlines():
        match line.split(" ", 2):
            case ["#", "Resolved", rest]:
                facts["time"], _, facts["command"] = rest.removeprefix("on ").partition(" by: ")
            case ["#", "With", rest]:
                pairs = [package.partition(" ") for package in rest.split(", ")]
                facts |= {name: version for name, _, version in pairs}
            case ["#", "On", machine]:
                facts["machine"] = machine
            case _:
                break
    return facts


def write_pictures(trial_folder: Path, pictures: Mapping[int, bytes], split: str = "test") -> None:
    """Write PNG files of worst images, by index in a split, in place of earlier ones."""
    folder = trial_folder / _WORST[split]
    try:
        if folder.exists():
            shutil.rmtree(folder)
        if pictures:
            make_folder(folder)
    except OSError as error:
        raise StudyError(f"{folder}: the folder must be writable, got {error}") from None
    for index, picture in pictures.items():
        write_whole(folder / f"{index}.png", picture)


def read_worst_picture(trial_folder: Path, index: int, split: str = "test") -> bytes | None:
    """Read the PNG file of a worst image, if there is one."""
    try:
        return (trial_folder / _WORST[split] / f"{index}.png").read_bytes()
    except OSError:
        return None
