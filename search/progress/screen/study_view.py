"""What the screen shows of a study: read anew at each look, and handed to its panes."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from search.progress.reading import Watcher
from search.progress.standing import Standing
from search.spaces.spec import Spec
from search.studies.folder import ERROR_FILE
from search.studies.lock import find_driver
from search.studies.reader import StudyReader
from search.studies.trials import History, Trial
from search.studies.workers import read_workers
from search.text import printable

_ERROR_BYTES = 16_384
"""How much of the end of a trial's `error.txt` is read."""


@dataclass(frozen=True)
class Actions:
    """What the keys do to the study; each says in one line what came of it.

    Args:
        stop: End the session, at once if told so.
        pause: Let the session rest, or go on if it does.
        stop_trial: End a trial, by its number.
        note: Put a note on a trial, by its number.
        enqueue: Add a point, as `["filters=32"]`.
        report: Write the report, and open it where there is a browser.
    """

    stop: Callable[[bool], str]
    pause: Callable[[], str]
    stop_trial: Callable[[int], str]
    note: Callable[[int, str], str]
    enqueue: Callable[[list[str]], str]
    report: Callable[[], str]


class StudyView:
    """A study as it was at the last look, and which of its trials is chosen.

    Args:
        study: The study.
    """

    def __init__(self, study: StudyReader) -> None:
        self.study = study
        self.chosen: int | None = None
        self.metric = study.spec.metric.name
        self._begin()

    def _begin(self) -> None:
        self.driver = find_driver(self.study.folder)
        self._watcher = Watcher(self.study, self.driver)
        self._watcher.look()
        self._histories: dict[int, tuple[int, History]] = {}
        self.workers = read_workers(self.study.folder) if self.driver else []

    def look(self) -> bool:
        """Read what is new; tell whether a trial has changed."""
        before = self._state()
        # Asked before the look, so that the last look sees all that the driver wrote.
        if find_driver(self.study.folder) != self.driver:
            self._begin()
        else:
            self._watcher.look()
            self.workers = read_workers(self.study.folder) if self.driver else []
        return self._state() != before

    def _state(self) -> object:
        unfinished = [(t.number, t.state, t.n_epochs) for t in self.trials if not t.has_ended]
        notes = [trial.note for trial in self.trials]
        return self.driver, self.n_waiting, self.workers, unfinished, notes

    @property
    def spec(self) -> Spec:
        """What its space file says now."""
        return self.study.spec

    @property
    def standing(self) -> Standing:
        """Trials by state, best value, speed, time left."""
        return self._watcher.standing

    @property
    def trials(self) -> list[Trial]:
        """Those that have begun, by number."""
        return [trial for _, trial in sorted(self._watcher.trials.items())]

    @property
    def n_waiting(self) -> int:
        """How many points wait to be tried."""
        return self._watcher.n_waiting

    @property
    def best(self) -> Trial | None:
        """The best complete or running trial."""
        best = self.standing.best
        return self._watcher.trials[best[1]] if best else None

    @property
    def trial(self) -> Trial | None:
        """The chosen trial."""
        return None if self.chosen is None else self._watcher.trials.get(self.chosen)

    def metrics(self) -> list[str]:
        """Name what the chosen trial has reported, the (first) metric of the study first."""
        reported = self.trial.metrics if self.trial else {}
        return list(dict.fromkeys([self.spec.metric.name, *reported]))

    def curve(self, trial: Trial) -> list[tuple[float, float]]:
        """Read epochs and values of the metric that is shown, of a trial."""
        if self.metric == self.spec.metric.name:
            return [(float(epoch), value) for epoch, value in sorted(trial.values.items())]
        known, history = self._histories.get(trial.number, (-1, []))
        if known != trial.n_epochs:
            history = self.study.history(trial.number)
            self._histories[trial.number] = trial.n_epochs, history
        values = ((row["epoch"], row.get(self.metric)) for row in history)
        return [(float(at), float(v)) for at, v in values if at is not None and v is not None]

    def error_lines(self, trial: Trial) -> list[str]:
        """Read the last lines of what a failed trial left in its `error.txt`."""
        try:
            with (self.study.trial_folder(trial.number) / ERROR_FILE).open("rb") as file:
                file.seek(max(file.seek(0, os.SEEK_END) - _ERROR_BYTES, 0))
                text = file.read().decode(errors="replace")
        except OSError:
            return []
        return [printable(line.expandtabs(4)) for line in text.splitlines() if line.strip()]
