"""What a tracker is: it is told of trials in the driver, apart from the work of the driver."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from search.errors import SearchError
from search.studies.history import read_history
from search.studies.trials import Trial

Metrics = Mapping[str, float | int | None]
"""What a trial reported of an epoch; None marks an undefined metric."""


@dataclass(frozen=True)
class TrackedTrial:
    """A trial as its tracker needs it.

    Args:
        record: What is recorded of it.
        identity: A name that no other trial of any study has.
        folder: The trial's folder.
    """

    record: Trial
    identity: str
    folder: Path

    def epochs(self) -> list[tuple[int, Metrics]]:
        """Read the epochs that are recorded.

        Returns:
            Number and metrics of each, in order.
        """
        # What stands after these in the file is being written, or told of by itself.
        rows = read_history(self.folder)[: self.record.n_epochs]
        return [
            (int(row.pop("epoch")), {k: float(v) for k, v in row.items() if v and k != "seconds"})
            for row in rows
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
