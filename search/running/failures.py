"""What a failed trial leads to: another try, an entry in the record, or the end of the run."""

from collections import Counter
from typing import Literal

from search.spaces.spec import FailuresSpec
from search.studies.record import Failure

Consequence = Literal["record", "again", "alone"]
"""Record the trial as failed, run it again, or run it again with nothing beside it."""


class FailurePolicy:
    """Judges failures as they come.

    Args:
        limits: How many are borne.
    """

    def __init__(self, limits: FailuresSpec) -> None:
        self._limits = limits
        self._n_deaths: Counter[int] = Counter()
        self._short_of_memory: set[int] = set()
        self._in_a_row: list[Failure] = []

    def consequence(self, number: int, failure: Failure) -> Consequence:
        """Say what to do with a trial that failed.

        The fault may not be the trial's own: a worker died under it, or others beside it had
        taken the memory.

        Args:
            number: The trial.
            failure: What happened.

        Returns:
            The next step; a worker's death is borne `max_retries` times for each trial.
        """
        if failure.kind == "worker_died":
            self._n_deaths[number] += 1
            return "again" if self._n_deaths[number] <= self._limits.max_retries else "record"
        if failure.kind == "out_of_memory" and number not in self._short_of_memory:
            self._short_of_memory.add(number)
            return "alone"
        return "record"

    def trial_failed(self, failure: Failure) -> str | None:
        """Count a trial that is recorded as failed.

        Args:
            failure: Why; an infeasible trial counts neither way.

        Returns:
            Why the run must end, or None if it may go on.
        """
        if failure.kind == "infeasible":
            return None
        self._in_a_row.append(failure)
        if len(self._in_a_row) < self._limits.max_failures:
            return None
        reasons = Counter(f"{f.kind}: {f.reason}" for f in self._in_a_row)
        reason, n_times = reasons.most_common(1)[0]
        return (
            f"failures.max_failures: fewer than {self._limits.max_failures} trials in a row must "
            f"fail, got {len(self._in_a_row)}, of these {n_times} x {reason}"
        )

    def trial_succeeded(self) -> None:
        """Count a trial that completed or was pruned."""
        self._in_a_row.clear()
