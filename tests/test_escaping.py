"""What a file or an objective says is shown as text, and rules neither terminal nor table."""

import ast
import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from search.columns import metric_name_problem
from search.text import printable
from tests.processes import Search, command_in, environment
from tests.test_imports import SOURCES

SPACE = """\
study: toy
objective: toy:train
metric: {name: score, direction: maximize}
budget: {trials: 2}
sampler: {name: grid}
pruner: {name: none}
parameters:
  way: {type: categorical, choices: ["\\e[31m[/]", "a\\r\\nb"]}
"""
OBJECTIVE = """\
def train(params):
    if "\\n" in params["way"]:
        raise RuntimeError("\\x1b[31mred\\x1b]0;title\\x07 \\u202e[/] :smile: \\udcff")
    yield {"score": 1.0}
"""
# Where texts are handed to a terminal; all others call these.
BOUNDARIES = {"search.text", "search.commands.output"}


@pytest.fixture
def search(tmp_path: Path) -> Search:
    (tmp_path / "toy.yaml").write_text(SPACE)
    (tmp_path / "toy.py").write_text(OBJECTIVE)
    return command_in(tmp_path)


def assert_plain(text: str) -> None:
    assert {c for c in text if not c.isprintable()} <= {"\n"}


def test_printable_escapes_what_does_not_print() -> None:
    assert printable("\x1b[31m\u202e\ud800\tä 😀\n") == "\\x1b[31m\\u202e\\ud800\\tä 😀\n"
    assert printable("a\nb", keep="") == "a\\nb"


def test_commands_show_no_control_character(search: Search) -> None:
    ran = search("run", "toy.yaml", "--engine", "inline")
    assert "RuntimeError: \\x1b[31mred\\x1b]0;title\\x07 \\u202e[/] :smile: \\udcff" in ran.stderr
    results = [ran, search("check", "toy.yaml")]
    results += [search("show", "toy", number) for number in ("0", "1")]
    results += [search(verb, "toy") for verb in ("show", "leaderboard", "summary")]
    results += [search("leaderboard", "toy", "--format", name) for name in ("md", "latex", "json")]
    assert [result.returncode for result in results] == [0] * len(results)
    for result in results:
        assert_plain(result.stdout + result.stderr)


def test_tables_for_programs_hold_what_is_there_a_row_each(search: Search) -> None:
    search("run", "toy.yaml", "--engine", "inline")
    rows = json.loads(search("leaderboard", "toy", "--json").stdout)
    assert [row["params_way"] for row in rows] == ["\x1b[31m[/]", "a\r\nb"]
    read = [*csv.DictReader(io.StringIO(search("export", "toy").stdout, newline=""))]
    assert [row["params_way"] for row in read] == ["\x1b[31m[/]", "a\r\nb"]


def test_error_on_a_terminal_shows_no_control_character(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text('"\\e[31mred": 1\n' + SPACE)
    ours, theirs = pty.openpty()  # where it is no terminal, click leaves such codes out
    done = subprocess.run(
        [sys.executable, "-m", "search", "check", "toy.yaml"],
        cwd=tmp_path,
        env={**environment(tmp_path), "NO_COLOR": "1"},
        stderr=theirs,
    )
    os.close(theirs)
    assert done.returncode == 2
    told = os.read(ours, 100_000).decode().replace("\r\n", "\n")
    assert told.startswith("error: toy.yaml:1:1: \\x1b[31mred: unknown key; valid: study, ")
    assert_plain(told)


def test_texts_reach_a_terminal_by_what_escapes_them() -> None:
    def prints(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        called = ast.unparse(node.func)
        return called in {"print", "typer.echo", "click.echo"} or (
            called == "Text" and bool(node.args)
        )

    found = {
        module
        for module, source in SOURCES.items()
        if module.startswith("search.") and any(map(prints, ast.walk(ast.parse(source))))
    }
    assert found - BOUNDARIES == {"search.cli"}  # the version


@pytest.mark.parametrize(
    "name",
    [
        *("rank", "state", "value", "trial", "seconds", "epoch", "reason", "front", "seed"),
        *("test_accuracy", "params_x", "", " ", "a\nb", "\x1b[31m", "\ud800", "x" * 201),
    ],
)
def test_metric_named_like_a_column_or_like_nothing_is_refused(name: str) -> None:
    assert metric_name_problem(name)


@pytest.mark.parametrize("name", ["val_accuracy", "Loss/train", "größe", "f1 (macro)", "param"])
def test_metric_of_any_other_name_is_taken(name: str) -> None:
    assert metric_name_problem(name) is None
