"""The pane of the workers: which trial each process runs, and what it uses of this machine."""

import os
from collections.abc import Iterator, Sequence
from socket import gethostname

from rich.cells import cell_len
from rich.text import Text

from search.progress.screen.charts import FAINT
from search.progress.screen.panes import Pane
from search.progress.screen.study_view import StudyView
from search.progress.screen.usage import Machine, Processes
from search.text import plain_text, printable

_GIB = 2**30
_HEADING = ("trial", "epoch", "process", "CPU", "memory", "GPU memory")


class WorkersPane(Pane):
    """The processes of the session.

    Args:
        view: The study.
    """

    def __init__(self, view: StudyView) -> None:
        super().__init__(view, "workers")
        self._processes = Processes()
        self._machine = Machine()

    def measure(self) -> None:
        """Measure anew; it may take a moment, and is done beside the screen."""
        driver = self.view.driver
        pids = [worker.pid for worker in self.view.workers if worker.is_here]
        if driver and driver.host == gethostname():
            pids.append(driver.pid)
        self._machine = self._processes.look([*pids, os.getpid()])

    def n_lines(self) -> int:
        """Count the lines that it would like to have, its frame included."""
        return len(list(self._rows())) + len(_machine_lines(self._machine)) + 3

    def drawn(self, width: int, height: int) -> Text:
        """See `Pane`: a line for each process, and the machine in the last ones."""
        below = _machine_lines(self._machine)
        rows = [_HEADING, *self._rows()]
        n_shown = max(height - len(below), 1)
        n_more = max(len(rows) - n_shown, 0)
        if n_more:
            rows = rows[: n_shown - 1]
        lines = _table(rows)
        lines += [plain_text(f"and {n_more + 1} more", FAINT)] if n_more else []
        return plain_text("\n").join([*lines, *below][:height])

    def _rows(self) -> Iterator[tuple[str, ...]]:
        epochs = self.view.spec.epochs
        trials = {trial.number: trial for trial in self.view.trials}
        for worker in self.view.workers:
            trial = trials.get(worker.trial)
            done = f"{trial.n_epochs if trial else 0}{f'/{epochs}' if epochs else ''}"
            place = _place(worker.pid, worker.host)
            yield str(worker.trial), done, place, *self._cells(worker.pid, worker.host)
        driver = self.view.driver
        if driver and driver.pid not in {worker.pid for worker in self.view.workers}:
            place = _place(driver.pid, driver.host)
            yield "driver", "", place, *self._cells(driver.pid, driver.host)
        yield "screen", "", _place(os.getpid(), gethostname()), *self._cells(os.getpid())

    def _cells(self, pid: int, host: str = "") -> tuple[str, str, str]:
        usage = self._machine.usages.get(pid)
        if host not in {"", gethostname()} or usage is None:
            return "–", "–", "–"
        on_gpu = "–" if usage.gpu_bytes is None else _gib(usage.gpu_bytes)
        return f"{usage.cpu_percent:.0f} %", _gib(usage.memory_bytes), on_gpu


def _place(pid: int, host: str) -> str:
    return str(pid) if host == gethostname() else f"{pid} on {printable(host)}"


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / _GIB:.2f} GiB"


def _machine_lines(machine: Machine) -> list[Text]:
    if not machine.total_bytes:
        return [plain_text("measuring …", FAINT)]
    memory = f"{machine.used_bytes / _GIB:.1f} of {machine.total_bytes / _GIB:.1f} GiB"
    cores = f"{machine.cpu_percent:.0f} % of {machine.n_cores} cores"
    lines = [plain_text(f"this machine: {cores}, {memory}", FAINT)]
    for gpu in machine.gpus:
        memory = f"{gpu.used_bytes / _GIB:.1f} of {gpu.total_bytes / _GIB:.1f} GiB"
        lines.append(plain_text(f"GPU {gpu.index}: {gpu.percent:.0f} %, {memory}", FAINT))
    return lines


def _table(rows: Sequence[tuple[str, ...]]) -> list[Text]:
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for number, row in enumerate(rows):
        cells = [
            f"{cell:>{width}}" if place != 2 else f"{cell:<{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(plain_text("  ".join(cells), "bold" if number == 0 else ""))
    return lines
