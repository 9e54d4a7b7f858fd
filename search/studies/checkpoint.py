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
from search.studies.trials import Epoch


@dataclass(frozen=True)
class Checkpoint:
    """A trial after one of its epochs.

    Args:
        epoch: That epoch, as it was reported.
        objective: The objective's `state_dict()`.
        generators: The state of every random generator.
    """

    epoch: Epoch
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
        "report": _on_disk(checkpoint.epoch),
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
        epoch = _from_disk(content["report"])
        return Checkpoint(epoch, content["objective"], content["generators"])
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, EOFError):
        return None
    except pickle.UnpicklingError:
        return None


def _on_disk(epoch: Epoch) -> dict[str, Any]:
    """Write an epoch by the names that stand in the checkpoints of every version."""
    plain = asdict(epoch)
    return {"epoch": plain.pop("number"), **plain}


def _from_disk(plain: dict[str, Any]) -> Epoch:
    return Epoch(number=plain["epoch"], **{k: v for k, v in plain.items() if k != "epoch"})
