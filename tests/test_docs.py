"""The README keeps its word: its commands exist, its examples run, its links lead somewhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from PIL import Image
from ruamel.yaml import YAML

from search.best_trial.model_file import write_model
from search.cli import app
from search.spaces.pruners import PRUNERS
from search.spaces.samplers import SAMPLERS
from search.spaces.space_file import load_space_file
from search.spaces.spec import Spec
from search.studies.export import FORMATS
from search.studies.leaderboard import COLUMNS
from search.studies.trials import FAILURE_KINDS
from tests.conftest import ROOT, RunStudy

README = (ROOT / "README.md").read_text()
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def blocks(language: str, marker: str | None = None) -> list[str]:
    text = README
    if marker:
        text = text.split(f"<!-- {marker}: begin -->")[1].split(f"<!-- {marker}: end -->")[0]
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_readme_names_every_command_and_no_other() -> None:
    table = README.split("| command | does |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `search ([\w-]+)", table, flags=re.MULTILINE)
    assert sorted(rows) == sorted(COMMANDS)


@pytest.mark.parametrize("line", re.findall(r"^    (search .*|make .*)$", README, re.MULTILINE))
def test_readme_commands_are_real(line: str) -> None:
    program, verb = line.split()[:2]
    if program == "make":
        assert re.search(rf"^{verb}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    else:
        assert verb in COMMANDS


@pytest.mark.parametrize("name", re.findall(r"`(--[a-z-]+)", README))
def test_readme_flags_exist(name: str) -> None:
    flags = {flag for command in COMMANDS.values() for p in command.params for flag in p.opts}
    assert name in flags


def test_readme_space_file_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "my_cnn.yaml").write_text(blocks("yaml")[0])
    assert load_space_file(tmp_path / "my_cnn.yaml").study == "my_cnn"


def test_readme_explains_every_key() -> None:
    table = README.split("| key | meaning |")[1].split("\n\n")[0]
    assert all(f"`{key}" in table for key in Spec.model_fields)
    assert all(f"`{name}`" in table for name in [*SAMPLERS, *PRUNERS])


def test_readme_explains_every_column_and_format() -> None:
    assert all(f"`{column}`" in README for column in [*COLUMNS, "reason"])
    assert "\\|".join(FORMATS) in README


def test_readme_objective_runs_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(blocks("python", "objective")[0])
    (tmp_path / "mine.yaml").write_text(blocks("yaml", "objective")[0])
    command = [sys.executable, "-m", "search", "run", "mine.yaml", "--engine", "inline"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("COMPLETE") > 1


def test_readme_reads_an_exported_model(tmp_path: Path, run_study: RunStudy) -> None:
    study = run_study("inline", objective="tests.classifying:Using", budget={"trials": 1})
    write_model(study, study.trial(0), tmp_path / "model.pt2")
    (script,) = blocks("python", "deployed")
    script += "assert probabilities.shape == (5, 3)\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_readme_notebook_runs_as_it_stands(tmp_path: Path, run_study: RunStudy) -> None:
    sections = {"study": "small_cnn", "objective": "tests.classifying:Using"}
    study = run_study("inline", **sections, budget={"trials": 1})
    Image.new("L", (8, 8), 200).save(tmp_path / "three.png")
    (script,) = blocks("python", "notebook")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "SEARCH_STUDIES": str(study.folder.parent)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_readme_links_exist(target: str) -> None:
    assert (ROOT / target).exists()


def test_readme_slurm_script_is_bash_and_calls_real_commands() -> None:
    (script,) = blocks("bash", "slurm")
    done = subprocess.run(
        ["bash", "-n"], input=script, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "search run spaces/small_cnn.yaml --address" in script


def test_readme_explains_every_kind_of_failure() -> None:
    table = README.split("| kind | what happens |")[1].split("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == sorted(FAILURE_KINDS)


def test_readme_cloud_cluster_suits_rays_schema() -> None:
    import ray.autoscaler

    jsonschema = pytest.importorskip("jsonschema")  # comes with Ray
    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    (text,) = blocks("yaml", "cloud")
    jsonschema.validate(YAML(typ="safe", pure=True).load(text), schema)


def test_readme_kubernetes_job_runs_a_real_command() -> None:
    (text,) = blocks("yaml", "kubernetes")
    job = YAML(typ="safe", pure=True).load(text)
    assert job["kind"] == "RayJob"
    program, verb, *rest = job["spec"]["entrypoint"].split()
    assert program == "search"
    flags = {flag for parameter in COMMANDS[verb].params for flag in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= flags
