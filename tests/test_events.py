"""A session as lines of JSON: what programs are told of it, and how it goes on without them."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from search.api.sessions import run as run_search
from tests.conftest import BASE
from tests.contracts import assert_keeps_to_schema, read_strictly
from tests.processes import ROOT, Search, command_in, process_in, start

SPACE = """\
study: toy
objective: toy:train
metric: {name: score, direction: maximize}
budget: {trials: 3}
sampler: {name: random, seed: 1}
pruner: {name: none}
parameters:
  x: {type: float, low: 0, high: 1}
"""
OBJECTIVE = """\
def train(params):
    for epoch in (1, 2, 3):
        print("epoch", epoch)
        yield {"score": params["x"] * epoch}
"""
INLINE = ("--engine", "inline", "--quiet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "toy.yaml").write_text(SPACE)
    (tmp_path / "toy.py").write_text(OBJECTIVE)
    return tmp_path


@pytest.fixture
def search(folder: Path) -> Search:
    return command_in(folder, PYTHONPATH=str(ROOT))


def told(result: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    """Read what was printed, each line of which must be an event."""
    events = [read_strictly(line) for line in result.stdout.splitlines()]
    for event in events:
        assert_keeps_to_schema(event, "events")
    return events


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


TRIAL = ["trial_started", "epoch", "epoch", "epoch", "trial_finished"]


def test_events_tell_a_session_from_its_start_to_its_end(
    folder: Path, engine: str, engine_flags: list[str]
) -> None:
    flags = [*engine_flags, "--quiet"]
    search = process_in(folder) if engine == "ray" else command_in(folder)
    result = search("run", "toy.yaml", "--events", *flags)
    assert result.returncode == 0, result.stderr
    events = told(result)
    assert kinds(events) == ["run_started", *3 * TRIAL, "run_ended"]
    assert (events[0]["study"], events[0]["n_trials"], events[0]["wanted"]) == ("toy", 0, 3)
    assert [event["epoch"] for event in events[2:5]] == [1, 2, 3]
    assert events[4]["metrics"]["score"] == events[5]["value"]
    assert (events[5]["state"], events[5]["reason"]) == ("COMPLETE", "")
    assert (events[-1]["reason"], events[-1]["exit_code"]) == ("the budget is spent", 0)


def test_events_of_resume_and_retry_go_on(search: Search) -> None:
    failing = ["--set", "objective=tests.toys:misbehaving"]
    way = "parameters={way: {type: categorical, choices: [raises]}}"
    events = told(search("run", "toy.yaml", "--events", *failing, "--set", way, *INLINE))
    ends = [event for event in events if event["event"] == "trial_finished"]
    assert {event["reason"] for event in ends} == {"error: RuntimeError: no such layer"}
    assert (events[-1]["event"], events[-1]["exit_code"]) == ("run_ended", 3)
    again = told(search("retry", "toy", "0", "--events", *INLINE))
    assert again[0]["n_trials"] == 3
    assert again[1]["trial"] == 3
    more = told(search("resume", "toy", "-n", "+1", "--events", *INLINE))
    assert [event["trial"] for event in more if "trial" in event] == [4] * 4


def test_events_of_a_session_with_nothing_to_run_are_its_end(search: Search) -> None:
    search("run", "toy.yaml", *INLINE)
    (event,) = told(search("resume", "toy", "--events", *INLINE))
    assert (event["event"], event["reason"]) == ("run_ended", "the budget is spent")


def test_events_tell_of_an_interruption_last(search: Search) -> None:
    interrupting = ["--set", "objective=tests.toys:interrupting"]
    result = search("run", "toy.yaml", "--events", *interrupting, *INLINE)
    assert result.returncode == 130
    events = told(result)
    assert kinds(events)[-2:] == ["trial_finished", "run_ended"]
    assert events[-2]["state"] == "INTERRUPTED"
    assert events[-1]["exit_code"] == 130


def test_reader_that_goes_away_does_not_end_the_run(folder: Path) -> None:
    with start(folder, "run", "toy.yaml", "--events", *INLINE) as process:
        assert process.stdout
        assert process.stderr
        first = read_strictly(process.stdout.readline())
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(timeout=60) == 0
    assert first["event"] == "run_started"
    assert "nobody reads the events any more" in said
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
    (listed,) = read_strictly(command_in(folder)("list", "--json").stdout)
    assert listed["complete"] == 3


def test_events_and_the_result_exclude_each_other(search: Search) -> None:
    result = search("run", "toy.yaml", "--events", "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "error: --events: cannot be given together with --json\n"


def test_events_are_given_to_a_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    events: list[Any] = []
    study = run_search(BASE, studies=tmp_path, engine="inline", quiet=True, on_event=events.append)
    ends = [event["value"] for event in events if event["event"] == "trial_finished"]
    assert max(ends) == study.best.value
