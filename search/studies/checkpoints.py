"""Which checkpoints of a study are there: those of unfinished trials and of the best ones.

A worker writes `last.pt` after each epoch. The driver marks the best epoch and removes what
is not needed any more.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Literal

from search.studies.checkpoint_store import open_store

LAST_CHECKPOINT = "last.pt"
"""The newest epoch of a trial that has not ended."""
BEST_CHECKPOINT = "best.pt"
"""The best epoch of a trial."""

Keep = int | Literal["all", "none"]
"""Of how many complete trials the best epoch is kept."""


def trial_name(number: int) -> str:
    """Name the folder of a trial.

    Args:
        number: The trial.

    Returns:
        For instance `0007`.
    """
    return f"{number:04d}"


def checkpoint_name(number: int, name: str) -> str:
    """Name a checkpoint in its store.

    Args:
        number: The trial.
        name: `LAST_CHECKPOINT` or `BEST_CHECKPOINT`.

    Returns:
        For instance `0007/last.pt`.
    """
    return f"{trial_name(number)}/{name}"


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

    def require_space(self, number: int, n_workers: int, n_trials: int) -> None:
        """Refuse to go on if there is no room for the checkpoints to come.

        Args:
            number: A trial that may have saved one; the others are taken to be of its size.
            n_workers: Trials at the same time; each holds its newest and its best one.
            n_trials: Trials in all.

        Raises:
            StudyError: If less is free.
        """
        n_bytes = self.store.size(checkpoint_name(number, LAST_CHECKPOINT))
        if n_bytes is None:
            return
        n_kept = n_trials if self._n_kept is None else min(self._n_kept, n_trials)
        purpose = f"checkpoints (keep: {self._keep})"
        self.store.require_space(n_bytes * (2 * n_workers + n_kept), purpose)

    def mark_best(self, number: int) -> None:
        """Keep a running trial's newest checkpoint as its best one.

        Args:
            number: The trial; nothing happens if it saves no checkpoints.
        """
        last = checkpoint_name(number, LAST_CHECKPOINT)
        if self._n_kept != 0 and self.store.size(last) is not None:
            self.store.copy(last, checkpoint_name(number, BEST_CHECKPOINT))

    def drop(self, number: int) -> None:
        """Remove the checkpoints of a trial that ended and was not the best.

        Args:
            number: The trial.
        """
        for name in (LAST_CHECKPOINT, BEST_CHECKPOINT):
            self.store.delete(checkpoint_name(number, name))

    def keep_best(self, ended: int, completed: Sequence[int]) -> None:
        """Remove what a completed trial and those it has overtaken need no more.

        Args:
            ended: The trial that has just completed.
            completed: All completed trials, best first.
        """
        self.store.delete(checkpoint_name(ended, LAST_CHECKPOINT))
        ranked = _without(completed, self._named())
        if self._n_kept is not None and len(ranked) > self._n_kept and ended in ranked:
            overtaken = ranked[self._n_kept]
            place = ranked.index(ended)
            unwanted = ended if place > self._n_kept else overtaken
            self.store.delete(checkpoint_name(unwanted, BEST_CHECKPOINT))

    def sweep(self, unfinished: Collection[int], completed: Sequence[int]) -> None:
        """Remove what a driver that was killed had no time to remove.

        Args:
            unfinished: The trials that will go on.
            completed: All completed trials, best first.
        """
        named = self._named()
        kept = {*named, *_without(completed, named)[: self._n_kept]}
        for path in self.store.names():
            trial, _, name = path.partition("/")
            number = int(trial)
            if number not in unfinished and (name == LAST_CHECKPOINT or number not in kept):
                self.store.delete(path)


def _without(numbers: Sequence[int], others: Collection[int]) -> list[int]:
    return [number for number in numbers if number not in others]
