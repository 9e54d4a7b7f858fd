"""The folder of a study: what lies in it, and what is written at the head of its space file."""

import os
import platform
import shlex
import sys
from datetime import datetime
from importlib import metadata
from pathlib import Path

from search.errors import StudyError
from search.spaces.spec import Spec
from search.studies.checkpoint_store import StoreError, below, open_store, shown_location
from search.studies.checkpoints import trial_name
from search.studies.hints import study_command
from search.text import did_you_mean

SPACE_FILE = "space.yaml"
ERROR_FILE = "error.txt"
"""In a trial's folder: what its failure looked like."""
_TRIALS = "trials"
_VERSIONED = ["search", "torch", "torchvision", "optuna", "ray", "scikit-learn", "numpy"]


def make_study_folder(spec: Spec, studies: Path) -> Path:
    """Make the folder of a new study.

    Args:
        spec: Its search; `spec.study` names the folder.
        studies: The folder of all studies; made if it is missing.

    Returns:
        The folder, empty.

    Raises:
        StudyError: If it exists already or cannot be written.
    """
    folder = studies / spec.study
    try:
        folder.mkdir(parents=True, exist_ok=False)
    except FileExistsError:
        raise StudyError(
            f"{folder}: a new study needs a free name, this one exists; "
            f"go on with it by `{study_command(folder, 'resume')}`, or start another by "
            "`--name NAME`"
        ) from None
    except OSError as error:
        raise StudyError(f"{folder}: the folder must be writable, got {error}") from None
    return folder


def find_study_folder(name: str, studies: Path) -> Path:
    """Find the folder of a study that exists.

    Args:
        name: The study's name, or the path of its folder.
        studies: The folder of all studies.

    Returns:
        The folder.

    Raises:
        StudyError: If there is none.
    """
    for folder in (studies / name, Path(name)):
        if (folder / SPACE_FILE).exists():
            # The name of `.` or `..` is that of the folder it stands for.
            return folder if folder.name.strip(".") else folder.resolve()
    names = study_names(studies)
    known = f"there are {', '.join(names)}" if names else "there is none"
    raise StudyError(
        f"{studies / name}: a study must exist{did_you_mean(name, names)}; in {studies} {known}"
    )


def study_names(studies: Path) -> list[str]:
    """List the studies in a folder.

    Args:
        studies: The folder of all studies; it may be missing.

    Returns:
        Their names, sorted.
    """
    if not studies.is_dir():
        return []
    return sorted(path.parent.name for path in studies.glob(f"*/{SPACE_FILE}"))


def trial_folder(study: Path, number: int) -> Path:
    """Name the folder of a trial.

    Args:
        study: The study's folder.
        number: The trial.

    Returns:
        A path that exists once the trial has something to keep.
    """
    return study / _TRIALS / trial_name(number)


def space_file_name(version: int) -> str:
    """Name the file of a version of a study's space.

    Args:
        version: From 1.

    Returns:
        For instance `space.yaml` or `space.2.yaml`.
    """
    return SPACE_FILE if version == 1 else f"space.{version}.yaml"


def checkpoint_location(folder: Path, spec: Spec) -> str:
    """Name the place of a study's checkpoints.

    Args:
        folder: The study's folder.
        spec: Its search.

    Returns:
        By default the folder of its trials' folders.
    """
    if spec.storage_path is None:
        return str(folder.resolve() / _TRIALS)
    return below(spec.storage_path, spec.study)


def require_free_place(location: str) -> None:
    """Refuse a place for checkpoints that holds another study's or cannot be written.

    Args:
        location: The place, as `search.studies.checkpoint_store` takes it.

    Raises:
        StudyError: If it is of no use.
    """
    store = open_store(location)
    try:
        taken = store.names()
        store.write("0000/probe", b"")
        store.delete("0000/probe")
    except StoreError as error:
        raise StudyError(
            f"storage_path: {shown_location(location)} must be writable, got {error.strerror}"
        ) from None
    if taken:
        raise StudyError(
            f"storage_path: {shown_location(location)} must be free for a new study, it holds "
            f"{len(taken)} checkpoints of another one; give another name by `--name NAME`"
        )


def provenance() -> list[str]:
    """Say by what command and with which versions a study was made.

    Returns:
        Lines for the head of a space file.
    """
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
    """Read what `provenance` wrote at the head of a space file.

    Args:
        space_file: The file.

    Returns:
        Time, command, versions and machine by name; files of earlier versions lack the last.
    """
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
