"""What a tracker is: it is told of trials in the driver, apart from the work of the driver."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from optuna.trial import FrozenTrial

from search.errors import SearchError
from search.studies.trials import Trial, read_history

Metrics = Mapping[str, float | int | None]
"""What a trial reported of an epoch; None marks an undefined metric."""
_NO_METRICS = {"epoch", "seconds"}
"""What stands beside the metrics in a trial's history."""


@dataclass(frozen=True)
class TrackedTrial:
    """A trial as its tracker needs it.

    Args:
        record: What is recorded of it.
        identity: A name that no other trial of any study has.
        stored: The same in the storage.
        folder: The trial's folder.
    """

    record: Trial
    identity: str
    stored: FrozenTrial
    folder: Path

    def epochs(self) -> list[tuple[int, Metrics]]:
        """Read the epochs that are recorded.

        Returns:
            Number and metrics of each, in order.
        """
        return [
            (int(row["epoch"] or 0), {k: v for k, v in row.items() if k not in _NO_METRICS})
            for row in read_history(self.stored, self.folder)
        ]


class Tracker(Protocol):
    """Writes trials for one viewer; anything that it raises ends it, and nothing else."""

    def knows(self, trial: TrackedTrial) -> bool:
        """Tell whether all of a trial that has ended is written."""
        ...

    def begin(self, trial: TrackedTrial) -> None:
        """Take up a trial with the epochs that it has; one that is open goes on."""
        ...

    def epoch(self, number: int, epoch: int, metrics: Metrics) -> None:
        """Write an epoch of an open trial; one that is written already is passed over."""
        ...

    def end(self, record: Trial) -> None:
        """End an open trial; one that is RUNNING is left for a later run."""
        ...

    def close(self) -> None:
        """Write what is left at the end of a run."""
        ...


def missing(tracker: str, error: ModuleNotFoundError) -> SearchError:
    """Word the lack of a tracker's package.

    Args:
        tracker: The tracker, which is also the name of its extra.
        error: Of the import.

    Returns:
        An error that says how to install it.
    """
    return SearchError(
        f"the package {error.name} must be installed, by the extra {tracker!r}: "
        f"pip install -e '.[{tracker}]' in the folder of search"
    )
