"""What every command prints for programs: JSON that keeps to the schema that it is given by."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from search.api.outputs import OUTPUTS, schema
from search.cli import app
from search.errors import SearchError
from tests.contracts import assert_keeps_to_schema, read_strictly
from tests.processes import ROOT, Search, command_in, environment

OBJECTIVE = """\
import os, sys
import numpy as np

print("imported")

class Net:
    \"\"\"Prints what it likes, fails where x is above 0.9, and classifies nothing well.\"\"\"

    classes = ("cat", "dog")

    def __init__(self, params, epochs=3):
        print("made")
        sys.__stdout__.write("by another name\\n")
        os.system("echo from a child")
        self.params, self.epochs, self.epoch = params, epochs, 0

    def __iter__(self):
        while self.epoch < self.epochs:
            self.epoch += 1
            if self.params["x"] > 0.9:
                raise RuntimeError("too far")
            score = self.params["x"] * self.epoch / self.epochs
            yield {"score": score, "cost": 1 - score / 2, "gap": None}

    def state_dict(self):
        return {"epoch": self.epoch}

    def load_state_dict(self, state):
        self.epoch = state["epoch"]

    def classifier(self):
        return self

    def predict(self, split):
        labels = np.arange(20) % 2
        return np.full((20, 2), 0.5), labels

    def classify(self, pictures):
        return np.full((len(pictures), 2), 0.5)

    @staticmethod
    def describe(**settings):
        return {"class_counts": {"cat": {"train": 3, "val": 1}, "dog": {"train": 2, "val": 1}}}
"""
SPACE = """\
study: toy
objective: net:Net
metric: {name: score, direction: maximize}
budget: {trials: 8}
sampler: {name: random, seed: 1}
pruner: {name: asha}
parameters:
  x: {type: float, low: 0, high: 1}
  bound: {type: categorical, choices: [.inf, 1]}
  deep: {type: int, low: 1, high: 4, when: {bound: 1}}
start_from: [{x: 0.5, bound: .inf}, {x: 0.95}, {x: 0.1}, {x: 0.8, bound: 1}, {x: 0.79}]
"""
SEVERAL = """\
metrics:
  - {name: score, direction: maximize}
  - {name: cost, direction: minimize}
"""
INLINE = ("--engine", "inline", "--quiet")

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a study with every state, one of several metrics, one without a complete trial."""
    folder = tmp_path_factory.mktemp("outputs")
    (folder / "net.py").write_text(OBJECTIVE)
    (folder / "toy.yaml").write_text(SPACE)
    one = SPACE.partition("metric: ")[2].partition("\n")[0]
    several = SPACE.replace(f"metric: {one}\n", SEVERAL).replace("study: toy", "study: several")
    (folder / "several.yaml").write_text(several)
    search = command_in(folder)
    for space in ("toy.yaml", "several.yaml"):
        assert search("run", space, *INLINE).returncode == 0
    assert (
        search(
            "run",
            "toy.yaml",
            "--name",
            "failed",
            "--set",
            "start_from=[]",
            "--set",
            "parameters.x.low=0.95",
            *INLINE,
        ).returncode
        == 3
    )
    assert search("confirm", "toy", "--top", "2", "--seeds", "2", *INLINE).returncode == 2
    return folder


@pytest.fixture
def search(folder: Path) -> Search:
    return command_in(folder)


def printed(search: Search, *words: str, code: int = 0) -> Any:
    """Run a command with `--json`, and hold what it prints against its schema."""
    result = search(*words, "--json")
    assert result.returncode == code, result.stderr
    data = read_strictly(result.stdout)
    assert_keeps_to_schema(data, words[0])
    return data


def test_outputs_are_those_of_the_commands_that_take_json() -> None:
    takes = {
        name
        for name, command in COMMANDS.items()
        if any("--json" in one.opts for one in command.params)
    }
    assert takes == OUTPUTS.keys()


@pytest.mark.parametrize(
    "words",
    [
        "list",
        "show toy",
        "show several",
        "show failed",
        "show toy 0",
        "show toy 1",
        "show several 2",
        "show toy.confirm 0",
        "leaderboard toy",
        "leaderboard several",
        "leaderboard failed",
        "leaderboard toy.confirm",
        "summary toy",
        "summary several",
        "summary failed",
        "compare toy 0 1",
        "compare toy:0 several:0",
        "ladder toy 0 1 2 3",
        "export toy",
        "export several --trial 0",
        "export failed --trial 0",
        "keep toy",
        "set toy budget.trials=9",
        "note several 1 good",
        "tag several baseline",
        "report toy --without-objective -o page.html",
        "watch toy",
        "check toy.yaml",
        "check several.yaml --try",
    ],
)
def test_output_keeps_to_its_schema(search: Search, words: str) -> None:
    printed(search, *words.split())


def test_output_of_evaluate_and_what_it_adds_keep_to_their_schemas(search: Search) -> None:
    printed(search, "evaluate", "toy", "--top", "2")
    for words in ("show toy 3", "leaderboard toy", "summary toy", "compare toy 3 4"):
        printed(search, *words.split())


def test_output_of_a_session_is_what_it_has_come_to(search: Search) -> None:
    found = printed(search, "run", "toy.yaml", "--name", "again", "-n", "2", *INLINE)
    assert (found["study"]["trials"], found["best"]["params"]["x"]) == (2, 0.5)
    assert printed(search, "resume", "again", "-n", "+1", *INLINE)["study"]["trials"] == 3
    assert printed(search, "retry", "again", *INLINE)["study"]["fail"] == 2
    assert printed(search, "enqueue", "again", "x=0.3") == {"study": "again", "trial": 6}
    removed = printed(search, "remove", "again", "--yes")
    assert removed == {"study": "again", "folder": "studies/again", "confirmation": None}


def test_output_of_a_session_without_a_complete_trial_has_no_best(search: Search) -> None:
    words = ["run", "toy.yaml", "--name", "low", "-n", "1", "--set", "start_from=[{x: 0.95}]"]
    found = printed(search, *words, *INLINE, code=3)
    assert (found["best"], found["study"]["fail"]) == (None, 1)


def test_output_of_a_confirmation_keeps_to_its_schema(search: Search, folder: Path) -> None:
    text = SPACE.replace("net:Net", "tests.confirming:Skilled").replace("score", "val_accuracy")
    text = text.replace("x:", "skill:").replace("study: toy", "study: sure")
    (folder / "sure.yaml").write_text(text)
    search = command_in(folder, PYTHONPATH=str(ROOT))
    printed(search, "run", "sure.yaml", *INLINE)
    found = printed(search, "confirm", "sure", "--top", "2", "--seeds", "2", *INLINE)
    assert len(found["candidates"]) >= 2
    printed(search, "summary", "sure")
    found = printed(search, "resume", "sure.confirm", "--time", "1s", *INLINE)
    assert found["confirmation"]["confirms"] == "sure"


def test_output_of_predict_keeps_to_its_schema(search: Search, folder: Path) -> None:
    from PIL import Image

    Image.new("L", (8, 8)).save(folder / "one.png")
    (found,) = printed(search, "predict", "toy", "one.png")
    assert [one["class"] for one in found["classes"]] == ["cat", "dog"]


def test_output_of_a_wrong_space_file_holds_every_mistake_at_its_place(
    search: Search, folder: Path
) -> None:
    (folder / "wrong.yaml").write_text(SPACE.replace("high: 1}", "hihg: 1}").replace("8}", "0}"))
    found = printed(search, "check", "wrong.yaml", code=2)
    assert (found["valid"], found["space"]) == (False, None)
    places = [(one["where"], one["line"], one["column"], one["key"]) for one in found["problems"]]
    assert places == [
        ("wrong.yaml", 4, 18, "budget.trials"),
        ("wrong.yaml", 8, 28, "parameters.x.hihg"),
    ]
    found = printed(search, "check", "toy.yaml", "--set", "budget.trials=x", code=2)
    assert [(p["where"], p["line"]) for p in found["problems"]] == [
        ("--set budget.trials=x", None)
    ]
    assert printed(search, "check", "none.yaml", code=2)["problems"][0]["line"] is None


def test_output_has_no_infinity(search: Search) -> None:
    rows = printed(search, "leaderboard", "toy")
    assert None in [row["params_bound"] for row in rows]


def test_output_is_all_that_a_command_prints_whatever_an_objective_prints(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "search", "check", "toy.yaml", "--try", "--json"],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    assert read_strictly(done.stdout)["tried"]["metrics"]["gap"] is None
    assert [
        text in done.stderr for text in ("imported", "made", "from a child", "by another")
    ] == [True] * 4


def test_schema_of_an_output_is_printed_and_one_of_nothing_is_refused(search: Search) -> None:
    result = search("schema", "summary")
    assert json.loads(result.stdout) == schema("summary")
    assert json.loads(search("schema").stdout)["title"] == "Spec"
    result = search("schema", "sumary")
    assert result.returncode == 2
    assert result.stderr.startswith("error: unknown output 'sumary'; did you mean 'summary'; ")
    with pytest.raises(SearchError, match="unknown output 'dashboard'"):
        schema("dashboard")
