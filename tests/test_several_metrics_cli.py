"""A search for several metrics, and one within a measured limit, as a user runs them."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.processes import Search, command_in

SPACE = """\
study: toy
objective: toy:Net
settings: {epochs: 3}
metrics:
  - {name: score, direction: maximize}
  - {name: n_parameters, direction: minimize}
budget: {trials: 20}
sampler: {name: nsgaii, seed: 1, population_size: 6}
pruner: {name: median}
parameters:
  width: {type: int, low: 1, high: 100}
  rate: {type: float, low: 0, high: 1}
constraints: ["n_parameters <= 8000"]
"""
OBJECTIVE = """\
class Net:
    def __init__(self, params, epochs):
        self.params, self.epochs = params, epochs

    @staticmethod
    def measure(params, epochs):
        return {"n_parameters": params["width"] ** 2}

    def __iter__(self):
        score = 1 - 1 / self.params["width"] - (self.params["rate"] - 0.5) ** 2
        for epoch in range(1, self.epochs + 1):
            yield {"score": score * epoch, **self.measure(self.params, self.epochs)}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "toy.yaml").write_text(SPACE)
    (tmp_path / "toy.py").write_text(OBJECTIVE)
    return tmp_path


@pytest.fixture
def search(folder: Path) -> Search:
    return command_in(folder)


def test_check_names_the_metrics_and_imports_what_measures(search: Search) -> None:
    result = search("check", "toy.yaml")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "metrics     score, maximize; n_parameters, minimize, best epoch" in lines
    assert "constraint  n_parameters <= 8000" in lines


def test_run_show_list_and_export_tell_the_front(folder: Path, search: Search) -> None:
    result = search("run", "toy.yaml", "--engine", "inline")
    assert result.returncode == 0, result.stderr
    assert "front" in result.stdout
    facts = json.loads(search("show", "toy", "--json").stdout)
    assert json.loads(search("list", "--json").stdout) == [facts]
    assert facts["metrics"] == {"score": "maximize", "n_parameters": "minimize"}
    shown = search("show", "toy").stdout
    table = shown.split("Pareto front")[1].split("rank")[0].splitlines()
    trials = [line.split()[0] for line in table if re.match(r" *\d", line)]
    assert list(map(int, trials)) == facts["front"]
    (knee,) = [line.split()[0] for line in table if line.rstrip().endswith("knee")]
    assert int(knee) == facts["knee"]
    rows = list(csv.DictReader(io.StringIO(search("export", "toy", "--format", "csv").stdout)))
    assert [int(row["trial"]) for row in rows if row["front"] == "1"] == facts["front"]
    assert (folder / "studies" / "toy" / "leaderboard.csv").read_text().startswith("rank,front,")
    assert all(int(row["params_width"]) ** 2 <= 8000 for row in rows)
    assert "score, n_parameters" in search("list").stdout


def test_resume_extends_and_refuses_other_metrics(folder: Path, search: Search) -> None:
    search("run", "toy.yaml", "--engine", "inline", "--trials", "8")
    result = search("resume", "toy", "--trials", "+4", "--engine", "inline")
    assert result.returncode == 0, result.stderr
    facts = json.loads(search("show", "toy", "--json").stdout)
    assert facts["trials"] == 12
    (folder / "other.yaml").write_text(SPACE.replace("maximize", "minimize"))
    result = search("resume", "toy", "--space", "other.yaml", "--engine", "inline")
    assert result.returncode == 2
    assert result.stderr.startswith("error: --space: metrics must stay as it is")
    assert search("enqueue", "toy", "width=90", "rate=0.5").returncode == 2
    assert search("enqueue", "toy", "width=80", "rate=0.5").returncode == 0


def test_warm_start_and_a_database_know_all_metrics(folder: Path, search: Search) -> None:
    url = f"sqlite:///{folder}/all.db"
    (folder / "toy.yaml").write_text(SPACE + f"storage: {url}\n")
    run = ["run", "toy.yaml", "--engine", "inline", "--trials", "8"]
    assert search(*run, "--name", "old").returncode == 0
    result = search(*run, "--name", "new", "--warm-start", "old")
    assert result.returncode == 0, result.stderr
    assert "new: 8 of 8 trials of old inform the sampler" in result.stderr
    listed = json.loads(search("list", "--storage", url, "--json").stdout)
    assert [facts["study"] for facts in listed] == ["new", "old"]
    for facts in listed:
        shown = json.loads(search("show", facts["study"], "--json").stdout)
        assert {key: facts[key] for key in ("metrics", "front", "knee", "best")} == {
            key: shown[key] for key in ("metrics", "front", "knee", "best")
        }
