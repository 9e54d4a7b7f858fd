"""`search init`, and spaces found by name: what a user has right after `pip install`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from search.spaces.space_file import load_space_file
from tests.conftest import ROOT
from tests.processes import Search, command_in, environment

SHIPPED = sorted(path.stem for path in (ROOT / "spaces").glob("*.yaml"))


@pytest.fixture
def search(tmp_path: Path) -> Search:
    return command_in(tmp_path)


def next_lines(stderr: str) -> list[str]:
    """List the commands that are named as the next ones, as words after `search`."""
    text = stderr.partition("next: ")[2]
    return [line.strip().removeprefix("search ") for line in text.splitlines()]


@pytest.mark.parametrize("objective", [True, False])
def test_init_writes_what_runs_at_once(search: Search, tmp_path: Path, objective: bool) -> None:
    result = search("init", "made here", *["--objective"] * objective)
    assert result.returncode == 0, result.stderr
    check, run = next_lines(result.stderr)
    assert (check, run) == (
        "check 'made here/mine.yaml' --try",
        "run 'made here/mine.yaml'",
    )
    few = ["--engine", "inline", "-q", "-n", "1", "--set", "settings.epochs=1"]
    here = command_in(tmp_path / "made here")
    result = here("run", "mine.yaml", *few, "--pruner", "none")
    assert result.returncode == 0, result.stderr
    assert result.stderr.startswith("1 trial: 1 complete\n")
    assert (tmp_path / "made here" / "mine.py").exists() == objective


def test_init_copies_a_shipped_space_that_says_how_to_run_it_there(
    search: Search, tmp_path: Path
) -> None:
    assert search("init", "--from", "small_cnn").returncode == 0
    copy = tmp_path / "small_cnn.yaml"
    assert load_space_file(copy) == load_space_file(ROOT / "spaces" / "small_cnn.yaml")
    text = copy.read_text()
    assert "#   search run small_cnn.yaml\n" in text
    assert "spaces/" not in text
    first = text.splitlines()[0]
    schema = tmp_path / first.removeprefix("# yaml-language-server: $schema=")
    assert json.loads(schema.read_text())["properties"]["objective"]


@pytest.mark.parametrize("option", [[], ["--objective"], ["--from", "small_cnn"]])
def test_init_overwrites_nothing(search: Search, tmp_path: Path, option: list[str]) -> None:
    assert search("init", *option).returncode == 0
    written = {path: path.read_text() for path in tmp_path.iterdir()}
    result = search("init", *option)
    assert result.returncode == 2
    assert ".yaml: exists, and nothing is overwritten; valid: another folder" in result.stderr
    assert {path: path.read_text() for path in tmp_path.iterdir()} == written


def test_init_writes_nothing_where_one_of_its_files_exists(search: Search, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("mine = 1\n")
    assert search("init", "--objective").returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_init_keeps_a_schema_that_is_there(search: Search, tmp_path: Path) -> None:
    (tmp_path / "space.schema.json").write_text("{}")
    assert search("init").returncode == 0
    assert (tmp_path / "space.schema.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["init", "--from", "small_cn"],
         "small_cn: no space of this name comes with search; did you mean 'small_cnn'; valid: "),
        (["init", "--from", "small_cnn", "--objective"], "--from: a space that comes with search"),
        (["check", "small_cn"], "small_cn: a space file must exist, none found; did you mean "
         "'small_cnn', which comes with search"),
        (["run", "spaces/small_cnn.yaml"], "none found; did you mean 'small_cnn', which comes"),
        (["check", "nothing.yaml"], "nothing.yaml: a space file must exist, none found\n"),
    ],
)  # fmt: skip
def test_name_that_leads_nowhere_is_told(
    search: Search, arguments: list[str], message: str
) -> None:
    result = search(*arguments)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_shipped_space_is_found_by_name_and_a_file_comes_first(
    search: Search, tmp_path: Path
) -> None:
    (tmp_path / "mnist_mlp").mkdir()  # a folder is no space file
    result = search("check", "mnist_mlp", "--set", "settings.data={name: digits}")
    assert result.returncode == 0, result.stderr
    said = "mnist_mlp: the space of this name that comes with search, "
    assert result.stderr.count(said) == 1
    assert next_lines(result.stderr)[0].startswith("run mnist_mlp --set ")
    search("init", "--objective")
    (tmp_path / "mine.yaml").rename(tmp_path / "small_cnn")
    result = search("check", "small_cnn")
    assert result.returncode == 0, result.stderr
    assert "comes with search" not in result.stderr
    assert "mine:train" in result.stdout


def test_wheel_has_all_that_is_needed_to_begin(tmp_path: Path) -> None:
    source, installed, home = tmp_path / "source", tmp_path / "installed", tmp_path / "home"
    for name in ("search", "objectives", "spaces"):
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=leave)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(home)]
    subprocess.run([*build, str(source)], check=True, capture_output=True)
    (wheel,) = home.glob("*.whl")
    shutil.unpack_archive(wheel, installed, "zip")
    shutil.rmtree(source)
    done = subprocess.run(
        [sys.executable, "-m", "search", "check", "small_cnn"],
        cwd=home,
        env={**environment(tmp_path), "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = f"small_cnn: the space of this name that comes with search, {installed}/search/"
    assert done.stderr.startswith(found)
    assert "ImageClassifier" in done.stdout
    shipped = sorted(path.stem for path in (installed / "search/spaces/shipped").glob("*.yaml"))
    assert shipped == SHIPPED
