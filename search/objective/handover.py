"""Where a thread that trains and one that asks for epochs meet, an epoch at a time."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Epoch = TypeVar("Epoch")


class TrialStopped(SystemExit):  # noqa: N818  nothing went wrong
    """Raised by `report` where no further epoch is wanted: the trial was pruned or stopped.

    Let it pass, so that the training unwinds: clean up by `finally` or `with`. It is no
    `Exception`: what a framework does about errors is not for it. As a `SystemExit` it ends a
    thread of the framework's own without a word.
    """


class Handover(Generic[Epoch]):
    """Hands over one epoch each time one is asked for; any thread may give it.

    Attributes:
        n_given: How many were handed over.
    """

    def __init__(self) -> None:
        self.n_given = 0
        self._changed = threading.Condition()
        self._n_asked = 0
        self._given: Epoch | None = None
        self._closed = False

    def give(self, epoch: Epoch) -> None:
        """Hand over an epoch once it is wanted; wait for the next to be, or raise TrialStopped."""
        with self._changed:
            self._wait_for(lambda: self._n_asked > self.n_given)  # others may give as well
            self.n_given += 1
            number = self.n_given
            self._given = epoch
            self._changed.notify_all()
            self._wait_for(lambda: self._n_asked > number)

    def ask(self) -> Epoch | None:
        """Ask for the next epoch and wait for it; None if there will be none."""
        with self._changed:
            self._n_asked += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self.n_given == self._n_asked)
            given, self._given = self._given, None
            return given

    def close(self) -> None:
        """Want no more: whoever gives, now or later, is told so."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _wait_for(self, wanted: Callable[[], bool]) -> None:
        self._changed.wait_for(lambda: self._closed or wanted())
        if self._closed:
            raise TrialStopped
