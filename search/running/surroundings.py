"""What an objective may change of its process, kept apart from what the session needs of it.

An objective shares its process with the trials after it and, inline, with the driver. So between
two epochs the process is as it was before the trial, and in each epoch as the objective left it:
the current folder, the environment, the standard streams, handlers of signals, the recursion
limit, and torch's settings. What it patches in other modules, and the threads and processes that
it leaves behind, are not undone.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TextIO

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGCHLD)
_STREAMS = ("stdin", "stdout", "stderr")


class Surroundings:
    """A process that runs an objective, in two states: the objective's, and everybody else's."""

    def __init__(self) -> None:
        self._left: _State | None = None
        self._streams = {name: _duplicate(getattr(sys, name)) for name in _STREAMS}

    @contextmanager
    def of_the_objective(self) -> Iterator[None]:
        """Let the objective's code run as it left its surroundings, and keep what it changes."""
        before = _State.here()
        if self._left:
            self._left.restore(before)
        try:
            yield
        finally:
            self._left = _State.here()
            before.restore(self._left)
            self._reopen()

    def close(self) -> None:
        """Give back what was needed to restore them."""
        for stream in self._streams.values():
            if stream is not None:
                os.close(stream)
        self._streams = {}

    def _reopen(self) -> None:
        """Open the standard streams that the objective has closed."""
        for name, kept in self._streams.items():
            stream = getattr(sys, name)
            if kept is None or stream is None or not stream.closed:
                continue
            descriptor = _STREAMS.index(name)
            os.dup2(kept, descriptor)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))


@dataclass(frozen=True)
class _State:
    """What is restored, as it was at some moment."""

    folder: str | None
    environment: dict[str, str]
    streams: tuple[TextIO, ...]
    handlers: dict[int, Any]
    recursion_limit: int
    torch: dict[str, Any]

    @classmethod
    def here(cls) -> "_State":
        """Look at this process."""
        in_main = threading.current_thread() is threading.main_thread()
        return cls(
            _current_folder(),
            dict(os.environ),
            tuple(getattr(sys, name) for name in _STREAMS),
            {number: signal.getsignal(number) for number in _SIGNALS} if in_main else {},
            sys.getrecursionlimit(),
            {name: read() for name, (read, _) in _torch_settings().items()},
        )

    def restore(self, now: "_State") -> None:
        """Make this process so again, which is as `now` says."""
        if self.folder is not None and now.folder != self.folder:
            with suppress(OSError):  # it is gone
                os.chdir(self.folder)
        if now.environment != self.environment:
            os.environ.clear()
            os.environ.update(self.environment)
        for name, stream in zip(_STREAMS, self.streams, strict=True):
            setattr(sys, name, stream)
        for number, handler in self.handlers.items():
            if now.handlers.get(number) != handler and handler is not None:
                signal.signal(number, handler)
        if now.recursion_limit != self.recursion_limit:
            sys.setrecursionlimit(self.recursion_limit)
        for name, (_, write) in _torch_settings().items():
            if name in self.torch and now.torch.get(name) != self.torch[name]:
                write(self.torch[name])


def _current_folder() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


def _duplicate(stream: TextIO | None) -> int | None:
    """Keep a standard stream open under another number; None for what is no file."""
    try:
        return None if stream is None else os.dup(stream.fileno())
    except (OSError, ValueError):
        return None


def _torch_settings() -> dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]]:
    """Give for each setting of torch, where it is loaded, what reads and what writes it."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_default_dtype"):  # it is being imported
        return {}
    cudnn = torch.backends.cudnn
    return {
        "dtype": (torch.get_default_dtype, torch.set_default_dtype),
        "grad": (torch.is_grad_enabled, torch.set_grad_enabled),
        "precision": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
        "anomaly": (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
        "deterministic": (
            torch.are_deterministic_algorithms_enabled,
            torch.use_deterministic_algorithms,
        ),
        "cudnn.benchmark": (
            lambda: cudnn.benchmark,
            lambda value: setattr(cudnn, "benchmark", value),
        ),
        "cudnn.deterministic": (
            lambda: cudnn.deterministic,
            lambda value: setattr(cudnn, "deterministic", value),
        ),
    }
