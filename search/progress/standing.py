"""Where a run stands: its trials by state, the best so far, speed and time left, as text.

A run tells it what happens (`progress.py`), a watcher what it reads (`watching.py`).
"""

import math
from collections.abc import Callable

from search.progress.live_view import LiveView, RunningTrial
from search.spaces.spec import Spec
from search.studies.trials import Trial
from search.text import format_duration, number_text, tenths

_WORDS = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


class Standing:
    """What is known of a run.

    Args:
        spec: Its search.
        elapsed_s: Tells for how many seconds the run has gone on.
    """

    def __init__(self, spec: Spec, elapsed_s: Callable[[], float]) -> None:
        self.spec = spec
        self.elapsed_s = elapsed_s
        self.running: dict[int, Trial] = {}
        self.counts = dict.fromkeys(_WORDS, 0)
        self.n_epochs = 0
        self.n_workers = 1
        self.n_finished_here = self.n_trained_here = 0
        self._latest: dict[int, tuple[int, float]] = {}
        self._values: dict[int, float] = {}

    def count(self, trial: Trial) -> None:
        """Take in a trial that has ended, in this run or an earlier one.

        Args:
            trial: The trial; one that is INTERRUPTED was left for a later run.
        """
        self.running.pop(trial.number, None)
        self._latest.pop(trial.number, None)
        if trial.state in self.counts:
            self.counts[trial.state] += 1
        if trial.state == "COMPLETE" and trial.value is not None:
            self._values[trial.number] = trial.value
        else:
            self._values.pop(trial.number, None)

    def finish(self, trial: Trial) -> None:
        """Take in a trial that has ended in this run.

        Args:
            trial: The trial; one that is RUNNING was left for a later run.
        """
        self.n_finished_here += trial.state in self.counts
        self.n_trained_here += trial.state in {"COMPLETE", "PRUNED"}
        self.count(trial)

    def note_running(self, trial: Trial) -> None:
        """Take in a running trial.

        Args:
            trial: The trial, with the epochs that are on record.
        """
        self.running[trial.number] = trial
        self.n_workers = max(self.n_workers, len(self.running))
        for epoch, value in sorted(trial.values.items()):
            self.note_epoch(trial.number, epoch, value)

    def note_epoch(self, number: int, epoch: int, value: float) -> None:
        """Take in the newest epoch of a running trial.

        Args:
            number: The trial.
            epoch: From 1.
            value: The (first) metric at that epoch.
        """
        self._latest[number] = epoch, value
        best = self._values.get(number)
        is_last = self.spec.metric.reduce == "last"
        if is_last or best is None or self._sign * value > self._sign * best:
            self._values[number] = value

    @property
    def best(self) -> tuple[float, int] | None:
        """Value and number of the best complete or running trial, None if there is none."""
        ranked = ((value, number) for number, value in self._values.copy().items())
        return max(ranked, key=lambda pair: (self._sign * pair[0], -pair[1]), default=None)

    def headline(self) -> list[str]:
        """Say where the run stands.

        Returns:
            Trials done of those wanted, by state, best value, speed and time left, part by part.
        """
        parts = [f"{self.spec.study} {self._done()} trials", f"{len(self.running)} running"]
        parts += [f"{self.counts[state]} {word}" for state, word in _WORDS.items()]
        best = self.best
        if best is not None:
            parts.append(f"best {self.spec.metric.name} {number_text(best[0])} (trial {best[1]})")
        elapsed_s = max(self.elapsed_s(), 1e-9)
        parts.append(f"{tenths(self.n_epochs / elapsed_s)} epochs/s")
        parts.append(f"{format_duration(elapsed_s)} gone{self._left(elapsed_s)}")
        return parts

    def finished_line(self, trial: Trial) -> str:
        """Say in one line how a trial ended.

        Args:
            trial: The trial, taken in already.

        Returns:
            Its number, state, value and time, and the best so far.
        """
        metric = self.spec.metric.name
        value = "" if trial.value is None else f" {metric}={number_text(trial.value)}"
        epoch = f" at epoch {trial.best_epoch} of {trial.n_epochs}" if trial.best_epoch else ""
        reason = f" ({trial.reason})" if trial.failure else ""
        seconds = f", {tenths(trial.seconds)} s" if trial.seconds is not None else ""
        leader = self.best
        best = f", best {number_text(leader[0])} in trial {leader[1]}" if leader else ""
        end = f"[{self._done()}] trial {trial.number} {trial.state}"
        return f"{end}{value}{epoch}{seconds}{best}{reason}"

    def view(self, note: str = "") -> LiveView:
        """Lay out the running trials, with the headline below.

        Args:
            note: What the run is about to do, if that is to be said.

        Returns:
            What to show on a terminal.
        """
        trials = [self._shown(trial) for _, trial in sorted(self.running.copy().items())]
        return LiveView(
            self.spec.metric.name, [*self.spec.parameters], trials, self.headline(), note
        )

    def _shown(self, trial: Trial) -> RunningTrial:
        epoch, value = self._latest.get(trial.number, (0, None))
        of = f"/{self.spec.epochs}" if self.spec.epochs else ""
        return RunningTrial(trial.number, f"{epoch}{of}", number_text(value), trial.params)

    @property
    def _sign(self) -> int:
        return 1 if self.spec.metric.direction == "maximize" else -1

    def _done(self) -> str:
        wanted = self.spec.budget.trials
        return f"{sum(self.counts.values())}{f'/{wanted}' if wanted else ''}"

    def _left(self, elapsed_s: float) -> str:
        """Say how much longer it takes, from the trials that have ended here or the budget."""
        budget, done = self.spec.budget, sum(self.counts.values())
        if budget.trials is not None and done >= budget.trials:
            return ""
        limit_s = math.inf if budget.time is None else max(budget.time - elapsed_s, 0.0)
        estimate_s = math.inf
        # The first trials of a set of workers end one soon after the other.
        if budget.trials is not None and self.n_trained_here >= self.n_workers:
            estimate_s = (budget.trials - done) * elapsed_s / self.n_finished_here
        if estimate_s == limit_s == math.inf:
            return ""
        word = "about" if estimate_s < limit_s else "at most"
        return f", {word} {format_duration(max(round(min(estimate_s, limit_s)), 1))} left"
