"""Starts a session in a process of its own, which outlives the one that started it."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from search.errors import SearchError
from search.studies.durable import make_folder
from search.studies.lock import find_driver

LOG_FILE = "session.log"
"""In the study's folder: what the session has said, errors included."""


def launch(study: Path, words: Sequence[str]) -> int:
    """Start `search` with some arguments and return as soon as it drives its study.

    Args:
        study: The folder of the study, which need not exist yet.
        words: The arguments.

    Returns:
        The number of the process.

    Raises:
        SearchError: If it cannot begin, with what it said.
    """
    make_folder(study.parent)
    # The study's folder must not be there before the study is, so the log moves into it later.
    number, name = tempfile.mkstemp(prefix=f".{study.name}-", suffix=".log", dir=study.parent)
    with os.fdopen(number, "w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "search", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    # Until somebody has asked for its exit code, a process that has ended is still there.
    threading.Thread(target=process.wait, daemon=True).start()
    log = Path(name)
    if not _has_begun(study, process):
        said = log.read_text(encoding="utf-8", errors="replace").strip()
        log.unlink()
        raise SearchError(said.removeprefix("error: ") or "the session ended without a word")
    log.replace(study / LOG_FILE)
    return process.pid


def _has_begun(study: Path, process: "subprocess.Popen[bytes]") -> bool:
    """Wait until a process drives a study, or has done so and ended well."""
    while process.poll() is None:
        driver = find_driver(study)
        if driver and driver.pid == process.pid:
            return True
        time.sleep(0.05)
    return process.returncode == 0
