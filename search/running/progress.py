"""Shows a run as it goes: a live table on a terminal, elsewhere a line per finished trial."""

from optuna.study import StudyDirection
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from search.durations import format_duration
from search.running.run import Run
from search.studies.record import Report, TrialRecord, is_better


class Progress:
    """What is known of a run, kept up to date; shows nothing itself.

    Args:
        console: Where to show, on stderr.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.run: Run | None = None
        self.running: dict[int, TrialRecord] = {}
        self.latest: dict[int, Report] = {}
        self.counts = {"COMPLETE": 0, "PRUNED": 0, "FAIL": 0}
        self._values: dict[int, float] = {}
        self.n_epochs = 0
        self.n_finished_here = 0

    def run_started(self, run: Run, n_workers: int) -> None:
        """See `Observer`."""
        self.run = run
        for trial in run.study.records():
            self._count(trial)

    def trial_started(self, trial: TrialRecord) -> None:
        """See `Observer`."""
        self.running[trial.number] = trial

    def epoch_finished(self, number: int, report: Report) -> None:
        """See `Observer`."""
        self.latest[number] = report
        self.n_epochs += 1
        assert self.run is not None
        value = report.metrics[self.run.study.spec.metric.name]
        assert value is not None
        self._note_value(value, number)

    def trial_finished(self, trial: TrialRecord) -> None:
        """See `Observer`."""
        self.running.pop(trial.number, None)
        self.latest.pop(trial.number, None)
        self.n_finished_here += 1
        self._count(trial)

    @property
    def best(self) -> tuple[float, int] | None:
        """Value and number of the best complete or running trial, None if there is none."""
        assert self.run is not None
        sign = 1 if self.run.study.direction == StudyDirection.MAXIMIZE else -1
        ranked = ((value, number) for number, value in self._values.items())
        return max(ranked, key=lambda pair: (sign * pair[0], -pair[1]), default=None)

    def __enter__(self) -> "Progress":
        """Begin to show."""
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the screen as it should stay."""

    def headline(self) -> str:
        """Say in one line where the run stands.

        Returns:
            Trials done of those wanted, by state, best value, speed and time left.
        """
        assert self.run is not None
        spec = self.run.study.spec
        done = sum(self.counts.values())
        of = f"/{spec.budget.trials}" if spec.budget.trials else ""
        parts = [f"{spec.study} {done}{of} trials"]
        words = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
        parts += [f"{len(self.running)} running"]
        parts += [f"{self.counts[state]} {word}" for state, word in words.items()]
        best = self.best
        if best is not None:
            parts.append(f"best {spec.metric.name} {best[0]:.4f} (trial {best[1]})")
        elapsed_s = max(self.run.elapsed_s(), 1e-9)
        parts.append(f"{self.n_epochs / elapsed_s:.1f} epochs/s")
        left = self._seconds_left(elapsed_s)
        parts.append(f"{format_duration(elapsed_s)} gone" + (f", {left} left" if left else ""))
        return " · ".join(parts)

    def _count(self, trial: TrialRecord) -> None:
        if trial.state in self.counts:
            self.counts[trial.state] += 1
        if trial.state == "COMPLETE" and trial.value is not None:
            self._values[trial.number] = trial.value
        else:
            self._values.pop(trial.number, None)

    def _note_value(self, value: float, number: int) -> None:
        assert self.run is not None
        if is_better(value, self._values.get(number), self.run.study.direction):
            self._values[number] = value

    def _seconds_left(self, elapsed_s: float) -> str:
        assert self.run is not None
        budget = self.run.study.spec.budget
        left = []
        if budget.time is not None:
            left.append(max(budget.time - elapsed_s, 0.0))
        if budget.trials is not None and self.n_finished_here:
            to_do = max(budget.trials - sum(self.counts.values()), 0)
            left.append(to_do * elapsed_s / self.n_finished_here)
        return f"about {format_duration(max(round(min(left)), 1))}" if left else ""


class LineProgress(Progress):
    """One plain line for each finished trial."""

    def trial_finished(self, trial: TrialRecord) -> None:
        """See `Observer`."""
        super().trial_finished(trial)
        assert self.run is not None
        spec = self.run.study.spec
        value = "" if trial.value is None else f" {spec.metric.name}={trial.value:.4f}"
        epoch = f" at epoch {trial.best_epoch} of {trial.n_epochs}" if trial.best_epoch else ""
        reason = f" ({trial.reason})" if trial.failure else ""
        seconds = f", {trial.seconds:.1f} s" if trial.seconds is not None else ""
        done = sum(self.counts.values())
        of = f"/{spec.budget.trials}" if spec.budget.trials else ""
        leader = self.best
        best = f", best {leader[0]:.4f} in trial {leader[1]}" if leader else ""
        line = f"[{done}{of}] trial {trial.number} {trial.state}"
        line += f"{value}{epoch}{seconds}{best}{reason}"
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveProgress(Progress):
    """A table of the running trials under the headline, redrawn in place."""

    def __enter__(self) -> "LiveProgress":
        """Take over the lower lines of the terminal."""
        self._live = Live(
            get_renderable=self._view, console=self.console, refresh_per_second=4, transient=True
        )
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Replace the table by the last headline."""
        self._live.stop()
        if self.run is not None:
            self.console.print(self.headline(), highlight=False)

    def _view(self) -> RenderableType:
        if self.run is None:
            return Text("starting workers …")
        epochs = self.run.study.spec.epochs
        metric = self.run.study.spec.metric.name
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ["trial", "epoch", metric]:
            table.add_column(column, no_wrap=True, min_width=max(len(column), 6))
        table.add_column("parameters", no_wrap=True, ratio=1)
        for number, trial in sorted(self.running.copy().items()):
            report = self.latest.get(number)
            value = report.metrics.get(metric) if report else None
            epoch = f"{report.epoch if report else 0}{f'/{epochs}' if epochs else ''}"
            shown = " ".join(f"{k}={_short(v)}" for k, v in trial.params.items())
            table.add_row(str(number), epoch, "–" if value is None else f"{value:.4f}", shown)
        return Group(table, Text(self.headline()))


def make_progress(console: Console, quiet: bool) -> Progress:
    """Choose how to show a run.

    Args:
        console: Where to show.
        quiet: Whether to show nothing.

    Returns:
        A live table on a terminal, lines elsewhere.
    """
    if quiet:
        return Progress(console)
    return LiveProgress(console) if console.is_terminal else LineProgress(console)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
