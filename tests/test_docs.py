"""The READMEs keep their word: tables are current, commands exist, examples run, links lead."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image
from ruamel.yaml import YAML

from objectives.sources import SOURCES
from search.best_trial.model_file import write_model
from search.columns import COLUMNS
from search.spaces.space_file import load_space_file
from search.studies.export import EXPORT_FORMATS
from search.studies.trials import FAILURE_KINDS
from tests.benchmarks.__main__ import MEASUREMENTS
from tests.conftest import ROOT, RunStudy
from tests.docs.blocks import DOCUMENTS, blocks
from tests.docs.samples import BEST, PICTURE
from tests.docs.tables import COMMANDS, TABLES, write_table

TEXTS = {str(path.relative_to(ROOT)): path.read_text() for path in DOCUMENTS}
SPACES = {path.name: path.read_text() for path in sorted((ROOT / "spaces").glob("*.yaml"))}


def fenced(document: str, language: str, marker: str | None = None) -> list[str]:
    """List the blocks of code in a language, perhaps only those between two markers."""
    text = TEXTS[document]
    if marker:
        text = text.split(f"<!-- {marker}: begin -->")[1].split(f"<!-- {marker}: end -->")[0]
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def shown_lines(text: str) -> list[str]:
    """List the command lines that a text shows, indented or after a prompt, one by one."""
    joined = text.replace("\\\n#", " ")
    lines = re.findall(r"^(?:#   |    |\$ )((?:search|make|pip|\.venv).*)$", joined, re.MULTILINE)
    return [part.strip() for line in lines for part in line.split("&&")]


LINES = [
    pytest.param(line, id=f"{place}: {line}")
    for place, text in {**TEXTS, **SPACES}.items()
    for line in dict.fromkeys(shown_lines(text))
]


def parse(words: list[str]) -> None:
    """Parse a command line of `search` as the program does, and run nothing."""
    assert words[0] in COMMANDS
    COMMANDS[words[0]].make_context(words[0], words[1:]).close()


@pytest.mark.parametrize("line", LINES)
def test_command_lines_parse(line: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    program, *words = shlex.split(line, comments=True)
    if program == "search":
        parse(words[: words.index("|")] if "|" in words else words)
    elif program == "make":
        assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif program == "pip":
        wanted = re.findall(r"\[(.*)\]", line.partition("#")[0])
        extras = [extra for group in wanted for extra in group.split(",")]
        assert set(extras) <= {*project["optional-dependencies"], "binary"}
    elif "tests.benchmarks" in words:
        assert set(words[2:]) <= set(MEASUREMENTS)
    else:
        paths = [word for word in words if "/" in word]
        assert paths or words == ["-m", "tests.docs", "samples"]
        assert all((ROOT / path).exists() for path in paths)


@pytest.mark.parametrize("document", TEXTS)
def test_commands_in_a_line_name_real_commands_and_options(document: str) -> None:
    text = re.sub(r"^```.*?^```$", "", TEXTS[document], flags=re.MULTILINE | re.DOTALL)
    flags = {flag for command in COMMANDS.values() for one in command.params for flag in one.opts}
    flags.add("--help")
    for code in re.findall(r"`([^`]+)`", text.replace("\n", " ")):
        if found := re.match(r"search ([a-z][a-z-]*)", code):
            assert found[1] in COMMANDS, code
        for flag in re.findall(r"(?<![\w-])--[a-z-]+", code):
            assert flag in flags, code


@pytest.mark.parametrize("document", TEXTS)
def test_tables_are_current(document: str) -> None:
    for name, written in blocks(TEXTS[document], "table").items():
        assert written == write_table(name), f"`make docs` writes it again: {name}"


def test_tables_are_all_shown() -> None:
    shown = {name for text in TEXTS.values() for name in blocks(text, "table")}
    assert shown >= set(TABLES)


@pytest.mark.parametrize("name", [name for name in TABLES if name not in {"options", "keys"}])
def test_tables_say_something_of_each_row(name: str) -> None:
    heading, _, *rows = write_table(name).splitlines()
    assert rows
    assert [row for row in rows if re.match(r"\| [^|]* \| – \|", row)] == []


def test_samples_are_of_one_study() -> None:
    shown = {
        name: block for text in TEXTS.values() for name, block in blocks(text, "output").items()
    }
    best = re.search(r"^ +1 +(\d+) ", shown[BEST], re.MULTILINE)
    assert best
    assert f"trial {best[1]}, epoch" in shown["search evaluate small_cnn"]
    steps = next(block for name, block in shown.items() if "ladder" in name)
    assert steps.startswith("```text\n$ search ladder small_cnn ")
    assert steps.split("\n")[1].endswith(f" {best[1]}")


def test_picture_of_the_report_is_shown_and_small() -> None:
    assert f"({PICTURE.relative_to(ROOT)})" in TEXTS["README.md"]
    assert PICTURE.stat().st_size < 160_000


def test_readme_is_short() -> None:
    assert len(TEXTS["README.md"].splitlines()) <= 200


@pytest.mark.parametrize("document", TEXTS)
def test_links_lead_somewhere(document: str) -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", TEXTS[document]):
        path, _, place = target.partition("#")
        file = (ROOT / document).parent / path if path else ROOT / document
        assert file.exists(), target
        assert not place or place in anchors(file.read_text()), target


def anchors(text: str) -> set[str]:
    """List the names that headings have as targets of links."""
    titles = re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", TEXTS)
def test_readme_links_each_document(document: str) -> None:
    assert document == "README.md" or f"]({document})" in TEXTS["README.md"]


@pytest.mark.parametrize("document", TEXTS)
def test_yaml_is_yaml(document: str) -> None:
    for text in fenced(document, "yaml"):
        assert YAML(typ="safe", pure=True).load(text)


def test_space_file_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "my_cnn.yaml").write_text(fenced("spaces/README.md", "yaml")[0])
    assert load_space_file(tmp_path / "my_cnn.yaml").study == "my_cnn"


@pytest.mark.parametrize("space", SPACES)
def test_space_header_has_its_command_and_how_to_override_a_key(space: str) -> None:
    head = SPACES[space].split("\nstudy:")[0]
    lines = shown_lines(head)
    assert any(line.startswith(f"search run spaces/{space}") for line in lines)
    assert any("--set " in line for line in lines)


def test_documents_name_every_column_format_and_data_set() -> None:
    studies, objectives = TEXTS["studies/README.md"], TEXTS["objectives/README.md"]
    assert all(f"`{name}`" in studies for name in [*COLUMNS, "reason", *EXPORT_FORMATS])
    assert all(f"`{name}`" in objectives for name in [*SOURCES, "image_folder"])


def test_documents_explain_every_kind_of_failure() -> None:
    table = TEXTS["studies/README.md"].split("| kind | what happens |")[1].split("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == sorted(FAILURE_KINDS)


def test_objective_runs_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(fenced("README.md", "python", "objective")[0])
    (tmp_path / "mine.yaml").write_text(fenced("README.md", "yaml", "objective")[0])
    command = [sys.executable, "-m", "search", "run", "mine.yaml", "--engine", "inline"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("COMPLETE") > 1


def run_script(script: str, folder: Path, **environment: str) -> str:
    """Run a Python script and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_image_classifier_runs_alone_and_loads_nothing_of_search_ray_or_optuna(
    tmp_path: Path,
) -> None:
    (script,) = fenced("objectives/README.md", "python", "alone")
    script += "import sys\nprint(*{name.partition('.')[0] for name in sys.modules})\n"
    first, second, *packages = run_script(script, tmp_path).split()
    assert 0 < float(first) < 1
    assert 0 < float(second) < 1
    assert "torch" in packages
    assert not {*packages} & {"search", "ray", "optuna"}


def test_exported_model_is_read(tmp_path: Path, run_study: RunStudy) -> None:
    study = run_study("inline", objective="tests.classifying:Using", budget={"trials": 1})
    write_model(study, study.trial(0), tmp_path / "model.pt2")
    (script,) = fenced("studies/README.md", "python", "deployed")
    run_script(script + "assert probabilities.shape == (5, 3)\n", tmp_path)


def test_notebook_runs_as_it_stands(tmp_path: Path, run_study: RunStudy) -> None:
    sections = {"study": "small_cnn", "objective": "tests.classifying:Using"}
    study = run_study("inline", **sections, budget={"trials": 1})
    Image.new("L", (8, 8), 200).save(tmp_path / "three.png")
    (script,) = fenced("search/README.md", "python", "notebook")
    run_script(script, tmp_path, SEARCH_STUDIES=str(study.folder.parent))


def test_slurm_script_is_bash_and_its_commands_parse() -> None:
    (script,) = fenced("search/README.md", "bash", "slurm")
    done = subprocess.run(
        ["bash", "-n"], input=script, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (line,) = re.findall(r"^search (.*) & driver", script, re.MULTILINE)
    parse(shlex.split(line))


def test_cloud_cluster_suits_rays_schema() -> None:
    import ray.autoscaler

    jsonschema = pytest.importorskip("jsonschema")  # comes with Ray
    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    (text,) = fenced("search/README.md", "yaml", "cloud")
    jsonschema.validate(YAML(typ="safe", pure=True).load(text), schema)


def test_kubernetes_job_runs_a_real_command() -> None:
    (text,) = fenced("search/README.md", "yaml", "kubernetes")
    job = YAML(typ="safe", pure=True).load(text)
    assert job["kind"] == "RayJob"
    program, *words = job["spec"]["entrypoint"].split()
    assert program == "search"
    parse(words)


def test_command_line_that_is_wrong_is_refused() -> None:
    with pytest.raises(Exception, match="No such option: --trails"):
        parse(["run", "spaces/small_cnn.yaml", "--trails", "3"])
