"""The clock of a session's time budget: it stands while no trial may run."""

from collections.abc import Callable

Clock = Callable[[], float]
"""Tells the time in seconds from anywhere on."""


class SessionClock:
    """Seconds of a session, without those in which it rested.

    Args:
        clock: Tells the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock()
        self._stood_s = 0.0
        self._stands_since: float | None = None

    def elapsed_s(self) -> float:
        """Tell for how many seconds it has gone."""
        now = self._clock() if self._stands_since is None else self._stands_since
        return now - self._started - self._stood_s

    def stand(self, stands: bool) -> None:
        """Let it stand, or go on."""
        if stands and self._stands_since is None:
            self._stands_since = self._clock()
        elif not stands and self._stands_since is not None:
            self._stood_s += self._clock() - self._stands_since
            self._stands_since = None
