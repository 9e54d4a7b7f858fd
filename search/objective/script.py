"""A script's process: its group, its output line by line, its end, also when this process dies."""

import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

_GRACE_S = 10.0
"""Between SIGTERM and SIGKILL."""
_LOOK_S = 0.5
"""After which a silent script is looked at: what it has started may hold its output open."""
_LONGEST_LINE = 2**16
_N_LAST_LINES = 20

# Is told a group of processes and waits for a second line. Where whoever started it ends without
# one, however that is, it kills the group; what Linux offers for this reaches a single process. It
# is no child of a worker, as Ray kills these one by one and it would be first.
_KEEPER = 'exec 3<&0; { read -r group; read -r _ || kill -s KILL -- "-$group"; } <&3 &'


class Script:
    """A program at work, in a process group of its own.

    Args:
        words: Its command line.
        environment: Its environment variables.
        output: The file to which all that it prints is added.

    Attributes:
        n_lines: How many lines were read of it.
        last_lines: The last of them.
    """

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], output: Path) -> None:
        self._file = output.open("ab", buffering=0)
        self._keeper = _start_keeper()
        with ExitStack() as if_it_cannot_start:
            if_it_cannot_start.callback(self._file.close)
            if_it_cannot_start.callback(self._keeper.close)
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )
            if_it_cannot_start.pop_all()
        self._keeper.write(f"{self._process.pid}\n".encode())
        assert self._process.stdout  # a pipe
        self._pipe = self._process.stdout
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._pipe, selectors.EVENT_READ)
        self._has_ended = False
        self.n_lines = 0
        self.last_lines: deque[str] = deque(maxlen=_N_LAST_LINES)

    def lines(self) -> Iterator[str]:
        """Wait for what it prints, a whole line at a time as a terminal would show it in the end.

        Of what carriage returns overwrite, as progress bars do, only the last is given.
        """
        rest = b""
        while chunk := self._read():
            *whole, rest = (rest + chunk).split(b"\n")
            rest = rest[-_LONGEST_LINE:]
            yield from map(self._line, whole)
        if rest:
            yield self._line(rest)

    def wait(self) -> int:
        """Wait for its end, and give its exit status: negative for a signal that ended it."""
        return self._process.wait()

    def end(self) -> None:
        """End it and all that it has started: by SIGTERM, and by SIGKILL after some seconds."""
        if self._has_ended:
            return
        self._has_ended = True
        deadline = time.monotonic() + _GRACE_S
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
        while self._process.poll() is None and time.monotonic() < deadline:
            # It may have more to say than its pipe holds before it ends.
            if self._ready.select(0.05) and not self._take():
                time.sleep(0.01)
        self._signal(signal.SIGKILL)
        self._process.wait()
        while time.monotonic() < deadline and self._ready.select(0) and self._take():
            pass  # what it said last
        self._keeper.write(b"ended\n")
        self._keeper.close()
        self._ready.close()
        self._pipe.close()
        self._file.close()

    def _read(self) -> bytes:
        """Wait for output; there is none once the program has ended."""
        while True:
            is_over = self._process.poll() is not None
            if self._ready.select(0 if is_over else _LOOK_S):
                return self._take()
            if is_over:
                return b""

    def _take(self) -> bytes:
        chunk = os.read(self._pipe.fileno(), 2**16)
        self._file.write(chunk)
        return chunk

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):  # of a group that is gone
            os.killpg(self._process.pid, number)

    def _line(self, line: bytes) -> str:
        text = line.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace")
        self.n_lines += 1
        self.last_lines.append(text)
        return text


def _start_keeper() -> IO[bytes]:
    """Start what ends a script whose worker has died, and give the pipe that it listens to."""
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", _KEEPER],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    keeper.wait()
    assert keeper.stdin  # a pipe
    return keeper.stdin
