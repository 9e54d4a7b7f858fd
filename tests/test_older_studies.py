"""Studies that earlier versions of this project made: every verb reads them, a run goes on.

The second one has two versions of its space, infeasible trials, one of them tried again, a
trial with a checkpoint and test metrics, and a point that waits.
"""

import json
import shutil
from pathlib import Path

import pytest

from search.studies.reader import StudyReader
from tests.processes import command_in
from tests.reports import GOLDEN

NAME = "first_version"
SECOND = "second_version"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give copies of both studies; the first one has no checkpoints."""
    for name in (NAME, SECOND):
        shutil.copytree(GOLDEN / name, tmp_path / "studies" / name)
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
        f"show {SECOND}",
        f"show {SECOND} 1",
        f"show {SECOND} 1 --layers",
        f"leaderboard {SECOND}",
        f"summary {SECOND}",
        f"compare {SECOND} 1 10",
        f"ladder {SECOND} 1 10",
        f"report {SECOND}",
        f"export {SECOND}",
        f"evaluate {SECOND}",
        f"predict {SECOND} studies/{SECOND}/trials/0001/worst/13.png",
        f"export-model {SECOND} -o model.pt2",
        f"keep {SECOND} 1",
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


def test_second_study_has_all_it_recorded(folder: Path) -> None:
    search = command_in(folder)
    rows = {
        row["trial"]: row
        for row in json.loads(search("export", SECOND, "--format", "json").stdout)
    }
    assert {n for n, row in rows.items() if row["state"] == "COMPLETE"} == {1, 10}
    assert {n for n, row in rows.items() if row["state"] == "FAIL"} == {0, 4, 7, 13}
    assert {n for n, row in rows.items() if row["space"] == 2} == {9, 10, 11, 12, 13}
    assert rows[1]["rank"] == 1
    assert rows[1]["test_accuracy"] == 0.9331476323119777
    assert rows[1]["params_batch_size"] == 64
    shown = json.loads(search("show", SECOND, "1", "--json").stdout)
    assert shown["value"] == 0.95
    assert len(shown["values"]) == 4


def test_second_study_goes_on_with_the_point_that_waits(folder: Path) -> None:
    search = command_in(folder)
    result = search("resume", SECOND, "--trials", "+1", "--engine", "inline")
    assert result.returncode == 0, result.stderr
    rows = json.loads(search("export", SECOND, "--format", "json").stdout)
    (newest,) = [row for row in rows if row["trial"] == 14]
    assert newest["params_kernel_size"] == 2


@pytest.mark.parametrize(("name", "number", "n_epochs"), [(NAME, 3, 3), (SECOND, 1, 4)])
def test_older_study_has_its_epochs_from_its_files(
    folder: Path, name: str, number: int, n_epochs: int
) -> None:
    study = StudyReader.open(name, folder / "studies")
    history, trial = study.history(number), study.trial(number)
    assert [row["epoch"] for row in history] == list(range(1, n_epochs + 1))
    assert {row["epoch"]: row["val_accuracy"] for row in history} == trial.values
    (best,) = [row for row in history if row["epoch"] == trial.best_epoch]
    assert {name: best[name] for name in trial.metrics} == trial.metrics


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
    study = StudyReader.open(NAME, folder / "studies")
    assert study.optuna_study.metric_names == [study.spec.metric.name]


def test_study_of_a_newer_version_is_refused_with_the_key(folder: Path) -> None:
    space = folder / "studies" / NAME / "space.yaml"
    space.write_text(space.read_text() + "telepathy: 3\n")
    result = command_in(folder)("show", NAME)
    assert result.returncode == 2
    assert "telepathy: unknown key" in result.stderr
    assert "a newer version of search" in result.stderr
