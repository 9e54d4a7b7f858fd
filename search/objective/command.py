"""The objective `command`: a script as it is, run once a trial; what it prints is its metrics.

It runs ahead of the search by what a pipe holds of its output, as nothing can pause it between two
epochs. No harm is done: epochs are judged in their order, and one that was not asked for is not
recorded.
"""

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from search.errors import ObjectiveError
from search.objective.contract import Facts
from search.objective.printed import Patterns, epochs_in, reader_of
from search.objective.script import Script
from search.objective.template import Template, as_text
from search.text import counted, printable

OUTPUT_FILE = "output.txt"
"""In a trial's folder: all that its script has printed, the command line before it."""
TOLD_TO_A_COMMAND = ("seed", "trial_number", "trial_folder")
"""What of a trial a command may name besides parameters and settings."""
VARIABLE = "SEARCH_PARAM_"
"""What the environment variable of a parameter begins with."""

_OUT_OF_MEMORY = ("OutOfMemoryError", "MemoryError", "CUDA out of memory")


class ScriptError(Exception):
    """A script that failed.

    Args:
        reason: In one line.
        details: Its command line and the last lines that it printed.
    """

    def __init__(self, reason: str, details: str) -> None:
        super().__init__(reason)
        self.details = details


class ScriptMemoryError(ScriptError, MemoryError):
    """A script that ran out of memory."""


class Command:
    """Runs a command line for each trial; nothing of its script need be changed.

    Args:
        params: The trial's parameters.
        command: The command line, with `{name}` where a parameter or a setting belongs.
        metric: How metrics are found in what it prints: `{"pattern": …}`, a regular expression
            with a named group for each, or a list of them; None for lines of JSON.
        seed: The trial's seed.
        trial_number: The trial's number.
        trial_folder: Where its output is kept.
        searched_metrics: The metrics that make an epoch whole, where lines are JSON.
        **settings: What else the command names, and `epochs`.
    """

    def __init__(  # noqa: PLR0913  each is a setting, or told of the trial
        self,
        params: Mapping[str, Any],
        *,
        command: str,
        metric: Mapping[str, Any] | None = None,
        seed: int = 0,
        trial_number: int = 0,
        trial_folder: str = "",
        searched_metrics: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        self._read = reader_of(metric)
        self._wanted: Sequence[str] = searched_metrics
        self._sought = "JSON, as no metric.pattern is given"
        if isinstance(self._read, Patterns):
            self._wanted, self._sought = self._read.metrics, "metric.pattern"
        self._folder = Path(trial_folder).resolve()
        told = {"seed": seed, "trial_number": trial_number, "trial_folder": str(self._folder)}
        self._words = Template(command).fill({**told, **settings, **params})
        self._environment = {
            **{f"SEARCH_{name.upper()}": as_text(value) for name, value in told.items()},
            **{VARIABLE + name.upper(): as_text(value) for name, value in params.items()},
        }
        self._script: Script | None = None

    @staticmethod
    def describe(command: str, metric: Mapping[str, Any] | None = None, **settings: Any) -> Facts:
        """Tell the metrics that its pattern names; see `search.objective.contract.Facts`."""
        Template(command)
        read = reader_of(metric)
        return {"metrics": read.metrics} if isinstance(read, Patterns) else {}

    def __iter__(self) -> Iterator[Mapping[str, float | int | None]]:
        """Run the script, one epoch per item; it fails as its script does."""
        script = self._script = self._start()
        try:
            n_epochs = 0
            for metrics in epochs_in(script.lines(), self._read, self._wanted):
                n_epochs += 1
                yield metrics
            self._judge(script, n_epochs)
        finally:
            self.close()

    def close(self) -> None:
        """End the script, and all that it has started."""
        if self._script:
            self._script.end()

    def _start(self) -> Script:
        own = {"PATH": program_path(), **self._environment}
        given = {"PYTHONUNBUFFERED": "1", **os.environ, **own}
        output = self._folder / OUTPUT_FILE
        with output.open("a", encoding="utf-8") as file:
            file.write(f"$ {shlex.join(self._words)}\n")
        try:
            return Script(self._words, given, output)
        except OSError as error:
            raise ObjectiveError(
                f"command: the program {self._words[0]!r} must be one that can be started in "
                f"{Path.cwd()}, got {error.strerror or error}"
            ) from None

    def _judge(self, script: Script, n_epochs: int) -> None:
        """Fail if the script did, or if nothing was found in what it printed."""
        status = script.wait()
        last = [printable(line) for line in script.last_lines]
        said = next((line.strip() for line in reversed(last) if line.strip()), "")
        details = "\n".join([f"$ {shlex.join(self._words)}", *last])
        if status:
            how = f"exit status {status}" if status > 0 else f"ended by {_signal_name(-status)}"
            ran_out = status == -signal.SIGKILL or any(
                sign in line for line in last for sign in _OUT_OF_MEMORY
            )
            kind = ScriptMemoryError if ran_out else ScriptError
            raise kind(f"{how}: {said or 'it printed nothing'}", details)
        if not n_epochs:
            lines = counted(script.n_lines, "line")
            raise ScriptError(
                f"no epoch was found in {lines} of output, by {self._sought}; the last: {said!r}",
                details,
            )


def program_path() -> str:
    """Name the folders in which a command's program is looked for.

    They are those of PATH and that of this Python: before them unless an environment is active, so
    that `python` has what was installed beside this program.
    """
    folders = [os.environ.get("PATH", os.defpath)]
    is_active = any(os.environ.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX"))
    folders.insert(len(folders) if is_active else 0, str(Path(sys.executable).parent))
    return os.pathsep.join(folders)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
