"""Functions that report are objectives as generators are, whatever thread they report from."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import search
from search.errors import ObjectiveError
from search.objective import reporting
from search.objective.reported_checkpoint import unpack
from search.running.trial import Assignment, run_trial
from search.running.worker import Environment
from search.studies.driver import StudyDriver
from search.studies.trials import Epoch, Trial
from tests import telling
from tests.conftest import RunStudy
from tests.processes import Search, command_in
from tests.toys import curve

PRUNING: dict[str, Any] = {
    "pruner": {"name": "asha", "min_epochs": 2, "reduction_factor": 2},
    "budget": {"trials": 12},
}
TOY = """\
import search

def function(params, report, epochs, scale=1, seed=0, split_seed=None):
    for epoch in range(epochs):
        score = params["x"] + (split_seed or seed) % 97 / 1e4
        report({"score": score}, checkpoint={"epoch": epoch} if scale > 1 else None)

@search.reporting
def decorated(params, report, epochs, scale=1, seed=0, split_seed=None):
    function(params, report, epochs, scale, seed, split_seed)

assigned = search.reporting(function)
"""
SPACE = """\
study: toy
objective: toy:decorated
settings: {epochs: 2}
metric: {name: score, direction: maximize}
budget: {trials: 2}
parameters:
  x: {type: float, low: 0, high: 1}
"""


def by_number(study: StudyDriver) -> list[Trial]:
    return sorted(study.trials(), key=lambda trial: trial.number)


def ways(*names: str) -> dict[str, Any]:
    return {
        "objective": "tests.telling:misbehaving",
        "sampler": {"name": "grid"},
        "parameters": {"way": {"type": "categorical", "choices": list(names)}},
        "budget": {"trials": 100},
    }


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        ("inline", "quadratic"),
        ("inline", "threaded"),
        pytest.param("ray", "threaded", marks=pytest.mark.ray),
    ],
)
def test_pruned_functions_unwind_and_are_recorded_with_all_epochs(
    run_study: RunStudy, tmp_path: Path, engine: str, name: str
) -> None:
    folder = tmp_path / "unwound"
    folder.mkdir()
    study = run_study(
        engine,
        n_workers=2,
        objective=f"tests.telling:{name}",
        settings={"folder": str(folder)},
        **PRUNING,
    )
    assert {trial.state for trial in study.trials()} == {"COMPLETE", "PRUNED"}
    for trial in study.trials():
        x, n_epochs = trial.params["x"], trial.n_epochs
        assert n_epochs in ({2, 4, 8} if trial.state == "PRUNED" else {9})
        assert trial.values == {epoch: curve(x, epoch) for epoch in range(1, n_epochs + 1)}
        assert (folder / f"{x}").read_text() == str(n_epochs)


def test_functions_that_fail_are_recorded_as_generators_are(
    engine: str, run_study: RunStudy
) -> None:
    study = run_study(engine, **ways("nan", "raises", "infeasible", "silent", "good"))
    trials = {trial.params["way"]: trial for trial in study.trials()}
    good = trials.pop("good")
    assert (good.state, good.metrics["given"]) == ("COMPLETE", good.seed)
    assert {way: trial.reason for way, trial in trials.items()} == {
        "nan": "non_finite: epoch 2: score is nan",
        "raises": "error: RuntimeError: no such layer",
        "infeasible": "infeasible: the kernel 7x7 must fit",
        "silent": "error: the objective ended before its first epoch",
    }
    error = (study.trial_folder(trials["raises"].number) / "error.txt").read_text()
    assert 'in misbehave\n    raise RuntimeError("no such layer")' in error


@pytest.mark.ray
def test_function_that_never_ends_costs_its_trial_only(run_study: RunStudy) -> None:
    study = run_study("ray", **ways("hangs", "good") | {"budget": {"trials": 9, "trial_time": 2}})
    trials = {trial.params["way"]: trial for trial in study.trials()}
    assert trials["hangs"].reason == "timeout: longer than 2s at epoch 2"
    assert "in misbehave" in (study.trial_folder(trials["hangs"].number) / "error.txt").read_text()
    assert trials["good"].state == "COMPLETE"


def test_function_that_will_not_stop_is_left_behind_and_told_again(
    run_study: RunStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "GRACE_S", 0.05)
    telling.stopped.clear()
    before = {*threading.enumerate()}
    try:
        with pytest.warns(RuntimeWarning, match="must end when `report` raises TrialStopped"):
            study = run_study(
                "inline",
                objective="tests.telling:stubborn",
                pruner={"name": "percentile", "percentile": 1.0, "n_startup_trials": 1},
                start_from=[{"x": 0.9}, {"x": 0.1}],
                budget={"trials": 2},
            )
    finally:
        telling.release.set()
        for thread in {*threading.enumerate()} - before:
            thread.join()
    assert [trial.n_epochs for trial in by_number(study)] == [4, 1]
    assert telling.stopped == [1, 2, 3, 4]


@pytest.mark.ray
def test_function_whose_worker_dies_goes_on_and_obeys_the_threads_of_its_trial(
    run_study: RunStudy, tmp_path: Path
) -> None:
    study = run_study(
        "ray",
        objective="tests.wandering:reported",
        settings={"folder": str(tmp_path), "dies_at": 4},
        budget={"trials": 1},
        resources={"gpus_per_trial": 0, "cpus_per_trial": 2},
    )
    (trial,) = study.trials()
    assert (tmp_path / "died").exists()
    assert (trial.state, trial.n_epochs, trial.metrics["n_threads"]) == ("COMPLETE", 6, 2)


@pytest.mark.parametrize(
    ("kind", "every", "first"),
    [("mapping", 1, 3), ("file", 1, 3), ("folder", 1, 3), ("mapping", 2, 2), ("mapping", 9, 1)],
)
def test_interrupted_function_goes_on_from_its_checkpoint_bit_for_bit(
    tmp_path: Path, kind: str, every: int, first: int
) -> None:
    def epochs(name: str) -> Iterator[tuple[int, float | int | None]]:
        """Run a trial with checkpoints in a folder of its own."""
        settings = {"folder": str(tmp_path), "kind": kind, "every": every}
        assignment = Assignment(
            number=0,
            params={"x": 0.5},
            seed=3,
            objective="tests.wandering:reported",
            settings=settings,
            metrics=("score",),
            checkpoints=str(tmp_path / name),
            folder=str(tmp_path / "trial"),
            time_limit_s=None,
            environment=Environment((), str(tmp_path)),
        )
        for event in run_trial(assignment):
            if isinstance(event, Epoch):
                yield event.number, event.metrics["score"]

    undisturbed = list(epochs("one"))
    assert [number for number, _ in undisturbed] == [1, 2, 3, 4, 5, 6]
    interrupted = list(itertools.islice(epochs("other"), 3))
    going_on = list(epochs("other"))
    assert interrupted == undisturbed[:3]
    assert going_on == undisturbed[first - 1 :]


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        (
            "array",
            "checkpoint['weights'][0] must be a tensor of torch or plain data, got numpy.nd",
        ),
        ("missing", "checkpoint must be a mapping, or the path of a file or folder that is there"),
    ],
)
def test_checkpoint_that_could_not_be_read_again_is_refused(
    run_study: RunStudy, what: str, problem: str
) -> None:
    with pytest.raises(ObjectiveError) as refused:
        run_study(
            "inline",
            objective="tests.telling:careless",
            parameters={"what": {"type": "categorical", "choices": [what]}},
        )
    assert problem in str(refused.value)


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", ""])
def test_checkpoint_with_names_that_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    for packed in ({"name": name, "files": {}}, {"name": "x", "files": {name or "..": None}}):
        with pytest.raises(ObjectiveError, match="must lie in its folder"):
            unpack(packed, tmp_path / "inside")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def command(tmp_path: Path) -> Search:
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "toy.yaml").write_text(SPACE)
    return command_in(tmp_path)


@pytest.mark.parametrize("name", ["decorated", "assigned"])
def test_check_knows_the_settings_of_a_function_that_reports(command: Search, name: str) -> None:
    objective = ("--set", f"objective=toy:{name}")
    assert command("check", "toy.yaml", *objective).returncode == 0
    refused = command("check", "toy.yaml", *objective, "--set", "settings.scales=2").stderr
    assert "unknown setting of the objective 'scales'; did you mean 'scale'" in refused
    refused = command("check", "toy.yaml", *objective, "--set", "settings={scale: 2}").stderr
    assert f"the key 'epochs' must be given, toy:{name} has no default for it" in refused


@pytest.mark.parametrize(
    ("scale", "ability"),
    [(1, "runs again from its first epoch after an interruption"), (2, "goes on from its last")],
)
def test_try_says_whether_a_function_goes_on(command: Search, scale: int, ability: str) -> None:
    tried = command("check", "toy.yaml", "--try", "--set", f"settings.scale={scale}")
    assert tried.returncode == 0, tried.stderr
    assert ability in tried.stdout


def test_confirm_gives_a_function_that_takes_it_a_new_split(command: Search) -> None:
    assert command("run", "toy.yaml", "--engine", "inline", "-q").returncode == 0
    done = command("confirm", "toy", "--engine", "inline", "-q")
    assert done.returncode == 0, done.stderr
    assert "a new split of the images" in done.stderr


def test_function_that_takes_no_report_is_refused() -> None:
    def train(params: dict[str, Any]) -> None: ...

    with pytest.raises(TypeError, match=r"must take params and report first, train takes \(par"):
        search.reporting(train)  # type: ignore[arg-type]
