"""A real terminal of any size, in which commands run as people run them: a pane of tmux."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import ROOT, environment

needs_tmux = pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")

_PATIENCE_S = 60.0


class Terminal:
    """A shell in a pane of tmux."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", os.devnull]

    def start(self, folder: Path, size: tuple[int, int], variables: dict[str, str]) -> None:
        width, height = map(str, size)
        kept = environment(folder)
        del kept["COLUMNS"]  # what a terminal is asked for is its own size
        kept |= {"PYTHONPATH": str(ROOT), "PS1": "$ ", "OMP_NUM_THREADS": "1", **variables}
        kept.pop("TMUX", None)
        words = [*self._tmux, "new-session", "-d", "-x", width, "-y", height, "sh"]
        subprocess.run(words, cwd=folder, env=kept, check=True)

    def type(self, *keys: str) -> None:
        """Press keys, as tmux names them; anything else is typed."""
        for key in keys:
            subprocess.run([*self._tmux, "send-keys", key], check=True)

    def run(self, *args: str) -> None:
        """Give the shell a command of `search`."""
        self.type(f"{sys.executable} -m search {' '.join(args)}; echo status=$?", "Enter")

    def text(self, *, colors: bool = False) -> str:
        """Read what is seen."""
        words = [*self._tmux, "capture-pane", "-p", *(["-e"] if colors else [])]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    def wait_for(self, *texts: str) -> str:
        """Wait until all of some texts are seen at once; give what is seen then."""
        return self.wait_until(lambda seen: all(text in seen for text in texts))

    def wait_until(self, holds: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + _PATIENCE_S
        while not holds(seen := self.text()):
            assert time.monotonic() < deadline, seen
            time.sleep(0.1)
        return seen

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)


@contextmanager
def terminal_in(folder: Path, size: tuple[int, int], **variables: str) -> Iterator[Terminal]:
    """Open a terminal in a folder; what runs in it ends with it."""
    terminal = Terminal(folder / "tmux")
    try:
        terminal.start(folder, size, variables)
        yield terminal
    finally:
        terminal.close()
