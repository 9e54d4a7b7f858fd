"""Commands that are named to the user work when they are copied, wherever a study lies."""

import re
import shlex
import signal
from pathlib import Path

import pytest

from search.studies.folder import study_command
from tests.processes import ROOT, Search, command_in, has_epoch, start

SPACE = """\
study: toy
objective: tests.toys:quadratic
settings: {epochs: 3, sleep_s: 0}
metric: {name: score, direction: maximize}
budget: {trials: 3}
sampler: {name: random, seed: 1}
pruner: {name: none}
parameters:
  x: {type: float, low: 0, high: 1}
"""
ELSEWHERE = "my studies"
VERBS = [
    ["list"],
    ["show", "STUDY"],
    ["show", "STUDY", "0"],
    ["leaderboard", "STUDY"],
    ["summary", "STUDY"],
    ["compare", "STUDY", "0", "1"],
    ["ladder", "STUDY", "0", "1"],
    ["ladder", "STUDY", "0"],
    ["watch", "STUDY"],
    ["enqueue", "STUDY", "x=0.5"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Run a study into a folder elsewhere, and rename it."""
    (tmp_path / "my space.yaml").write_text(SPACE)
    flags = ["--engine", "inline", "--studies", ELSEWHERE, "-q"]
    run = command_in(tmp_path, PYTHONPATH=str(ROOT))
    assert run("run", "my space.yaml", *flags).returncode == 0
    (tmp_path / ELSEWHERE / "toy").rename(tmp_path / ELSEWHERE / "it's mine")
    return tmp_path


@pytest.fixture
def search(folder: Path) -> Search:
    return command_in(folder, PYTHONPATH=str(ROOT))


def named(text: str) -> list[str]:
    """Find the commands of `search` that a message names."""
    after = re.findall(r"^(?:next: |      )(search .+)$", text, re.MULTILINE)
    return [*after, *re.findall(r"`(search [^`]+)`", text)]


def assert_works(search: Search, command: str) -> None:
    words = shlex.split(command)[1:]
    inline = ["--engine", "inline"] if words[0] in ("run", "resume") else []
    result = search(*words, *inline)
    assert result.returncode == 0, f"{command}: {result.stderr}"


@pytest.mark.parametrize("place", ["flag", "path", "variable"])
def test_commands_named_next_work(folder: Path, search: Search, place: str) -> None:
    study = "it's mine"
    where = ["--studies", ELSEWHERE] if place == "flag" else []
    if place == "path":
        study = f"{ELSEWHERE}/{study}"
    if place == "variable":
        search = command_in(folder, PYTHONPATH=str(ROOT), SEARCH_STUDIES=ELSEWHERE)
    commands = set()
    for verb in VERBS:
        if verb == ["list"] and place == "path":
            continue
        result = search(*[study if word == "STUDY" else word for word in verb], *where)
        assert result.returncode == 0, result.stderr
        found = named(result.stderr)
        assert found, verb
        commands.update(found)
    for command in sorted(commands):
        assert_works(search, command)


def test_interrupted_run_names_a_command_that_goes_on(folder: Path, search: Search) -> None:
    slow = ["--set", "settings={epochs: 100, sleep_s: 0.1}", "--studies", ELSEWHERE]
    process = start(folder, "run", "my space.yaml", "--engine", "inline", *slow, "-n", "1")
    while not has_epoch(folder / ELSEWHERE / "toy"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    (command,) = [line for line in named(stderr) if " resume " in line]
    assert command == study_command(Path(ELSEWHERE, "toy"), "resume")
    assert search("show", *shlex.split(command)[2:]).returncode == 0


def test_run_of_a_study_that_exists_names_a_command_that_goes_on(search: Search) -> None:
    flags = ["--engine", "inline", "--studies", ELSEWHERE, "--name", "toy"]
    assert search("run", "my space.yaml", *flags).returncode == 0
    result = search("run", "my space.yaml", *flags)
    assert result.returncode == 2
    (command,) = [line for line in named(result.stderr) if " resume " in line]
    assert_works(search, command)


def test_check_names_a_run_of_the_same_search(search: Search) -> None:
    result = search("check", "my space.yaml", "--set", "study=other")
    commands = named(result.stderr)
    assert commands == [
        "search check 'my space.yaml' --try --set study=other",
        "search run 'my space.yaml' --set study=other",
    ]
    for command in commands:
        assert_works(search, command)


def test_study_may_be_the_current_folder(folder: Path, search: Search) -> None:
    result = command_in(folder / ELSEWHERE / "it's mine")("show", ".")
    (command,) = named(result.stderr)
    assert_works(search, command)


def test_command_is_named_where_the_current_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "job"  # as Ray's of a job, once the session has ended
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    command = study_command(tmp_path / "studies" / "toy", "resume")
    assert command == f"search resume toy --studies {tmp_path / 'studies'}"
