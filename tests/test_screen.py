"""The keyboard screen of `run` and `watch` in a real terminal; it never disturbs a run."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from search.studies.lock import find_driver
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from tests.processes import start
from tests.terminals import needs_tmux, terminal_in

pytestmark = needs_tmux

SPACE = """\
study: toy
objective: tests.toys:quadratic
settings: {epochs: 5, sleep_s: 0.1}
metric: {name: score, direction: maximize}
budget: {trials: 400}
sampler: {name: random}
pruner: {name: none}
resources: {gpus_per_trial: 0}
parameters:
  x: {type: float, low: 0, high: 1}
"""
NARROW, WIDE = (80, 24), (200, 50)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "toy.yaml").write_text(SPACE)
    return tmp_path


def trials(folder: Path) -> list[Trial]:
    return StudyReader.open("toy", folder / "studies").trials()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def screens_of(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "search.api.watching" in (process.info["cmdline"] or [])
        and str(folder / "studies/toy") in process.info["cmdline"]
    ]


def resumable(seen: str) -> bool:
    return "error: interrupted; continue with `search resume toy`" in seen and "status=130" in seen


def test_run_on_eighty_columns_shows_a_pane_at_a_time_and_takes_a_variant(folder: Path) -> None:
    with terminal_in(folder, NARROW) as terminal:
        terminal.run("run", "toy.yaml", "--engine", "inline")
        seen = terminal.wait_for("toy ", "trial▼", "1 running", "COMPLETE", "q leave")
        assert "this machine" not in seen
        terminal.type("BTab")
        terminal.wait_for("this machine", "epoch  process")
        terminal.type("Tab", "Tab")
        terminal.wait_for("─trial ", "seed ")
        terminal.type("e")
        terminal.wait_for("enqueue x=0.")
        terminal.type("C-u", "x=0.3", "Enter")
        wait_until(lambda: any(trial.params["x"] == 0.3 for trial in trials(folder)))
        terminal.type("q")
        terminal.wait_for("the screen is left; the run goes on", "/400] trial ", "best 0.9")
        terminal.type("C-c")
        assert resumable(terminal.wait_until(resumable))


def test_run_on_two_hundred_columns_shows_all_and_is_stopped_by_a_key(folder: Path) -> None:
    with terminal_in(folder, WIDE) as terminal:
        terminal.run("run", "toy.yaml", "--engine", "inline")
        terminal.wait_for(
            "─ trials ─", "─ trial ", "─ best so far ─", "─ value by x ─", "─ workers ─"
        )
        driver = find_driver(folder / "studies/toy")
        assert driver
        terminal.wait_for(f" {driver.pid} ", "GiB")
        terminal.type("s")
        terminal.wait_for("stop? y")
        terminal.type("n")
        terminal.wait_until(lambda seen: "stop? y" not in seen)
        terminal.type("s")
        terminal.wait_for("stop? y")
        terminal.type("y")
        terminal.wait_until(resumable)
        terminal.type("stty -a", "Enter")
        assert " icanon " in terminal.wait_for(" icanon ")
    assert not screens_of(folder)


def test_ctrl_c_on_the_screen_is_the_run_s(folder: Path) -> None:
    (folder / "toy.yaml").write_text(SPACE.replace("sleep_s: 0.1", "sleep_s: 8"))
    with terminal_in(folder, NARROW) as terminal:
        terminal.run("run", "toy.yaml", "--engine", "inline")
        terminal.wait_for("1 running", "RUNNING")
        terminal.type("C-c")
        terminal.wait_for("stopping after the running epochs; Ctrl-C again stops now", "trial▼")
        terminal.type("C-c")
        terminal.wait_until(resumable)
    assert trials(folder)[0].state == "INTERRUPTED"


def test_a_run_survives_its_screen(folder: Path) -> None:
    with terminal_in(folder, NARROW) as terminal:
        terminal.run("run", "toy.yaml", "--engine", "inline")
        terminal.wait_for("COMPLETE")
        (screen,) = screens_of(folder)
        screen.kill()
        terminal.wait_for("the screen ended by an error; the run goes on", "/400] trial ")
        terminal.type("C-c")
        terminal.wait_until(resumable)
        terminal.type("stty -a", "Enter")
        assert " icanon " in terminal.wait_for(" icanon ")


def test_a_screen_ends_with_a_run_that_is_killed(folder: Path) -> None:
    with terminal_in(folder, NARROW) as terminal:
        terminal.run("run", "toy.yaml", "--engine", "inline")
        terminal.wait_for("COMPLETE")
        driver = find_driver(folder / "studies/toy")
        assert driver
        os.kill(driver.pid, signal.SIGKILL)
        wait_until(lambda: not screens_of(folder))
        terminal.type("stty -a", "Enter")
        assert "trial▼" not in terminal.wait_for(" icanon ", " echo ")


def test_watch_on_a_terminal_leaves_the_run_alone(folder: Path) -> None:
    run = start(folder, "run", "toy.yaml", "--engine", "inline")
    try:
        wait_until(lambda: find_driver(folder / "studies/toy") is not None)
        with terminal_in(folder, WIDE) as terminal:
            terminal.run("watch", "toy")
            terminal.wait_for("─ trials ─", "RUNNING", str(run.pid))
            terminal.type("q")
            terminal.wait_for("toy: no longer watched, the run goes on", "status=0")
            terminal.type("clear", "Enter")
            terminal.run("watch", "toy", "--plain")
            terminal.wait_for("Ctrl-C stops watching, not the run", "trial  epoch")
            terminal.type("C-c")
            terminal.wait_for("toy: no longer watched, the run goes on", "status=130")
        assert run.poll() is None
    finally:
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)


def test_plain_keeps_the_table_in_place(folder: Path) -> None:
    with terminal_in(folder, NARROW) as terminal:
        terminal.run("run", "toy.yaml", "--engine", "inline", "--plain")
        terminal.wait_for("trial  epoch", "1 running")
        assert not screens_of(folder)
        terminal.type("C-c")
        terminal.wait_until(resumable)


def test_keys_pause_a_run_end_a_trial_and_put_a_note_on_it(folder: Path) -> None:
    (folder / "toy.yaml").write_text(SPACE.replace("epochs: 5", "epochs: 2000"))
    with terminal_in(folder, WIDE) as terminal:
        terminal.run("run", "toy.yaml", "--engine", "inline")
        terminal.wait_for("1 running", "RUNNING", "1/2000")
        terminal.type("x")
        terminal.wait_for("end trial 0? y or n")
        terminal.type("y")
        terminal.wait_for("0 PRUNED", "1 running")
        terminal.type("End", "n")
        terminal.wait_for("note on trial 0:")
        terminal.type("by hand", "Enter")
        wait_until(lambda: trials(folder)[0].note == "by hand")
        terminal.type("p")
        terminal.wait_for("paused")
        terminal.type("p")
        terminal.wait_until(lambda seen: "· paused" not in seen)
        terminal.type("s")
        terminal.wait_for("stop? y")
        terminal.type("y")
        terminal.wait_until(resumable)
