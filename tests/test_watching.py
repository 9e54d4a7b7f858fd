"""`search watch` as users see it: another process runs the study, this one only reads."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.processes import command_in, environment, n_begun, start

SPACE = """\
study: toy
objective: tests.toys:quadratic
settings: {epochs: 4, sleep_s: 0.08}
metric: {name: score, direction: maximize}
budget: {trials: 12}
sampler: {name: random}
pruner: {name: none}
resources: {gpus_per_trial: 0}
storage: STORAGE
parameters:
  x: {type: float, low: 0, high: 1}
"""


@pytest.fixture
def running(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator["subprocess.Popen[str]"]:
    """Run a study of twelve trials in a process of its own, at its second trial or later."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "toy.yaml").write_text(
        SPACE.replace("STORAGE", getattr(request, "param", "journal"))
    )
    process = start(tmp_path, "run", "toy.yaml", "--engine", "inline")
    while n_begun(tmp_path / "studies/toy") < 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


@pytest.mark.parametrize("running", ["journal", "sqlite"], indirect=True)
def test_watch_tells_each_trial_as_it_ends_and_then_the_result(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    done = command_in(tmp_path)("watch", "toy", "--interval", "0.1")
    assert done.returncode == 0, done.stderr
    stdout, _ = running.communicate(timeout=30)
    lines = done.stderr.splitlines()
    assert lines[0].startswith(f"toy: run by process {running.pid} on ")
    told = [line.split()[2] for line in lines if line.startswith("[")]
    assert told == [str(number) for number in range(12)][-len(told) :]
    assert told  # on a busy machine, the first ones end before the command looks
    assert "[12/12] trial 11 COMPLETE score=" in done.stderr
    assert "12 trials: 12 complete" in lines
    assert lines[-2].startswith("next: search show toy ")
    assert done.stdout == stdout


def test_watch_ends_at_ctrl_c_and_the_run_goes_on(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    watch = start(tmp_path, "watch", "toy", "--interval", "0.1")
    assert watch.stderr
    first = watch.stderr.readline()
    assert "; Ctrl-C stops watching, not the run" in first
    watch.send_signal(signal.SIGINT)
    _, stderr = watch.communicate(timeout=30)
    assert watch.returncode == 130
    assert stderr.splitlines()[-1] == "toy: no longer watched, the run goes on"
    assert "Traceback" not in stderr
    assert running.poll() is None


@pytest.mark.parametrize(
    ("trials", "advice"),
    [
        (["2"], "its budget is spent, extend it by `search resume toy --trials +20`"),
        (["9", "--time", "1s"], "go on with it by `search resume toy`"),
    ],
    ids=["spent", "unfinished"],
)
def test_watch_of_a_study_at_rest_says_so_and_shows_it(
    tmp_path: Path, trials: list[str], advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "toy.yaml").write_text(SPACE.replace("STORAGE", "journal"))
    search = command_in(tmp_path)
    search("run", "toy.yaml", "--engine", "inline", "--trials", *trials)
    folder = tmp_path / "studies/toy"
    before = {path: path.stat().st_mtime_ns for path in [*folder.rglob("*"), folder]}
    done = search("watch", "toy")
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == f"toy is not running; {advice}"
    assert "score" in done.stdout
    assert before == {path: path.stat().st_mtime_ns for path in [*folder.rglob("*"), folder]}


def test_watch_on_a_terminal_shows_the_running_trials(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    main, terminal = os.openpty()
    watch = subprocess.Popen(
        [sys.executable, "-m", "search", "watch", "toy", "--interval", "0.1"],
        cwd=tmp_path,
        env={**environment(tmp_path), "TERM": "xterm", "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=terminal,
    )
    os.close(terminal)
    seen = b""
    with suppress(OSError):  # what Linux says when the other end is closed
        while chunk := os.read(main, 65536):
            seen += chunk
    os.close(main)
    watch.communicate(timeout=30)
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", seen.decode(errors="replace"))
    assert watch.returncode == 0
    assert "trial  epoch   score  x" in text
    assert "/4 " in text
    assert "1 running" in text
    assert "toy 12/12 trials · 0 running · 12 complete · 0 pruned · 0 failed" in text
