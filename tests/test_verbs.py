"""What else a user does with a study: stop, enqueue, retry, remove."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.studies.reader import StudyReader
from tests.contracts import assert_keeps_to_schema
from tests.processes import Search, command_in, environment, has_epoch

SPACE = """\
study: toy
objective: toy:train
settings: {epochs: 4}
metric: {name: score, direction: maximize}
budget: {trials: 4}
sampler: {name: random, seed: 1}
pruner: {name: none}
parameters:
  x: {type: float, low: 0, high: 1}
  way: {type: categorical, choices: [good, bad]}
  size: {type: int, low: 1, high: 5, when: {way: good}}
constraints: ["size < 4 or x < 0.5"]
start_from: [{way: good}, {way: bad}, {way: bad}]
"""
OBJECTIVE = """\
import pathlib, time

def train(params, epochs, sleep_s=0.0):
    for epoch in range(1, epochs + 1):
        if params["way"] == "bad" and epoch == 2 and not pathlib.Path("mended").exists():
            raise RuntimeError("out of luck")
        time.sleep(sleep_s)
        yield {"score": params["x"] * epoch}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "toy.yaml").write_text(SPACE)
    (tmp_path / "toy.py").write_text(OBJECTIVE)
    return tmp_path


@pytest.fixture
def search(folder: Path) -> Search:
    return command_in(folder)


def rows(search: Search) -> dict[int, dict[str, Any]]:
    table = json.loads(search("leaderboard", "toy", "--json").stdout)
    return {row["trial"]: row for row in table}


def start(
    folder: Path, *flags: str, settings: str = "{epochs: 400, sleep_s: 0.3}"
) -> "subprocess.Popen[str]":
    """Start a study of slow epochs and wait for its first one."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "search", "run", "toy.yaml"),
            *(flags or ("--engine", "inline")),
            *("--set", f"settings={settings}"),
        ],
        cwd=folder,
        env=environment(folder),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not has_epoch(folder / "studies/toy"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


@pytest.mark.parametrize("now", [False, True])
def test_stop_ends_a_running_study_that_can_go_on(
    folder: Path, search: Search, engine: str, engine_flags: list[str], now: bool
) -> None:
    process = start(folder, *engine_flags)
    started = time.monotonic()
    result = search("stop", "toy", "--json", *(["--now"] if now else []))
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert_keeps_to_schema(told, "stop")
    assert (told["pid"], told["ended"]) == (process.pid, now)
    assert f"process {process.pid} on " in result.stderr
    process.communicate(timeout=20)
    assert time.monotonic() - started < 10
    # While Ray shuts down, it sets SIGTERM back to what the system does: a second one that comes
    # just then ends the process at once, and what is recorded stays.
    killed = [-signal.SIGTERM] if now and engine == "ray" else []
    assert process.returncode in [130, *killed]
    (left,) = [row for row in rows(search).values() if row["state"] == "INTERRUPTED"]
    assert left["reason"].startswith("interrupted: ")


def test_stop_of_a_study_that_nobody_runs_says_so(search: Search) -> None:
    search("run", "toy.yaml", "--engine", "inline")
    for verb in (["stop", "toy"], ["stop", "toy", "--now"]):
        result = search(*verb)
        assert result.returncode == 2
        assert result.stderr == "error: toy is not running\n"


def test_second_driver_is_refused_and_a_killed_one_is_not_in_the_way(
    folder: Path, search: Search
) -> None:
    process = start(folder)
    result = search("resume", "toy", "--engine", "inline")
    assert result.returncode == 2
    assert f"toy is already running: process {process.pid} on " in result.stderr
    process.send_signal(signal.SIGKILL)
    process.communicate()
    result = search("resume", "toy", "--engine", "inline", "--time", "1s", "--quiet")
    # No trial of 400 epochs completes within the second; the one begun goes on.
    assert result.returncode == 3, result.stderr
    (trial,) = StudyReader.open("toy", folder / "studies").trials()
    assert trial.reason == "interrupted: the time budget was spent"
    assert trial.n_epochs > 1


def leave_lock(folder: Path, age_s: float) -> Path:
    """Leave the lock of a driver on another machine, which last touched it so long ago."""
    lock = folder / "studies" / "toy" / "lock"
    lock.write_text(json.dumps({"pid": 123, "host": "elsewhere"}))
    os.utime(lock, times=(time.time() - age_s,) * 2)
    return lock


def test_driver_on_another_machine_is_in_the_way_while_it_lives(
    folder: Path, search: Search
) -> None:
    search("run", "toy.yaml", "--engine", "inline")
    resume = ("resume", "toy", "--trials", "+1", "--engine", "inline")
    leave_lock(folder, age_s=5)
    result = search(*resume)
    assert result.returncode == 2
    assert "toy is already running: process 123 on elsewhere" in result.stderr
    assert "on another machine; stop it on elsewhere" in search("stop", "toy").stderr
    lock = leave_lock(folder, age_s=60)
    assert "toy is not running" in search("stop", "toy").stderr
    assert search(*resume).returncode == 0
    assert not lock.exists()


def test_lock_held_for_a_machine_that_is_gone_is_taken_over(folder: Path, search: Search) -> None:
    search("run", "toy.yaml", "--engine", "inline")
    with leave_lock(folder, age_s=60).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = search("resume", "toy", "--trials", "+1", "--engine", "inline")
    assert result.returncode == 0, result.stderr


def test_driver_whose_lock_was_taken_over_ends(folder: Path) -> None:
    process = start(folder)
    lock = folder / "studies" / "toy" / "lock"
    lock.unlink()
    leave_lock(folder, age_s=0)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert "elsewhere" in lock.read_text()


def test_enqueue_to_a_saved_study_is_tried_next(search: Search) -> None:
    search("run", "toy.yaml", "--engine", "inline")
    result = search("enqueue", "toy", "x=0.125", "way=good", "size=5")
    assert result.returncode == 0, result.stderr
    assert "toy: trial 4 will try it" in result.stderr
    assert "search resume toy --trials +1" in result.stderr
    assert 4 not in rows(search)
    assert search("resume", "toy", "--trials", "+1", "--engine", "inline").returncode == 0
    row = rows(search)[4]
    assert (row["params_x"], row["params_way"], row["params_size"]) == (0.125, "good", 5)


def test_enqueue_to_a_running_study_is_tried_by_it(folder: Path, search: Search) -> None:
    process = start(folder, settings="{epochs: 3, sleep_s: 0.5}")
    result = search("enqueue", "toy", "x=0.125", "way=good")
    assert result.stderr == "toy: trial 3 will try it\n"
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    row = rows(search)[3]
    assert (row["params_x"], row["state"]) == (0.125, "COMPLETE")


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (["y=1"], "y: unknown parameter 'y'; valid: x, way, size"),
        (["x=2"], "x: a value in the space must be given, got 2; valid: float from 0.0 to 1.0"),
        (["way=bad", "size=2"], "size: must be left out, as its 'when' does not hold here"),
        (["x=0.9", "size=5"], "the constraint 'size < 4 or x < 0.5' must hold, got size=5, x=0.9"),
        (["x"], "x: key=value must hold, as in filters=32"),
    ],
)
def test_enqueue_of_an_impossible_point_is_refused(
    search: Search, point: list[str], message: str
) -> None:
    search("run", "toy.yaml", "--engine", "inline", "--trials", "1")
    result = search("enqueue", "toy", *point)
    assert (result.returncode, result.stderr) == (2, f"error: {message}\n")


def test_retry_runs_failed_trials_again_once(folder: Path, search: Search) -> None:
    search("run", "toy.yaml", "--engine", "inline")
    failed = {n: row for n, row in rows(search).items() if row["state"] == "FAIL"}
    assert len(failed) >= 2
    (folder / "mended").touch()
    result = search("retry", "toy", "--engine", "inline")
    assert result.returncode == 0, result.stderr
    again = {n: row for n, row in rows(search).items() if n >= 4}
    assert {row["state"] for row in again.values()} == {"COMPLETE"}
    assert [row["params_x"] for row in again.values()] == [
        row["params_x"] for row in failed.values()
    ]
    result = search("retry", "toy", "--engine", "inline")
    assert result.returncode == 2
    assert "toy: no failed trials to retry" in result.stderr


def test_retry_of_what_failed_twice_of_the_same_needs_its_number(search: Search) -> None:
    search("run", "toy.yaml", "--engine", "inline")
    n_failed = sum(row["state"] == "FAIL" for row in rows(search).values())
    search("retry", "toy", "--engine", "inline")
    n_trials = len(rows(search))
    assert n_trials == 4 + n_failed
    result = search("retry", "toy", "--engine", "inline")
    assert result.returncode == 2
    assert "a trial that failed twice for the same reason" in result.stderr
    search("retry", "toy", str(n_trials - 1), "--engine", "inline")
    assert len(rows(search)) == n_trials + 1


def test_run_beside_another_says_so_and_remove_of_that_is_refused(
    folder: Path, search: Search
) -> None:
    process = start(folder)
    result = search("run", "toy.yaml", "--name", "other", "-n", "1", "--engine", "inline")
    assert (
        "other: toy also runs on this machine; use --workers to share its cores\n" in result.stderr
    )
    result = search("remove", "toy", "--yes")
    assert result.returncode == 2
    assert "is already running" in result.stderr
    process.kill()
    process.communicate()


def test_retry_takes_numbers_and_kinds(folder: Path, search: Search) -> None:
    search("run", "toy.yaml", "--engine", "inline")
    (folder / "mended").touch()
    assert "no failed trials" in search("retry", "toy", "--kind", "out_of_memory").stderr
    assert "did you mean 'timeout'" in search("retry", "toy", "--kind", "timout").stderr
    assert "a failed trial must be given, got 0; valid: 1, 2" in search("retry", "toy", "0").stderr
    assert search("retry", "toy", "2", "--engine", "inline").returncode == 0
    assert rows(search)[4]["params_x"] == rows(search)[2]["params_x"]


def test_remove_asks_first(folder: Path, search: Search) -> None:
    search("run", "toy.yaml", "--engine", "inline")
    result = search("remove", "toy", input_="n\n")
    assert result.returncode == 2
    assert "delete studies/toy and its 4 trials?" in result.stdout
    assert (folder / "studies" / "toy").exists()
    assert search("remove", "toy", input_="y\n").returncode == 0
    assert not (folder / "studies" / "toy").exists()
    search("run", "toy.yaml", "--engine", "inline")
    assert search("remove", "toy", "--yes").returncode == 0
    assert not (folder / "studies" / "toy").exists()


def test_list_shows_the_studies_of_a_database(
    folder: Path, search: Search, postgres: Callable[[], str]
) -> None:
    url = postgres()
    for name in ("one", "two"):
        result = search(
            *("run", "toy.yaml", "--name", name, "--engine", "inline", "--set", f"storage={url}")
        )
        assert result.returncode == 0, result.stderr
    listed = json.loads(search("list", "--storage", url, "--json").stdout)
    assert [study["study"] for study in listed] == ["one", "two"]
    local = json.loads(search("list", "--json").stdout)
    # A session that rests is known from the study's folder only.
    assert not any(study.pop("paused") for study in local)
    assert [{**s, "changed": ""} for s in listed] == [{**s, "changed": ""} for s in local]
    assert "score" in search("list", "--storage", url).stdout
    assert search("remove", "one", "--yes").returncode == 0
    assert "one" not in search("list", "--storage", url).stdout


def test_list_of_a_database_out_of_reach_says_so(search: Search) -> None:
    result = search("list", "--storage", "postgresql://me:secret@127.0.0.1:9/none")
    assert result.returncode == 2
    assert result.stderr.startswith("error: storage: a database within reach must be given, got ")
    assert "Traceback" not in result.stderr
    assert "secret" not in result.stderr


def test_warm_start_informs_the_sampler_and_adds_no_trials(folder: Path, search: Search) -> None:
    (folder / "mended").touch()
    search("run", "toy.yaml", "--engine", "inline", "--trials", "30", "--name", "old")
    narrow = ["--set", "parameters.x.low=0.5", "--set", "start_from=[]", "--set", "constraints=[]"]
    tpe = ["--sampler", "tpe", "--trials", "6", "--engine", "inline"]
    result = search("run", "toy.yaml", *tpe, *narrow, "--warm-start", "old")
    assert result.returncode == 0, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if "inform the sampler" in line]
    n_carried = int(re.findall(r"toy: (\d+) of 30 trials of old", line)[0])
    assert 5 < n_carried < 25
    warm = rows(search)
    assert sorted(warm) == list(range(6))
    assert min(row["params_x"] for row in warm.values()) >= 0.5
    # TPE starts at once where the old trials were good: at the upper end.
    assert sum(row["params_x"] for row in warm.values()) / 6 > 0.8
    assert search("resume", "toy", "--trials", "+2", "--engine", "inline").returncode == 0
    assert sorted(rows(search)) == list(range(8))
    listed = json.loads(search("list", "--json").stdout)
    assert [(facts["study"], facts["trials"]) for facts in listed] == [("old", 30), ("toy", 8)]


def test_warm_start_from_another_metric_is_refused_and_leaves_nothing(
    folder: Path, search: Search
) -> None:
    search("run", "toy.yaml", "--engine", "inline", "--name", "old")
    other = ["--set", "metric.direction=minimize", "--warm-start", "old"]
    result = search("run", "toy.yaml", *other)
    assert result.returncode == 2
    assert result.stderr == (
        "error: --warm-start old: the metric must be score, minimize, got score, maximize\n"
    )
    assert not (folder / "studies" / "toy").exists()


def test_list_shows_a_study_once_whatever_became_of_its_space(
    folder: Path, search: Search, postgres: Callable[[], str]
) -> None:
    text = SPACE + f"storage: {postgres()}\n"
    (folder / "toy.yaml").write_text(text)
    (folder / "wide.yaml").write_text(text.replace("high: 1}", "high: 2}"))
    search("run", "toy.yaml", "--engine", "inline")
    search("resume", "toy", "--space", "wide.yaml", "--trials", "+1", "--engine", "inline")
    url = text.split("storage: ")[1].strip()
    (listed,) = json.loads(search("list", "--storage", url, "--json").stdout)
    assert (listed["study"], listed["trials"]) == ("toy", 5)


def test_list_of_no_database_says_so_and_makes_no_file(folder: Path, search: Search) -> None:
    before = sorted(folder.iterdir())
    result = search("list", "--storage", "journal")
    assert (result.returncode, result.stderr) == (
        2,
        "error: --storage: the URL of a database must be given, got 'journal'\n",
    )
    assert sorted(folder.iterdir()) == before
