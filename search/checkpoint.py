"""A checkpoint: all that another process needs to go on with a trial, in one file.

It is written by torch and read with `weights_only=True`, so reading one executes nothing.
torch is imported here and nowhere else in this package, and only when there is a state to
save or load.
"""

import os
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from search.record import Report


@dataclass(frozen=True)
class Checkpoint:
    """A trial after one of its epochs.

    Args:
        report: That epoch, as it was reported.
        objective: The objective's `state_dict()`.
        generators: The state of every random generator.
    """

    report: Report
    objective: Mapping[str, Any]
    generators: dict[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; at any moment the file is the old one or the new one, whole.

    Args:
        path: Its file; the folder is made if it is missing.
        checkpoint: What to write.
    """
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    content = {
        "report": asdict(checkpoint.report),
        "objective": dict(checkpoint.objective),
        "generators": checkpoint.generators,
    }
    with unfinished.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def load_checkpoint(path: Path) -> Checkpoint | None:
    """Read a checkpoint.

    Args:
        path: Its file.

    Returns:
        The checkpoint, on the CPU; None if there is none that can be read.
    """
    import torch

    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        report = Report(**content["report"])
        return Checkpoint(report, content["objective"], content["generators"])
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, EOFError):
        return None
    except pickle.UnpicklingError:
        return None
