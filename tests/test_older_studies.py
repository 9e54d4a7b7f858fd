"""A study that the first version of this project made: every verb reads it, a run goes on."""

import json
import shutil
from pathlib import Path

import pytest

from search.studies.study import Study
from tests.processes import command_in
from tests.reports import GOLDEN

NAME = "first_version"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a copy of the study: three trials complete, one pruned, one failed; no checkpoints."""
    shutil.copytree(GOLDEN / NAME, tmp_path / "studies" / NAME)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "list",
        f"show {NAME}",
        f"show {NAME} 3",
        f"leaderboard {NAME}",
        f"summary {NAME}",
        f"compare {NAME} 0 3",
        f"ladder {NAME} 0 1 3",
        f"report {NAME}",
        f"export {NAME}",
    ],
)
def test_older_study_is_read_by(folder: Path, words: str) -> None:
    result = command_in(folder)(*words.split())
    assert result.returncode == 0, result.stderr
    assert "warning" not in result.stderr


def test_older_study_has_all_it_recorded(folder: Path) -> None:
    rows = json.loads(command_in(folder)("export", NAME, "--format", "json").stdout)
    states = {row["trial"]: row["state"] for row in rows}
    assert states == {3: "COMPLETE", 1: "COMPLETE", 0: "COMPLETE", 4: "PRUNED", 2: "FAIL"}
    assert rows[0]["val_accuracy"] == 0.96875
    assert rows[0]["params_filters"] == 32


@pytest.mark.parametrize("verb", ["evaluate", "predict"])
def test_older_study_without_checkpoints_says_so(folder: Path, verb: str) -> None:
    images = ["some.png"] if verb == "predict" else []
    result = command_in(folder)(verb, NAME, *images)
    assert result.returncode == 2
    assert "best.pt" in result.stderr
    assert "Traceback" not in result.stderr


def test_older_study_goes_on(folder: Path) -> None:
    search = command_in(folder)
    result = search("resume", NAME, "--trials", "+1", "--engine", "inline")
    assert result.returncode == 0, result.stderr
    rows = json.loads(search("export", NAME, "--format", "json").stdout)
    assert len(rows) == 6
    study = Study.open(NAME, folder / "studies")
    assert study.optuna_study.metric_names == [study.spec.metric.name]


def test_study_of_a_newer_version_is_refused_with_the_key(folder: Path) -> None:
    space = folder / "studies" / NAME / "space.yaml"
    space.write_text(space.read_text() + "telepathy: 3\n")
    result = command_in(folder)("show", NAME)
    assert result.returncode == 2
    assert "telepathy: unknown key" in result.stderr
    assert "a newer version of search" in result.stderr
