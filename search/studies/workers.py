"""Which process runs which trial: a small file for each running trial, for whoever watches.

The worker writes it where it shares the study's folder, and takes it away with the trial; the
driver takes away what killed ones left. Nothing is decided by these files.
"""

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from search.studies.folder import SPACE_FILE

_FOLDER = ".workers"


@dataclass(frozen=True)
class Worker:
    """A process that runs a trial.

    Args:
        trial: The trial's number.
        pid: The number of the process.
        host: The machine it is on.
    """

    trial: int
    pid: int
    host: str

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        return self.host == socket.gethostname()


@contextmanager
def announced(study: Path, trial: int) -> Iterator[None]:
    """Say for as long as a block lasts that this process runs a trial of a study, by its folder.

    Where the folder is not shared, or cannot be written, nobody is told.
    """
    file = study / _FOLDER / f"{trial}.json"
    if not (study / SPACE_FILE).is_file():
        yield
        return
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(asdict(Worker(trial, os.getpid(), socket.gethostname()))))
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def read_workers(study: Path) -> list[Worker]:
    """Read which processes run the trials of a study, by its folder, in the trials' order."""
    found = []
    for file in (study / _FOLDER).glob("*.json"):
        with suppress(OSError, ValueError, TypeError):  # gone, or being written this very moment
            found.append(Worker(**json.loads(file.read_text())))
    return sorted(found, key=lambda worker: worker.trial)


def forget_workers(study: Path) -> None:
    """Take away what workers said; only the driver may call it."""
    shutil.rmtree(study / _FOLDER, ignore_errors=True)
