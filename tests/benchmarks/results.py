"""`RESULTS.md`: the last measured value of each benchmark, of what commit and on what machine."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import psutil

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import ROOT

RESULTS = Path(__file__).parent / "RESULTS.md"
_HEAD = """\
# Benchmarks

Written by `make bench`; `python -m tests.benchmarks NAME …` measures some again and replaces their
rows only. Every other document quotes its speeds from here. Load is that of the minute before:
above 0.5, the machine was shared or still warm of another benchmark, and seconds are too high.
Ratios (×) are of two things measured in turn in one run. A `+` stands for uncommitted changes.

| NAME | what | value | target | | date | commit | load | machine |
|---|---|---|---|---|---|---|---|---|
"""
_ROW = re.compile(r"^\| `(\w+)` \|.*$", re.MULTILINE)


def read_rows(text: str) -> dict[str, list[str]]:
    """Read the rows of `RESULTS.md` by their NAME."""
    rows: dict[str, list[str]] = {}
    for row in _ROW.finditer(text):
        rows.setdefault(row[1], []).append(row[0])
    return rows


def with_rows(text: str, name: str, rows: Sequence[str], order: Iterable[str]) -> str:
    """Replace the rows of one NAME; those of a NAME that is not in the order any more go."""
    kept = {**read_rows(text), name: rows}
    return _HEAD + "".join(f"{row}\n" for name in order for row in kept.get(name, []))


def write_rows(
    name: str, benchmarks: Sequence[Benchmark], measured: str, order: Iterable[str]
) -> None:
    """Write what was measured, all at once, as others may read the file meanwhile."""
    rows = [
        f"| `{name}` | {b.what} | {b.quoted} | {b.bound} | {'met' if b.is_met else '**missed**'} "
        f"| {measured} |"
        for b in benchmarks
    ]
    text = RESULTS.read_text() if RESULTS.exists() else ""
    new = RESULTS.with_suffix(".new")
    new.write_text(with_rows(text, name, rows, order))
    os.replace(new, RESULTS)


def measured_at() -> str:
    """Say when, of what commit, at what load and on what machine, which is not named."""
    load, _, _ = os.getloadavg()
    return f"{date.today()} | {_commit()} | {load:.1f} | {machine()}"


def machine() -> str:
    """Describe this machine in general words."""
    cpus = Path("/proc/cpuinfo")
    models = re.findall(r"^model name\s*: (.*)$", cpus.read_text() if cpus.exists() else "", re.M)
    memory_gb = round(psutil.virtual_memory().total / 2**30)
    gpu = "a GPU" if shutil.which("nvidia-smi") else "no GPU"
    processor = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores of {processor}, {memory_gb} GB, {gpu}"


def _commit() -> str:
    files = ["--", ".", f":!{RESULTS.relative_to(ROOT)}"]
    changed = _git("status", "--porcelain", *files)
    return _git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def _git(*args: str) -> str:
    return subprocess.run(
        ["git", *args], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
