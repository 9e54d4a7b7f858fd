"""`search check --try`: one epoch of one point, and what it says of it."""

from pathlib import Path

import pytest

from tests.processes import Search, command_in

SPACE = """\
study: toy
objective: toy:train
settings: {epochs: 40}
metric: {name: score, direction: maximize}
budget: {trials: 4}
parameters:
  x:    {type: float, low: 0, high: 1}
  kind: {type: categorical, choices: [good, bad, silent, infeasible, helped]}
start_from: [{kind: good}]
"""
OBJECTIVE = """\
import pathlib

import helper
import search


def train(params, epochs):
    if params["kind"] == "infeasible" and params["x"] == 0.25:
        raise search.InfeasibleError("x must not be 0.25")
    if params["kind"] == "silent":
        return
    for epoch in range(epochs):
        if params["kind"] == "bad":
            raise RuntimeError("out of luck")
        if params["kind"] == "helped":
            helper.help()
        with pathlib.Path("epochs").open("a") as file:
            file.write("x")
        yield {"score": params["x"], "loss": None}


class Resumable:
    def __init__(self, params, epochs): ...

    def __iter__(self):
        yield {"score": 0.5}

    def state_dict(self):
        return {"saved": 1}

    def load_state_dict(self, state_dict): ...

    def classifier(self):
        return self

    def predict(self, split): ...


def make(params, epochs):
    return Resumable(params, epochs)
"""
HELPER = """\
def help():
    raise RuntimeError("no help")
"""


@pytest.fixture
def search(tmp_path: Path) -> Search:
    (tmp_path / "toy.yaml").write_text(SPACE)
    (tmp_path / "toy.py").write_text(OBJECTIVE)
    (tmp_path / "helper.py").write_text(HELPER)
    return command_in(tmp_path)


def test_try_runs_one_epoch_of_the_first_start_point_and_leaves_nothing(
    search: Search, tmp_path: Path
) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    result = search("check", "toy.yaml", "--try")
    assert result.returncode == 0, result.stderr
    assert "kind=good" in result.stdout
    assert "metrics     score 0." in result.stdout
    assert ", loss –\n" in result.stdout
    assert "of training if all 40 epochs take as long" in result.stdout
    assert "runs again from its first epoch after an interruption" in result.stdout
    assert (tmp_path / "epochs").read_text() == "x"
    left = {path.name for path in tmp_path.iterdir()} - before - {"__pycache__"}
    assert left == {"epochs"}
    assert result.stderr == "next: search run toy.yaml\n"


def test_check_alone_runs_nothing_and_suggests_to_try(search: Search, tmp_path: Path) -> None:
    result = search("check", "toy.yaml", "--set", "budget.trials=3")
    assert result.returncode == 0
    assert not (tmp_path / "epochs").exists()
    assert result.stderr.startswith(
        "next: search check toy.yaml --try --set budget.trials=3\n      search run toy.yaml"
    )


@pytest.mark.parametrize(("name", "made"), [("Resumable", "class"), ("make", "function")])
def test_try_says_what_the_objective_can_do(search: Search, name: str, made: str) -> None:
    result = search("check", "toy.yaml", "--try", "--set", f"objective=toy:{name}")
    assert "objective   goes on from its last epoch, can be evaluated\n" in result.stdout


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (
            "scor",
            "a metric that the objective reports must be given, got 'scor'; did you mean "
            "'score'; it reports loss, score",
        ),
        ("loss", "loss must be a number, got None at epoch 1"),
    ],
)
def test_try_metric_that_is_not_reported_is_told_at_its_place(
    search: Search, tmp_path: Path, metric: str, message: str
) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE.replace("name: score", f"name: {metric}"))
    result = search("check", "toy.yaml", "--try")
    assert result.returncode == 2
    assert result.stderr == f"error: toy.yaml:4:16: metric.name: {message}\n"


def test_try_metric_of_several_is_told_at_its_place(search: Search, tmp_path: Path) -> None:
    both = "metrics: [{name: score, direction: maximize}, {name: los, direction: minimize}]"
    (tmp_path / "toy.yaml").write_text(
        SPACE.replace("metric: {name: score, direction: maximize}", both)
    )
    result = search("check", "toy.yaml", "--try")
    assert result.returncode == 2
    assert result.stderr.startswith("error: toy.yaml:4:54: metrics[1].name: a metric that")
    assert "did you mean 'loss'" in result.stderr


@pytest.mark.parametrize(
    ("kind", "reason", "lines"),
    [
        ("bad", "RuntimeError: out of luck", 'raise RuntimeError("out of luck")'),
        ("helped", "RuntimeError: no help", "helper.help()"),
        ("silent", "no epoch was reported", ""),
    ],
)
def test_try_failure_ends_with_the_line_of_the_objective(
    search: Search, kind: str, reason: str, lines: str
) -> None:
    result = search("check", "toy.yaml", "--try", "--set", f"start_from=[{{kind: {kind}, x: 0}}]")
    assert result.returncode == 2
    first, *rest = result.stderr.splitlines()
    assert first == f"error: toy:train: one epoch must run, got {reason}, at x=0, kind='{kind}'"
    assert [line for line in rest if lines in line] or not lines
    assert not rest or rest[0].startswith('  File "')
    assert "Traceback" not in result.stderr


def test_try_objective_that_cannot_count_its_images_fails(search: Search, tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text("1 / 0\n" + OBJECTIVE)
    result = search("check", "toy.yaml", "--try")
    assert result.returncode == 2
    assert "error: toy:train: one epoch must run, got objective: the module 'toy'" in result.stderr


def test_try_infeasible_point_makes_way_for_another(search: Search) -> None:
    given = "start_from=[{kind: infeasible, x: 0.25}]"
    result = search("check", "toy.yaml", "--try", "--set", given, "--set",
                    "parameters.kind.choices=[infeasible]")  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "kind=infeasible" in result.stdout
    assert "x=0.25," not in result.stdout


def test_try_gives_the_objective_a_folder_of_its_own_for_a_while(
    search: Search, tmp_path: Path
) -> None:
    (tmp_path / "toy.py").write_text(
        "import pathlib\n\n\ndef train(params, epochs, trial_folder, trial_number):\n"
        "    pathlib.Path('told').write_text(trial_folder)\n"
        "    pathlib.Path(trial_folder, 'mine').touch()\n"
        "    yield {'score': trial_number}\n"
    )
    result = search("check", "toy.yaml", "--try")
    assert result.returncode == 0, result.stderr
    told = Path((tmp_path / "told").read_text())
    assert told.is_absolute()
    assert not told.exists()
