"""What a tracker is, which there are, and how one of a user is loaded.

A tracker writes trials for a viewer of other people, beside the study's own storage.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from optuna.trial import FrozenTrial

from search.errors import MissingExtraError, SearchError
from search.objective.contract import Metrics
from search.objective.loading import extend_import_path
from search.studies.reader import StudyReader
from search.studies.trials import Trial, read_history
from search.text import did_you_mean, listing

_NO_METRICS = {"epoch", "seconds"}
"""What stands beside the metrics in a trial's history."""


@dataclass(frozen=True)
class TrackedTrial:
    """A trial as its tracker needs it.

    Args:
        trial: What the study holds of it.
        identity: A name that no other trial of any study has.
        stored: The same in the storage.
        folder: The trial's folder.
    """

    trial: Trial
    identity: str
    stored: FrozenTrial
    folder: Path

    def epochs(self) -> list[tuple[int, Metrics]]:
        """Read number and metrics of each epoch that is recorded, in order."""
        return [
            (int(row["epoch"] or 0), {k: v for k, v in row.items() if k not in _NO_METRICS})
            for row in read_history(self.stored, self.folder)
        ]


class Tracker(Protocol):
    """Writes trials for one viewer.

    A space file names it under `trackers`: one of `TRACKERS`, or `package.module:name` of a
    class or function that is called with the study (a `StudyReader`) and gives a tracker. It is
    made and called in one thread of the driver's process, apart from the run, so it may be
    slow. Whatever it raises ends its part in this session, with one warning, and nothing else;
    the next session is told again of every trial that `knows` denies.

    One that has a method `evaluated(tracked)` is also told of trials that `search evaluate` has
    evaluated, whose `trial.test` holds the test metrics; no session runs then.
    """

    def knows(self, tracked: TrackedTrial) -> bool:
        """Tell whether all of a trial that ended in an earlier session is written.

        Args:
            tracked: A trial that has ended.

        Returns:
            False to be told of it by `begin` and `end`.
        """
        ...

    def begin(self, tracked: TrackedTrial) -> None:
        """Open a trial and write the epochs that it has.

        Args:
            tracked: The trial; called again for one that is open, it must do nothing.
        """
        ...

    def epoch(self, number: int, epoch: int, metrics: Metrics) -> None:
        """Write an epoch of an open trial.

        Args:
            number: The trial.
            epoch: From 1; one that is written already must be passed over.
            metrics: All that the objective reported.
        """
        ...

    def end(self, trial: Trial) -> None:
        """Write how an open trial ended, and close it.

        Args:
            trial: The trial; one that is INTERRUPTED goes on in a later session.
        """
        ...

    def close(self) -> None:
        """Write what is left at the end of a session."""
        ...


class TrackerEntry(NamedTuple):
    """A tracker of ours: where it is, what it writes, the extra that installs its package."""

    path: str
    description: str
    extra: str


TRACKERS = {
    "tensorboard": TrackerEntry(
        "search.progress.trackers.tensorboard:TensorBoardTracker",
        "event files with scalars by epoch and a table of hyperparameters",
        "tensorboard",
    ),
    "mlflow": TrackerEntry(
        "search.progress.trackers.mlflow:MlflowTracker",
        "a run for each trial, in the study's database or on a server, with the best models",
        "mlflow",
    ),
}
"""The trackers of ours, by the name that a space file gives; none is loaded before it is used."""


def make_tracker(name: str, study: StudyReader) -> Tracker:
    """Make a tracker of a study.

    Args:
        name: One of `TRACKERS`, or `package.module:name`.
        study: The study; a tracker of the user may lie where its objective may.

    Returns:
        The tracker.

    Raises:
        SearchError: If there is no such tracker.
        MissingExtraError: If the extra of one of ours is not installed.
        ModuleNotFoundError: If a tracker of the user, or a package that it needs, is missing.
    """
    entry = TRACKERS.get(name)
    if not entry:
        if ":" not in name:
            hint = did_you_mean(name, TRACKERS)
            raise SearchError(f"unknown tracker {name!r}{hint}; valid: {listing(TRACKERS)}")
        extend_import_path(study.import_folders)
    module, _, attribute = (entry.path if entry else name).partition(":")
    try:
        make: Callable[[StudyReader], Tracker] = getattr(
            importlib.import_module(module), attribute
        )
        return make(study)
    except ModuleNotFoundError as error:
        if not entry:
            raise
        raise MissingExtraError(entry.extra, error) from None
