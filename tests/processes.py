"""The command line as users run it, in a folder of its own: in this process, or in a real one."""

import importlib
import io
import os
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO
from unittest import mock

import psutil

from search.cli import main
from search.errors import SearchError
from search.studies.reader import StudyReader

ROOT = Path(__file__).parent.parent

Search = Callable[..., "subprocess.CompletedProcess[str]"]
"""Runs the command and waits for its end."""


def environment(folder: Path) -> dict[str, str]:
    """Give a process a home of its own and none of this process's settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SEARCH_")}
    return {**kept, "HOME": str(folder / "home"), "COLUMNS": "200"}


def start(folder: Path, *args: str) -> "subprocess.Popen[str]":
    """Start the command in a folder; the tests' objectives can be imported there."""
    return subprocess.Popen(
        [sys.executable, "-m", "search", *args],
        cwd=folder,
        env={**environment(folder), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def has_epoch(study: Path) -> bool:
    """Tell whether the journal of a study, given by its folder, holds an epoch."""
    journal = study / "study.journal"
    return journal.exists() and b'"step":' in journal.read_bytes()


def n_begun(study: Path) -> int:
    """Count the trials that have begun in a study, given by its folder, while another runs it."""
    try:
        return len(StudyReader.open(study.name, study.parent).trials())
    except SearchError:  # it is just being made
        return 0


def wait_until_nothing_is_left(folder: Path) -> None:
    """Wait for the end of all processes that commands in a folder have started."""
    deadline = time.monotonic() + 30
    while any(_belongs_to(p, folder) for p in psutil.process_iter(["environ"])):
        assert time.monotonic() < deadline, "processes outlived their driver"
        time.sleep(0.2)


def _belongs_to(process: psutil.Process, folder: Path) -> bool:
    environ = process.info["environ"] or {}
    return environ.get("HOME") == str(folder / "home")


def process_in(folder: Path, **variables: str) -> Search:
    """Give the command as a process of its own, which takes seconds to load what it needs."""

    def run(*args: str, input_: str | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "search", *args],
            cwd=folder,
            env={**environment(folder), **variables},
            input=input_,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def command_in(folder: Path, warns: bool = False, **variables: str) -> Search:
    """Give the command as users run it in a folder, without a terminal, in this process.

    It cannot show signals, what is left when a process ends, what a terminal shows, nor which
    modules a command loads: those of earlier tests are there. A warning is an error here unless
    it `warns`. Runs under Ray and whatever needs the above take `process_in` or `start`.
    """

    def run(*args: str, input_: str = "") -> "subprocess.CompletedProcess[str]":
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
        with (
            _process_like(folder, {**environment(folder), **variables}),
            mock.patch.object(sys, "argv", ["search", *args]),
            mock.patch.object(sys, "stdin", io.StringIO(input_)),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            if warns:
                warnings.resetwarnings()
                warnings.showwarning = _show_warning
            code = _exit_code()
        texts = []
        for stream in (out, err):
            stream.flush()
            assert isinstance(stream.buffer, io.BytesIO)
            texts.append(stream.buffer.getvalue().decode())
        return subprocess.CompletedProcess(["search", *args], code, *texts)

    return run


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Write a warning as the interpreter does, where pytest would collect it."""
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))


def _exit_code() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001  as the interpreter would
        traceback.print_exc()
        return 1
    return 0


@contextmanager
def _process_like(folder: Path, variables: dict[str, str]) -> Iterator[None]:
    """Undo what a command does to its process, which is expected to end with it."""
    here, path, modules = Path.cwd(), list(sys.path), set(sys.modules)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        with mock.patch.dict(os.environ, variables, clear=True), warnings.catch_warnings():
            yield
    finally:
        os.chdir(here)
        sys.path[:] = path
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for name in set(sys.modules) - modules:
            if not _is_found_on(path, name):
                del sys.modules[name]


def _is_found_on(path: list[str], module: str) -> bool:
    """Tell a module of this process from one that only the command's own folders have."""
    file = getattr(sys.modules[module], "__file__", None)
    return not file or any(folder and Path(file).is_relative_to(folder) for folder in path)
