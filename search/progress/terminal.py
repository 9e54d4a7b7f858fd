"""Shows a session as it goes: a live table on a terminal, elsewhere a line per ended trial."""

import os
from contextlib import suppress

from rich.console import Console, RenderableType
from rich.live import Live

from search.progress.standing import Standing, fold_parts
from search.running.run import Run
from search.studies.trials import Epoch, Trial
from search.text import plain_text, printable


class Progress:
    """Keeps up to date what is known of a session, for a console; shows nothing itself."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.standing: Standing | None = None
        self._resumed_at: dict[int, int] = {}

    def run_started(self, run: Run, n_workers: int) -> None:
        """See `Observer`."""
        self._metric = run.study.spec.metric.name
        self._run = run
        standing = Standing(run.study.spec, run.elapsed_s)
        standing.n_workers = n_workers
        for trial in run.study.trials():
            standing.count(trial)
        self.standing = standing

    def trial_started(self, trial: Trial) -> None:
        """See `Observer`."""
        self._known.note_running(trial)
        self._resumed_at[trial.number] = trial.n_epochs

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        """See `Observer`."""
        value = epoch.metrics[self._metric]
        assert value is not None
        # A trial that goes on from a checkpoint first reports the epoch it went on from.
        if self._resumed_at.pop(number, None) != epoch.number:
            self._known.n_epochs += 1
        self._known.note_epoch(number, epoch.number, value)

    def trial_finished(self, trial: Trial) -> None:
        """See `Observer`."""
        self._known.finish(trial)

    def run_ended(self) -> None:
        """See `Observer`."""

    def steered(self, text: str) -> None:
        """See `Observer`."""
        self._known.spec = self._run.study.spec
        self._known.paused = self._run.steering.paused

    def say_at_once(self, text: str) -> None:
        """See `Observer`: quiet or not."""
        # Whoever was interrupted may hold the console's lock, or be in the middle of a line's
        # buffer; the system's own call needs neither.
        with suppress(OSError):  # a console that is no file has nobody to be told
            os.write(self.console.file.fileno(), f"{printable(text)}\n".encode())

    def __enter__(self) -> "Progress":
        """Begin to show."""
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the screen as it should stay."""

    @property
    def _known(self) -> Standing:
        assert self.standing is not None
        return self.standing


class LineProgress(Progress):
    """One plain line for each finished trial."""

    def trial_finished(self, trial: Trial) -> None:
        """See `Observer`."""
        super().trial_finished(trial)
        print_line(self.console, self._known.finished_line(trial))

    def steered(self, text: str) -> None:
        """See `Observer`."""
        super().steered(text)
        print_line(self.console, f"{self._known.spec.study}: {text}")


class LiveProgress(Progress):
    """A table of the running trials under the headline, redrawn in place."""

    _note = ""

    def steered(self, text: str) -> None:
        """See `Observer`: above the table."""
        super().steered(text)
        print_line(self.console, f"{self._known.spec.study}: {text}")

    def say_at_once(self, text: str) -> None:
        """See `Progress`: the thread that redraws shows it."""
        self._note = text

    def run_ended(self) -> None:
        """See `Observer`."""
        self._note = "stopping workers …"

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
        if self.standing is not None:
            print_headline(self.console, self.standing)

    def _view(self) -> RenderableType:
        if self.standing is None:
            return plain_text("\n".join(filter(None, ["starting workers …", self._note])))
        return self.standing.view(self._note)


def make_progress(console: Console, quiet: bool) -> Progress:
    """Choose how to show a session: a live table on a terminal, lines elsewhere."""
    if quiet:
        return Progress(console)
    return LiveProgress(console) if console.is_terminal else LineProgress(console)


def print_headline(console: Console, standing: Standing) -> None:
    """Print on a terminal where a session stood at last."""
    for line in fold_parts(standing.headline(), console.width):
        print_line(console, line)


def print_line(console: Console, line: str) -> None:
    """Print a line as it is, of any length."""
    console.print(plain_text(line), soft_wrap=True)
