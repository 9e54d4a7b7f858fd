"""What a failed trial leads to: another attempt, an entry in the study, or the session's end."""

from collections import Counter
from typing import Literal

from search.spaces.spec import FailuresSpec
from search.studies.trials import Failure, FailureKind

Consequence = Literal["record", "again", "alone"]
"""Record the trial as failed, run it again, or run it again with nothing beside it."""

_OF_THE_POINT: frozenset[FailureKind] = frozenset({"infeasible", "non_finite"})
"""Failures that healthy searches meet as well: a point makes no network, or one that diverges."""

_MOST_LOSSES = 20
"""How many nodes may be lost under a trial."""


class FailurePolicy:
    """Judges failures as they come, within the limits of the space file."""

    def __init__(self, limits: FailuresSpec) -> None:
        self.limits = limits
        self._n_deaths: Counter[int] = Counter()
        self._n_losses: Counter[int] = Counter()
        self._short_of_memory: set[int] = set()
        self._reason = ""
        self._n_in_a_row = 0

    def consequence(
        self, number: int, failure: Failure, *, lost_node: bool = False
    ) -> Consequence:
        """Say what to do with a trial that failed.

        A node that is lost takes its trials with it, which is no more their fault than anybody's,
        unless the same one is always there.

        The fault may not be the trial's own: a worker died under it, which is borne
        `max_retries` times for each trial, or others beside it had taken the memory.
        """
        if lost_node:
            self._n_losses[number] += 1
            return "again" if self._n_losses[number] <= _MOST_LOSSES else "record"
        if failure.kind == "worker_died":
            self._n_deaths[number] += 1
            return "again" if self._n_deaths[number] <= self.limits.max_retries else "record"
        if failure.kind == "out_of_memory" and number not in self._short_of_memory:
            self._short_of_memory.add(number)
            return "alone"
        return "record"

    def trial_failed(self, failure: Failure) -> str | None:
        """Count a trial that is recorded as failed; say why the session must end, if it must.

        A failure that says of its point alone that it is bad counts neither way, and one for
        another reason than the one before starts a new row.
        """
        if failure.kind in _OF_THE_POINT:
            return None
        reason = f"{failure.kind}: {failure.reason}"
        self._n_in_a_row = self._n_in_a_row + 1 if reason == self._reason else 1
        self._reason = reason
        if self._n_in_a_row < self.limits.max_failures:
            return None
        trials = "1 failed trial" if self._n_in_a_row == 1 else f"{self._n_in_a_row} failed trials"
        return f"stopped after {trials} in a row (failures.max_failures): {reason}"

    def trial_succeeded(self) -> None:
        """Count a trial that completed or was pruned."""
        self._n_in_a_row = 0
