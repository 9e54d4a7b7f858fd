"""The command line as users run it: a process of its own, in a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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


def command_in(folder: Path, **variables: str) -> Search:
    """Give the command as users run it in a folder, without a terminal."""

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
