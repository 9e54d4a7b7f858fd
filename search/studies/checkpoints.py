"""Checkpoints: what is in one, and which of a study are there.

A worker writes `last.pt` after each epoch. The driver marks the best epoch and removes what
is not needed any more: kept are those of unfinished trials and of the best ones.

A checkpoint is one file, written by torch and read with `weights_only=True`, so reading one
executes nothing. torch is imported only when there is a state to save or load: the file is a zip,
and the predictions are a member of it beside torch's own, which is read without torch.
"""

import io
import pickle
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from search.errors import StudyError
from search.spaces.spec import Spec
from search.studies.checkpoint_store import (
    CheckpointStore,
    StoreError,
    below,
    open_store,
    shown_location,
)
from search.studies.folder import TRIALS, trial_name
from search.studies.predictions import Predictions, pack_predictions, unpack_predictions
from search.studies.trials import Epoch

LAST_CHECKPOINT = "last.pt"
"""The newest epoch of a trial that has not ended."""
BEST_CHECKPOINT = "best.pt"
"""The best epoch of a trial."""

_PREDICTIONS = "archive/predictions.npz"
"""Their member of the zip; torch wants all to lie in one folder of it, which it calls so."""

Keep = int | Literal["all", "none"]
"""Of how many complete trials the best epoch is kept."""


@dataclass(frozen=True)
class Checkpoint:
    """A trial after one of its epochs: all that another process needs to go on with it.

    Args:
        epoch: That epoch, as it was reported.
        objective: The objective's `state_dict()`.
        generators: The state of every random generator.
    """

    epoch: Epoch
    objective: Mapping[str, Any]
    generators: dict[str, Any]


def save_checkpoint(
    store: CheckpointStore,
    name: str,
    checkpoint: Checkpoint,
    predictions: Predictions | None = None,
) -> None:
    """Write a checkpoint; at any moment the file is the old one or the new one, whole."""
    import torch

    # By the names that stand in the checkpoints of every version.
    epoch = asdict(checkpoint.epoch)
    content = {
        "report": {"epoch": epoch.pop("number"), **epoch},
        "objective": dict(checkpoint.objective),
        "generators": checkpoint.generators,
    }
    file = io.BytesIO()
    torch.save(content, file)
    if predictions is not None:
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(_PREDICTIONS, pack_predictions(predictions))
    store.write(name, file.getbuffer())


def load_checkpoint(store: CheckpointStore, name: str) -> Checkpoint | None:
    """Read a checkpoint onto the CPU; None if there is none, or only a damaged one."""
    file = store.read(name)
    if file is None:
        return None
    import torch

    try:
        content = torch.load(io.BytesIO(file), map_location="cpu", weights_only=True)
        report = dict(content["report"])
        epoch = Epoch(number=report.pop("epoch"), **report)
        return Checkpoint(epoch, content["objective"], content["generators"])
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, EOFError):
        return None
    except pickle.UnpicklingError:
        return None


def load_predictions(store: CheckpointStore, name: str) -> Predictions | None:
    """Read the predictions in a checkpoint, and nothing else of it; None if there are none."""
    file = store.open(name)
    if file is None:
        return None
    try:
        with file, zipfile.ZipFile(file) as archive:
            return unpack_predictions(archive.read(_PREDICTIONS))
    except (zipfile.BadZipFile, LookupError, ValueError, EOFError):
        return None


def checkpoint_name(number: int, name: str) -> str:
    """Name a trial's `LAST_CHECKPOINT` or `BEST_CHECKPOINT` in its store: `0007/last.pt`."""
    return f"{trial_name(number)}/{name}"


def checkpoint_location(folder: Path, spec: Spec) -> str:
    """Name the place of a study's checkpoints, by default the folder of its trials' folders."""
    if spec.storage_path is None:
        return str(folder.resolve() / TRIALS)
    return below(spec.storage_path, spec.study)


def require_free_place(location: str) -> None:
    """Refuse a place for checkpoints that holds another study's or cannot be written."""
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
            f"storage_path: {shown_location(location)} must be empty for a new study, got "
            f"{len(taken)} checkpoints of another one; give another name by `--name NAME`"
        )


class Checkpoints:
    """The checkpoints of a study.

    Args:
        location: Where they lie, as `search.studies.checkpoint_store` takes it.
        keep: How many complete trials keep theirs.
        named: Tells which trials keep theirs beside these, as a user named them.
    """

    def __init__(
        self, location: str, keep: Keep, named: Callable[[], Collection[int]] = tuple
    ) -> None:
        self.location = location
        self.store = open_store(location)
        self._keep = keep
        self._named = named
        self._n_kept = None if keep == "all" else 0 if keep == "none" else keep

    def require_disk(self, number: int, n_workers: int, n_trials: int) -> None:
        """Refuse to go on without room for the checkpoints of that many trials.

        They are taken to be of the size of the given trial's, if it saved any; a running trial
        holds its newest and its best one.
        """
        n_bytes = self.store.size(checkpoint_name(number, LAST_CHECKPOINT))
        if n_bytes is None:
            return
        n_kept = n_trials if self._n_kept is None else min(self._n_kept, n_trials)
        purpose = f"checkpoints (keep: {self._keep})"
        self.store.require_disk(n_bytes * (2 * n_workers + n_kept), purpose)

    def has_last(self, number: int) -> bool:
        """Tell whether there is a checkpoint that a trial can go on from."""
        return self.store.size(checkpoint_name(number, LAST_CHECKPOINT)) is not None

    def mark_best(self, number: int) -> None:
        """Keep a running trial's newest checkpoint, if it saves any, as its best one."""
        last = checkpoint_name(number, LAST_CHECKPOINT)
        if self._n_kept != 0 and self.store.size(last) is not None:
            self.store.copy(last, checkpoint_name(number, BEST_CHECKPOINT))

    def predictions(self, numbers: Iterable[int]) -> Iterator[tuple[int, Predictions]]:
        """Read the predictions of those of some trials that keep a `best.pt` with some."""
        there = set(self.store.names())
        for number in numbers:
            name = checkpoint_name(number, BEST_CHECKPOINT)
            found = load_predictions(self.store, name) if name in there else None
            if found is not None:
                yield number, found

    def drop(self, number: int) -> None:
        """Remove the checkpoints of a trial that ended without completing."""
        for name in (LAST_CHECKPOINT, BEST_CHECKPOINT):
            self.store.delete(checkpoint_name(number, name))

    def keep_best(self, ended: int, completed: Sequence[int]) -> None:
        """Remove what a trial that has just completed, best first, and the overtaken ones held."""
        self.store.delete(checkpoint_name(ended, LAST_CHECKPOINT))
        ranked = _without(completed, self._named())
        if self._n_kept is not None and len(ranked) > self._n_kept and ended in ranked:
            overtaken = ranked[self._n_kept]
            place = ranked.index(ended)
            unwanted = ended if place > self._n_kept else overtaken
            self.store.delete(checkpoint_name(unwanted, BEST_CHECKPOINT))

    def sweep(self, unfinished: Collection[int], completed: Sequence[int]) -> None:
        """Remove what a driver that was killed left behind; `completed` is best first."""
        named = self._named()
        kept = {*named, *_without(completed, named)[: self._n_kept]}
        for path in self.store.names():
            trial, _, name = path.partition("/")
            number = int(trial)
            if number not in unfinished and (name == LAST_CHECKPOINT or number not in kept):
                self.store.delete(path)


def _without(numbers: Sequence[int], others: Collection[int]) -> list[int]:
    return [number for number in numbers if number not in others]
