"""A checkpoint: all that another process needs to go on with a trial, in one file.

It is written by torch and read with `weights_only=True`, so reading one executes nothing.
torch is imported here and nowhere else in this package, and only when there is a state to
save or load.
"""

import io
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from search.studies.checkpoint_store import CheckpointStore
from search.studies.record import Report


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


def save_checkpoint(store: CheckpointStore, name: str, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; at any moment the file is the old one or the new one, whole.

    Args:
        store: Where checkpoints lie.
        name: Its file.
        checkpoint: What to write.

    Raises:
        StoreError: If it cannot be written.
    """
    import torch

    content = {
        "report": asdict(checkpoint.report),
        "objective": dict(checkpoint.objective),
        "generators": checkpoint.generators,
    }
    file = io.BytesIO()
    torch.save(content, file)
    store.write(name, file.getbuffer())


def load_checkpoint(store: CheckpointStore, name: str) -> Checkpoint | None:
    """Read a checkpoint.

    Args:
        store: Where checkpoints lie.
        name: Its file.

    Returns:
        The checkpoint, on the CPU; None if there is none, or only a damaged one.

    Raises:
        StoreError: If the place cannot be reached.
    """
    import torch

    file = store.read(name)
    if file is None:
        return None
    try:
        content = torch.load(io.BytesIO(file), map_location="cpu", weights_only=True)
        report = Report(**content["report"])
        return Checkpoint(report, content["objective"], content["generators"])
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, EOFError):
        return None
    except pickle.UnpicklingError:
        return None
