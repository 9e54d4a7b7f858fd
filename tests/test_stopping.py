"""What a run says when it is asked to stop: at once, while its epochs go on."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from search.progress.terminal import Progress
from search.running.run import INTERRUPTED, Run
from search.studies.driver import StudyDriver
from search.studies.trials import Trial
from tests.conftest import ROOT, make_spec
from tests.processes import command_in, environment, n_begun, start

STOPPING = "stopping after the running epochs; Ctrl-C again stops now"
SPACE = """\
study: toy
objective: tests.toys:quadratic
settings: {epochs: 3, sleep_s: SLEEP}
metric: {name: score, direction: maximize}
budget: {trials: 2}
sampler: {name: random}
pruner: {name: none}
resources: {gpus_per_trial: 0, workers: 1}
parameters:
  x: {type: float, low: 0, high: 1}
"""

Interrupt = Callable[["subprocess.Popen[str]"], object]


def by_ctrl_c(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)


def by_search_stop(process: "subprocess.Popen[str]") -> None:
    folder = Path(f"/proc/{process.pid}/cwd").readlink()
    done = command_in(folder)("stop", "toy")
    assert "ends after the running epochs" in done.stderr


def begun(folder: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until a trial is in its first epoch."""
    while not n_begun(folder / "studies" / "toy"):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)


def trials(folder: Path) -> list[Trial]:
    return StudyDriver.open("toy", folder / "studies").trials()


@pytest.mark.parametrize(
    ("engine", "interrupt", "flags"),
    [
        ("inline", by_ctrl_c, []),
        ("inline", by_search_stop, []),
        ("inline", by_ctrl_c, ["--quiet"]),
        pytest.param("ray", by_ctrl_c, [], marks=pytest.mark.ray),
    ],
    ids=["ctrl_c", "search_stop", "quiet", "ray"],
)
def test_stopping_is_said_while_the_epoch_goes_on(
    tmp_path: Path, engine_flags: list[str], interrupt: Interrupt, flags: list[str]
) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE.replace("SLEEP", "8"))
    process = start(tmp_path, "run", "toy.yaml", *engine_flags, *flags)
    begun(tmp_path, process)
    interrupt(process)
    assert process.stderr
    assert process.stderr.readline() == f"{STOPPING}\n"
    assert trials(tmp_path)[0].n_epochs == 0
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stderr.startswith("stopping now …\n")
    assert STOPPING not in stderr
    assert "Traceback" not in stderr
    assert trials(tmp_path)[0].n_epochs == 0


def test_stopping_is_said_below_the_live_table(
    tmp_path: Path, engine: str, engine_flags: list[str]
) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE.replace("SLEEP", "8"))
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "search", "run", "toy.yaml", *engine_flags],
        cwd=tmp_path,
        env={**environment(tmp_path), "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    )
    os.close(terminal)
    begun(tmp_path, process)
    by_ctrl_c(process)
    seen = read_until(main, STOPPING)
    assert "trial  epoch  score  x" in seen
    assert trials(tmp_path)[0].n_epochs == 0
    by_ctrl_c(process)
    seen = read_until(main, None)
    process.communicate(timeout=30)
    os.close(main)
    assert process.returncode == 130
    assert ("stopping workers …" if engine == "ray" else "stopping now …") in seen
    assert "\x1b[?25h" in seen, "the cursor must be shown again"
    assert seen.splitlines()[-1].startswith("error: interrupted; continue with ")


def read_until(terminal: int, text: str | None) -> str:
    """Read what is written to a terminal up to a text, or all of it; without looks."""
    seen = ""
    with suppress(OSError):  # what Linux says when the other end is closed
        while text is None or text not in seen:
            chunk = os.read(terminal, 65536).decode(errors="replace")
            seen += re.sub(r"\x1b\[[\d;]*[a-zA-Z]", "", chunk)
    return seen


def test_ctrl_c_counts_also_once_a_run_begins_no_more_trials(tmp_path: Path) -> None:
    run = Run(StudyDriver.create(make_spec(), tmp_path, [str(ROOT)]), Progress(Console()))
    run.stop("every point of the space has been tried")
    run.stop(INTERRUPTED)
    run.stop("every point of the space has been tried")
    assert run.stop_reason == INTERRUPTED


@pytest.mark.ray
@pytest.mark.parametrize("moment", ["starting", "running"])
def test_ctrl_c_many_times_leaves_nothing_behind(tmp_path: Path, moment: str) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE.replace("SLEEP", "8"))
    process = start(tmp_path, "run", "toy.yaml")
    while not (tmp_path / "studies/toy/lock").exists():
        time.sleep(0.05)
    if moment == "running":
        begun(tmp_path, process)
    time.sleep(0.8)
    for _ in range(50):
        by_ctrl_c(process)
        time.sleep(0.1)
        if process.poll() is not None:
            break
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert [line for line in stderr.splitlines() if "stopping" in line] == [
        STOPPING,
        "stopping now …",
    ]
    assert "Traceback" not in stderr
    assert not list(tmp_path.glob("studies/toy/.ray"))
    assert not list(tmp_path.glob("studies/toy/lock"))
