"""Which checkpoints of a study lie on disk: those of unfinished trials and of the best ones.

A worker writes `last.pt` after each epoch. The driver marks the best epoch and removes what
is not needed any more.
"""

import contextlib
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

LAST = "last.pt"
"""The newest epoch of a trial that has not ended."""
BEST = "best.pt"
"""The best epoch of a trial."""

Keep = int | Literal["all", "none"]
"""Of how many complete trials the best epoch is kept."""


def trial_folder(study: Path, number: int) -> Path:
    """Name the folder of a trial.

    Args:
        study: The study's folder.
        number: The trial.

    Returns:
        A path that exists once the trial has something to keep.
    """
    return study / "trials" / f"{number:04d}"


class Checkpoints:
    """The checkpoints of a study.

    Args:
        study: The study's folder.
        keep: How many complete trials keep theirs.
    """

    def __init__(self, study: Path, keep: Keep) -> None:
        self._study = study
        self._n_kept = None if keep == "all" else 0 if keep == "none" else keep

    def n_bytes_needed(self, number: int, n_workers: int, n_trials: int) -> int:
        """Estimate what checkpoints will take from the first one.

        Args:
            number: A trial that has saved one.
            n_workers: Trials at the same time; each holds its newest and its best one.
            n_trials: Trials in all.

        Returns:
            Bytes; 0 for a trial that saves none.
        """
        path = trial_folder(self._study, number) / LAST
        if not path.exists():
            return 0
        n_kept = n_trials if self._n_kept is None else min(self._n_kept, n_trials)
        return path.stat().st_size * (2 * n_workers + n_kept)

    def mark_best(self, number: int) -> None:
        """Keep a running trial's newest checkpoint as its best one.

        Args:
            number: The trial; nothing happens if it saves no checkpoints.
        """
        folder = trial_folder(self._study, number)
        if self._n_kept == 0 or not (folder / LAST).exists():
            return
        # A second name for the same file: the next epoch replaces the first name only.
        unfinished = folder / "best.unfinished"
        unfinished.unlink(missing_ok=True)
        os.link(folder / LAST, unfinished)
        os.replace(unfinished, folder / BEST)

    def drop(self, number: int) -> None:
        """Remove the checkpoints of a trial that ended and was not the best.

        Args:
            number: The trial.
        """
        for name in (LAST, BEST):
            self._remove(number, name)

    def keep_best(self, ended: int, completed: Sequence[int]) -> None:
        """Remove what a completed trial and those it has overtaken need no more.

        Args:
            ended: The trial that has just completed.
            completed: All completed trials, best first.
        """
        self._remove(ended, LAST)
        if self._n_kept is not None and len(completed) > self._n_kept:
            overtaken = completed[self._n_kept]
            place = completed.index(ended)
            self._remove(ended if place > self._n_kept else overtaken, BEST)

    def sweep(self, unfinished: Collection[int], completed: Sequence[int]) -> None:
        """Remove what a driver that was killed had no time to remove.

        Args:
            unfinished: The trials that will go on.
            completed: All completed trials, best first.
        """
        kept = completed if self._n_kept is None else completed[: self._n_kept]
        for path in (self._study / "trials").glob("*/*.pt"):
            number = int(path.parent.name)
            if number not in unfinished and (path.name == LAST or number not in kept):
                self._remove(number, path.name)

    def _remove(self, number: int, name: str) -> None:
        folder = trial_folder(self._study, number)
        (folder / name).unlink(missing_ok=True)
        if name == LAST:
            (folder / LAST).with_suffix(".unfinished").unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it holds other files
            folder.rmdir()
