"""The command line as a user meets it: output, messages, exit codes, files."""

import csv
import json
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest

from search.commands.options import STUDIES
from tests.processes import (
    Search,
    command_in,
    environment,
    has_epoch,
    process_in,
    wait_until_nothing_is_left,
)

SPACE = """\
study: toy
objective: toy:train
settings: {epochs: 3}
metric: {name: score, direction: maximize}
budget: {trials: 5}
sampler: {name: random, seed: 1}
pruner: {name: none}
parameters:
  x: {type: float, low: 0, high: 1}
  way: {type: categorical, choices: [good, bad]}
"""
OBJECTIVE = """\
import time

def train(params, epochs, sleep_s=0.0):
    for epoch in range(1, epochs + 1):
        if params["way"] == "bad" and epoch == 2:
            raise RuntimeError("out of luck")
        time.sleep(sleep_s)
        yield {"score": params["x"] * epoch, "val_loss": 1 / epoch}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's own folder: a space file and a ten-line objective."""
    (tmp_path / "toy.yaml").write_text(SPACE)
    (tmp_path / "toy.py").write_text(OBJECTIVE)
    return tmp_path


@pytest.fixture
def search(folder: Path) -> Search:
    return command_in(folder)


@pytest.fixture
def studied(search: Search) -> Search:
    """The same, after one inline run with failures among its trials."""
    result = search("run", "toy.yaml", "--engine", "inline", "-n", "8")
    assert result.returncode == 0, result.stderr
    return search


@pytest.mark.ray
def test_run_own_objective_under_ray_prints_table_and_leaves_nothing_else(folder: Path) -> None:
    result = process_in(folder)("run", "toy.yaml")
    assert result.returncode == 0, result.stderr
    assert "rank" in result.stdout
    assert result.stderr.count("\n[") + result.stderr.startswith("[") == 5
    assert "next: search show toy" in result.stderr
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == {
        "toy.py",
        "toy.yaml",
        "studies",
    }
    assert {path.name for path in (folder / "studies" / "toy").iterdir()} == {
        "space.yaml",
        "study.journal",
        "trials",
        "leaderboard.csv",
    }
    wait_until_nothing_is_left(folder)


def test_run_existing_study_is_not_overwritten(folder: Path, studied: Search) -> None:
    before = (folder / "studies" / "toy" / "study.journal").read_bytes()
    result = studied("run", "toy.yaml", "--engine", "inline")
    assert result.returncode == 2
    assert result.stderr.startswith("error: studies/toy: a study of this name exists")
    assert "`--name NAME`" in result.stderr
    assert (folder / "studies" / "toy" / "study.journal").read_bytes() == before


def test_run_flags_override_the_file(folder: Path, search: Search) -> None:
    flags = ["--name", "other", "--seed", "7", "--set", "settings.epochs=2", "-q"]
    result = search("run", "toy.yaml", "--engine", "inline", "-n", "2", *flags)
    assert result.returncode == 0, result.stderr
    text = (folder / "studies" / "other" / "space.yaml").read_text()
    assert "seed: 7" in text
    assert "epochs: 2" in text
    assert "[1/2]" not in result.stderr


def test_run_no_trial_completed_exits_3(search: Search) -> None:
    result = search(
        "run",
        "toy.yaml",
        "--engine",
        "inline",
        "--trials",
        "4",
        "--set",
        "parameters.way.choices=[bad]",
    )
    assert result.returncode == 3
    assert "toy: no trial completed" in result.stderr
    assert "RuntimeError: out of luck" in result.stderr
    assert "Traceback" not in result.stderr


def test_run_ends_when_too_many_trials_in_a_row_failed(search: Search) -> None:
    result = search(
        "run",
        "toy.yaml",
        "--engine",
        "inline",
        "--set",
        "parameters.way.choices=[bad]",
        "--trials",
        "100",
        "--set",
        "failures.max_failures=3",
    )
    assert result.returncode == 3
    assert result.stderr.splitlines()[-1] == (
        "error: stopped after 3 failed trials in a row (failures.max_failures): error: "
        "RuntimeError: out of luck"
    )
    assert len(json.loads(search("leaderboard", "toy", "--json").stdout)) == 3


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["--engine", "rya"],
            "error: --engine: an engine must be given, got 'rya'; did you mean 'ray'; "
            "valid: ray, inline\n",
        ),
        (
            ["--set", "budget.trails=3"],
            "error: --set budget.trails=3: budget.trails: unknown key; did you mean 'trials'; "
            "valid: trials, time, trial_time, until\n",
        ),
        (
            ["--trials", "0"],
            "error: --trials 0: budget.trials: a value above 0 must be given, got 0\n",
        ),
    ],
)
def test_run_wrong_flag_exits_2_and_makes_no_study(
    folder: Path, search: Search, args: list[str], message: str
) -> None:
    result = search("run", "toy.yaml", *args)
    assert (result.returncode, result.stderr) == (2, message)
    assert not (folder / "studies").exists()


@pytest.mark.ray
def test_run_without_the_resources_leaves_no_study(
    folder: Path, search: Search, ray_address: str
) -> None:
    wanted = ["--set", "resources.gpus_per_trial=64", "--address", ray_address]
    result = search("run", "toy.yaml", *wanted)
    assert result.returncode == 2
    assert result.stderr.startswith(
        "error: resources: a trial must fit on one node, it needs 1 CPU and 64"
    )
    assert not (folder / "studies" / "toy").exists()


@pytest.mark.parametrize(
    ("flags", "where"),
    [
        (["--workers", "2"], "--workers"),
        (["--set", "resources.workers=2"], "--set resources.workers"),
    ],
)
def test_run_inline_with_several_workers_is_refused(
    search: Search, folder: Path, flags: list[str], where: str
) -> None:
    result = search("run", "toy.yaml", "--engine", "inline", *flags)
    assert result.returncode == 2
    expected = f"error: {where}: the inline engine runs one trial at a time, got 2\n"
    assert result.stderr == expected
    assert not (folder / "studies" / "toy").exists()


def test_run_missing_file_says_so(search: Search) -> None:
    result = search("run", "nothing.yaml")
    assert result.returncode == 2
    assert result.stderr == "error: nothing.yaml: a space file must exist, none found\n"


def test_run_interrupted_exits_130_and_says_how_to_go_on(folder: Path) -> None:
    settings = "settings={epochs: 1000, sleep_s: 0.05}"
    process = start(folder, "run", "toy.yaml", "--engine", "inline", "--set", settings)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    with (folder / "studies" / "toy" / "leaderboard.csv").open() as file:
        reasons = {row["reason"] for row in csv.DictReader(file) if row["state"] == "INTERRUPTED"}
    assert reasons == {"interrupted: interrupted by the user"}


def start(folder: Path, *args: str) -> "subprocess.Popen[str]":
    """Start a run and wait until it has recorded an epoch."""
    process = subprocess.Popen(
        [sys.executable, "-m", "search", *args],
        cwd=folder,
        env=environment(folder),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not has_epoch(folder / "studies" / "toy") and time.monotonic() < deadline:
        time.sleep(0.05)
    return process


def test_resume_after_kill_runs_what_was_left(folder: Path, search: Search) -> None:
    settings = "settings={epochs: 3, sleep_s: 0.2}"
    process = start(folder, "run", "toy.yaml", "--engine", "inline", "--set", settings)
    process.kill()
    process.communicate(timeout=30)
    result = search("resume", "toy", "--engine", "inline")
    assert result.returncode == 0, result.stderr
    rows = json.loads(search("leaderboard", "toy", "--json").stdout)
    assert sorted(row["trial"] for row in rows) == [0, 1, 2, 3, 4]
    assert {row["n_epochs"] for row in rows if row["state"] == "COMPLETE"} == {3}
    assert {row["state"] for row in rows} <= {"COMPLETE", "FAIL"}


def test_resume_finished_study_with_more_budget_extends_it(studied: Search) -> None:
    assert studied("resume", "toy", "--engine", "inline", "-n", "+2").returncode == 0
    assert len(json.loads(studied("leaderboard", "toy", "--json").stdout)) == 10
    again = studied("resume", "toy", "--engine", "inline")
    assert again.returncode == 0
    assert "the budget of trials is spent; add trials with --trials +20" in again.stderr


def test_check_describes_the_space(search: Search) -> None:
    result = search("check", "toy.yaml")
    assert result.returncode == 0
    assert "size        continuous (x)" in result.stdout
    assert "budget      5 trials, up to 3 epochs each" in result.stdout
    assert "good, bad" in result.stdout
    assert result.stderr == "next: search check toy.yaml --try\n      search run toy.yaml\n"


def test_list_shows_trials_by_state_and_best_value(studied: Search) -> None:
    (facts,) = json.loads(studied("list", "--json").stdout)
    assert facts["study"] == "toy"
    assert facts["trials"] == 8 == facts["complete"] + facts["fail"]
    assert facts["fail"] > 0
    table = studied("list").stdout
    assert "toy" in table
    assert f"{facts['best']:.4f}" in table


def test_list_no_studies_says_so(search: Search) -> None:
    result = search("list")
    assert result.returncode == 0
    assert result.stderr.startswith(f"no studies in {STUDIES}\n")


def test_show_study_and_trial(studied: Search) -> None:
    rows = json.loads(studied("leaderboard", "toy", "--json").stdout)
    assert "out of luck" in studied("show", "toy").stdout
    best = studied("show", "toy", str(rows[0]["trial"])).stdout
    assert "state       COMPLETE" in best
    assert "Epochs" in best
    failed = studied("show", "toy", str(rows[-1]["trial"])).stdout
    assert "FAIL – error: RuntimeError: out of luck" in failed
    assert "error.txt" in failed


def test_show_unknown_study_proposes_the_nearest(studied: Search) -> None:
    result = studied("show", "tyo")
    assert result.returncode == 2
    assert "did you mean 'toy'" in result.stderr


def test_show_unknown_trial_names_the_range(studied: Search) -> None:
    result = studied("show", "toy", "99")
    assert (result.returncode, result.stderr) == (
        2,
        "error: toy: a trial from 0 to 7 must be given, got 99\n",
    )


def test_leaderboard_top_and_sort(studied: Search) -> None:
    rows = json.loads(studied("leaderboard", "toy", "--json", "--top", "3").stdout)
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert rows[0]["value"] > rows[1]["value"] > rows[2]["value"]
    by_x = json.loads(studied("leaderboard", "toy", "--json", "--sort", "-x").stdout)
    values = [row["params_x"] for row in by_x]
    assert values == sorted(values, reverse=True)


def test_leaderboard_unknown_column_names_the_valid_ones(studied: Search) -> None:
    result = studied("leaderboard", "toy", "--sort", "valu")
    assert result.returncode == 2
    assert "did you mean 'value'; valid: rank, trial, state, value" in result.stderr


@pytest.mark.parametrize(("name", "format_name"), [("a.json", "json"), ("a.tex", "latex")])
def test_export_takes_the_format_from_the_file(
    folder: Path, studied: Search, name: str, format_name: str
) -> None:
    result = studied("export", "toy", "-o", name)
    assert result.stderr == f"wrote 8 trials to {name}\n"
    start = {"json": "[", "latex": "\\begin{tabular}", "csv": "rank,trial"}[format_name]
    assert (folder / name).read_text().startswith(start)


def test_export_every_format_has_every_trial(folder: Path, studied: Search) -> None:
    for format_name in ["csv", "json", "md", "latex", "parquet"]:
        result = studied("export", "toy", "--format", format_name, "-o", f"out.{format_name}")
        assert result.stderr == f"wrote 8 trials to out.{format_name}\n"
    table = pd.read_csv(folder / "out.csv")
    assert list(table.columns[:8]) == [
        *("rank", "trial", "state", "value", "best_epoch", "n_epochs", "seconds", "seed")
    ]
    assert list(table.columns[8:]) == [
        *("space", "value_se", "tied_with_best"),
        *("val_loss", "score", "params_x", "params_way", "reason"),
    ]
    assert sorted(table["trial"]) == list(range(8))
    assert set(table.loc[table["state"] == "FAIL", "reason"]) == {
        "error: RuntimeError: out of luck"
    }
    assert len(json.loads((folder / "out.json").read_text())) == 8
    assert pd.read_parquet(folder / "out.parquet")["value"].tolist() == pytest.approx(
        table["value"].tolist(), nan_ok=True
    )
    assert len((folder / "out.md").read_text().splitlines()) == 10
    assert (folder / "out.latex").read_text().count("\\\\") == 9


def test_export_without_output_goes_to_stdout(studied: Search) -> None:
    result = studied("export", "toy")
    assert result.stdout.startswith("rank,trial,state,value")
    assert result.stderr == ""


def test_studies_option_and_variable_name_another_folder(folder: Path, search: Search) -> None:
    result = search("run", "toy.yaml", "--engine", "inline", "--studies", "elsewhere")
    assert result.returncode == 0
    assert (folder / "elsewhere" / "toy" / "study.journal").exists()
    assert "--studies elsewhere" in result.stderr
    assert search("show", "elsewhere/toy").returncode == 0


def test_open_damaged_study_is_one_line(folder: Path, studied: Search) -> None:
    (folder / "studies" / "toy" / "study.journal").unlink()
    result = studied("show", "toy")
    assert result.returncode == 2
    assert result.stderr == (
        "error: studies/toy/study.journal: the storage of the study is missing\n"
    )


def test_version_is_printed(search: Search) -> None:
    result = search("--version")
    assert result.returncode == 0
    assert result.stdout == f"search {metadata.version('search')}\n"


@pytest.mark.parametrize("verb", [[], ["run"], ["evaluate"]], ids=["all", "run", "evaluate"])
def test_help_names_no_type_for_flags(search: Search, verb: list[str]) -> None:
    result = search(*verb, "--help")
    assert "--help" in result.stdout
    assert "bool" not in result.stdout


@pytest.mark.parametrize(
    ("flags", "where"),
    [
        (["--time", "5parsecs"], "--time 5parsecs: budget.time:"),
        (["--sampler", "tep"], "--sampler tep: sampler.name:"),
        (["--name", "../up"], "--name ../up: study:"),
    ],
    ids=["time", "sampler", "name"],
)
def test_errors_name_the_flag_that_was_typed(search: Search, flags: list[str], where: str) -> None:
    result = search("run", "toy.yaml", *flags)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {where} ")


def test_resume_names_the_flag_that_was_typed(studied: Search) -> None:
    result = studied("resume", "toy", "--trials", "many")
    assert result.returncode == 2
    assert result.stderr.startswith("error: --trials many: budget.trials: ")


def test_set_goes_from_one_metric_to_several_and_back(folder: Path, search: Search) -> None:
    several = "metrics=[{name: score, direction: maximize}, {name: val_loss, direction: minimize}]"
    one = "metric={name: score, direction: maximize}"
    assert search("check", "toy.yaml", "--set", several).returncode == 0
    assert search("check", "toy.yaml", "--set", several, "--set", one).returncode == 0


def test_export_refuses_a_file_whose_ending_names_no_format(folder: Path, studied: Search) -> None:
    result = studied("export", "toy", "-o", "board.xlsx")
    assert result.returncode == 2
    assert result.stderr == (
        "error: --output: the file's ending must name its format, got 'board.xlsx'; valid: .tex, "
        ".csv, .json, .md, .parquet, or any with --format\n"
    )
    assert not (folder / "board.xlsx").exists()
    assert studied("export", "toy", "-o", "board.txt", "--format", "csv").returncode == 0


def test_run_tells_what_is_odd_about_the_images(folder: Path, search: Search) -> None:
    (folder / "noting.py").write_text(
        "from toy import train\n\n\ndef noting(params, epochs):\n"
        "    return train(params, epochs)\n\n\n"
        "noting.describe = lambda **settings: {'notes': ['2 files were skipped']}\n"
    )
    flags = ["--set", "objective=noting:noting", "-n", "1", "--engine", "inline"]
    assert "note: 2 files were skipped\n" in search("run", "toy.yaml", *flags).stderr


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["show", ""], "toy"),
        (["run", "toy.yaml", "--sampler", "t"], "tpe"),
        (["run", "toy.yaml", "--pruner", "h"], "hyperband"),
        (["run", "toy.yaml", "--engine", "i"], "inline"),
    ],
    ids=["study", "sampler", "pruner", "engine"],
)
def test_shell_completes(folder: Path, studied: Search, words: list[str], found: str) -> None:
    line = ["search", *words]
    completion = {
        "_SEARCH_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(line),
        "COMP_CWORD": str(len(line) - 1),
    }
    program = "import sys; sys.argv[0] = 'search'; from search.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**environment(folder), **completion},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [found]
