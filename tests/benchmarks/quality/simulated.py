"""An engine that trains nothing: trials take their curves from a table, in virtual seconds.

The run above it is the real one: it takes the same decisions, in the order of the events, and
records them by the same code in memory.
"""

import functools
import heapq
import itertools
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.storages import InMemoryStorage

from search.running.run import Run
from search.running.trial import Assignment
from search.running.worker import environment_here
from search.spaces.optuna_privates import quiet_optuna
from search.spaces.parameters import Scalar
from search.spaces.spec import Spec
from search.studies.driver import StudyDriver
from search.studies.trials import End, Epoch, Event, Failure, Trial
from tests.benchmarks.quality.grids import GRIDS, RATE, Grid
from tests.benchmarks.quality.promoting import PromotingDriver, PromotingRun
from tests.benchmarks.quality.tables import ABSENT, DIVERGED, Table

Curve = NDArray[np.float64]


@dataclass
class Seen:
    """What was reported of a trial at some moment of a search.

    Args:
        at_s: Virtual seconds since its start.
        number: The trial.
        params: The trial's point.
        value: The metric; None once the trial has failed.
    """

    at_s: float
    number: int
    params: dict[str, Scalar]
    value: float | None


@dataclass
class Landscape:
    """A table as a search meets it.

    Args:
        grid: What it is of.
        table: The table; points that are not trained yet must not be asked for.
    """

    grid: Grid
    table: Table
    _places: dict[tuple[object, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find each point by its values."""
        self._places = {self._key(point): i for i, point in enumerate(self.grid.points())}

    @classmethod
    def of(cls, name: str) -> "Landscape":
        """Load a table by its name."""
        return cls(GRIDS[name], Table.read(name))

    def curve(self, params: dict[str, Scalar], seed: int) -> tuple[Curve, Curve]:
        """Give accuracy and seconds of each epoch, `(E,)`; NaN from where it diverges.

        Between two learning rates of the grid it is their mean, weighted in the logarithm.
        """
        low, high, share = self._neighbours(params[RATE])
        values, seconds = [], []
        for rate in (low, high):
            place = self._places[self._key({**params, RATE: rate})]
            values.append(self._values(place, seed))
            seconds.append(self.table.seconds[place, seed % self._n_seeds(place)].astype(float))
        weights = (1 - share, share)
        if not share or share == 1.0:  # on the grid: the other one may diverge
            return values[int(share)], seconds[int(share)]
        return np.average(values, axis=0, weights=weights), np.average(
            seconds, axis=0, weights=weights
        )

    def settling(self, params: dict[str, Scalar], seed: int) -> NDArray[np.bool_]:
        """Tell in which epochs a trial must not be pruned, `(E,)`; all learning rates agree."""
        place = self._places[self._key({**params, RATE: self.grid.rates[0]})]
        of_seed: NDArray[np.bool_] = self.table.settling[place, seed % self._n_seeds(place)]
        return of_seed

    def quality(self, params: dict[str, Scalar]) -> float:
        """Give what a point is worth: its accuracy on validation and test images of all seeds.

        It is that of the epoch which is best on validation; 0 where it diverges at once. No search
        sees it.
        """
        low, high, share = self._neighbours(params[RATE])
        worth = [self._worths[self._places[self._key({**params, RATE: r})]] for r in (low, high)]
        return float((1 - share) * worth[0] + share * worth[1])

    @functools.cached_property
    def _worths(self) -> Curve:
        """What each point of the grid is worth, `(P,)`."""
        table = self.table
        trained = table.val[:, :, 0] != ABSENT
        right = np.where(table.val >= DIVERGED, 0, table.val).astype(float)
        best = right.argmax(axis=2)[:, :, None]
        both = right + np.where(table.test >= DIVERGED, 0, table.test)
        shares = np.take_along_axis(both, best, axis=2)[:, :, 0] / table.n_images.sum()
        worths: Curve = np.where(trained, shares, 0).sum(axis=1) / np.maximum(
            trained.sum(axis=1), 1
        )
        return worths

    @functools.cached_property
    def best_and_middle(self) -> tuple[float, float]:
        """What the best point of the grid is worth, and one in the middle."""
        return float(self._worths.max()), float(np.median(self._worths))

    def _n_seeds(self, place: int) -> int:
        """Count the seeds that a point is trained with so far."""
        n_seeds = int((self.table.val[place, :, 0] != ABSENT).sum())
        assert n_seeds, f"point {place} of the table is not trained yet"
        return n_seeds

    def _values(self, place: int, seed: int) -> Curve:
        right = self.table.val[place, seed % self._n_seeds(place)]
        return np.where(right == DIVERGED, math.nan, right / self.table.n_images[0])

    def _neighbours(self, rate: Scalar) -> tuple[float, float, float]:
        """Find the rates of the grid on both sides, and how far it is to the second one."""
        assert isinstance(rate, float)
        rates = self.grid.rates
        after = min(max(int(np.searchsorted(rates, rate)), 1), len(rates) - 1)
        low, high = rates[after - 1], rates[after]
        share = math.log(rate / low) / math.log(high / low)
        return low, high, min(max(share, 0.0), 1.0)

    def _key(self, params: dict[str, Scalar]) -> tuple[object, ...]:
        return tuple(sorted((name, value) for name, value in params.items()))


class _Nobody:
    """Is told of a session and does nothing."""

    def run_started(self, run: Run, n_workers: int) -> None: ...
    def trial_started(self, trial: Trial) -> None: ...
    def epoch_finished(self, number: int, epoch: Epoch) -> None: ...
    def trial_finished(self, trial: Trial) -> None: ...
    def run_ended(self) -> None: ...
    def say_at_once(self, text: str) -> None: ...

    def steered(self, text: str) -> None: ...


class Simulation:
    """A search on a landscape.

    Args:
        landscape: What training gives.
        spec: The search.
        n_workers: Virtual workers.
        promotes: Whether what is pruned only pauses.
    """

    def __init__(
        self, landscape: Landscape, spec: Spec, n_workers: int = 1, *, promotes: bool = False
    ) -> None:
        self.now = 0.0
        self.seen: list[Seen] = []
        self._elapsed_s: dict[int, float] = {}
        self._landscape = landscape
        self._n_workers = n_workers
        with quiet_optuna():
            study = optuna.create_study(
                storage=InMemoryStorage(), direction=spec.metric.direction, study_name=spec.study
            )
        for point in spec.start_from:
            study.enqueue_trial(point)
        # Nothing is written there: there are neither checkpoints nor tracebacks.
        folder = Path(tempfile.gettempdir())
        self.driver: StudyDriver
        self.run: Run
        if promotes:
            self.driver = promoting = PromotingDriver(folder, spec, study)
            self.run = PromotingRun(promoting, _Nobody(), lambda: self.now)
        else:
            self.driver = StudyDriver(folder, spec, study)
            self.run = Run(self.driver, _Nobody(), lambda: self.now)

    def search(self, until_s: float = math.inf) -> None:
        """Run it until its budget is spent, or some virtual seconds are over."""
        environment = environment_here([], 1, 0)
        order = itertools.count()
        heap: list[tuple[float, int, Assignment, Iterator[Event], Event]] = []
        self.run.start(self._n_workers)
        idle = self._n_workers
        while self.now < until_s:
            while idle and not self.run.must_wait():
                assignment = self.run.next_trial(environment)
                if assignment is None:
                    break
                idle -= 1
                self._push(heap, next(order), assignment, self._events(assignment))
            if not heap:
                break
            self.now, _, assignment, events, event = heapq.heappop(heap)
            if isinstance(event, Epoch) and self.now <= until_s:
                self._see(assignment, event.metrics["val_accuracy"])
            elif isinstance(event, End) and event.failure:
                self._see(assignment, None)
            if self.run.handle(assignment.number, event):
                idle += 1
            else:
                self._push(heap, next(order), assignment, events)

    def _see(self, assignment: Assignment, value: float | None) -> None:
        self.seen.append(Seen(self.now, assignment.number, assignment.params, value))

    def _push(
        self,
        heap: list[tuple[float, int, Assignment, Iterator[Event], Event]],
        order: int,
        assignment: Assignment,
        events: Iterator[Event],
    ) -> None:
        event = next(events)
        before_s = self._elapsed_s.get(assignment.number, 0.0)
        self._elapsed_s[assignment.number] = event.elapsed_s
        moment = self.now + event.elapsed_s - before_s
        heapq.heappush(heap, (moment, order, assignment, events, event))

    def _events(self, assignment: Assignment) -> Iterator[Event]:
        values, seconds = self._landscape.curve(assignment.params, assignment.seed)
        settling = self._landscape.settling(assignment.params, assignment.seed)
        elapsed_s = 0.0
        done = self.driver.trial(assignment.number).n_epochs
        for number, value in enumerate(values.tolist(), start=1):
            of_epoch = float(seconds[number - 1])
            elapsed_s += of_epoch
            if number <= done:
                continue
            if math.isnan(value):
                reason = f"epoch {number}: val_loss is nan"
                yield End(elapsed_s, Failure("non_finite", reason))
                return
            settles = bool(settling[number - 1])
            yield Epoch(number, {"val_accuracy": value}, of_epoch, elapsed_s, settles)
        yield End(elapsed_s)
