"""What TensorBoard and MLflow find of a study, read back as they read it."""

import io
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from search.objective.loading import load_objective
from search.progress.trackers.tracker import TRACKERS
from search.progress.watching import Audience, run_watched
from search.running.engines import ENGINES, Place
from search.spaces import spec
from search.studies.driver import StudyDriver
from search.studies.reader import StudyReader
from tests.conftest import ROOT, make_spec
from tests.processes import Search, command_in, environment, n_begun, process_in

SPACE = """\
study: toy
objective: tests.OBJECTIVE
settings: {epochs: 3}
metric: {name: score, direction: maximize}
budget: {trials: 4}
sampler: {name: random, seed: 1}
pruner: {name: none}
resources: {gpus_per_trial: 0}
keep: 2
trackers: [tensorboard, mlflow]
parameters:
  x: {type: float, low: 0, high: 1}
  kind: {type: categorical, choices: [a, true]}
"""
QUADRATIC = "toys:quadratic"


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Search:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    write(tmp_path)
    return command_in(tmp_path)


def write(folder: Path, objective: str = QUADRATIC, **changes: str) -> None:
    text = SPACE.replace("OBJECTIVE", objective)
    for old, new in changes.items():
        text = text.replace(f"{old}: ", f"{old}: {new} # ")
    (folder / "toy.yaml").write_text(text)


def scalars(folder: Path, number: int) -> dict[str, dict[int, float]]:
    """Read the scalars of a trial as TensorBoard does."""
    accumulator = read_events(folder, number)
    return {
        tag: {event.step: event.value for event in accumulator.Scalars(tag)}
        for tag in accumulator.Tags()["scalars"]
    }


def read_events(folder: Path, number: int) -> EventAccumulator:
    accumulator = EventAccumulator(str(folder / f"tensorboard/{number:04d}"))
    accumulator.Reload()
    return accumulator


def runs(uri: str, name: str = "toy") -> tuple[MlflowClient, dict[int, Run]]:
    """Read the runs of an experiment by trial; there is one for each."""
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(name)
    assert experiment
    found = client.search_runs([experiment.experiment_id])
    by_trial = {int(run.data.tags["trial"]): run for run in found}
    assert len(by_trial) == len(found)
    return client, by_trial


def database(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


def steps(client: MlflowClient, run: Run, metric: str = "score") -> dict[int, float]:
    history = client.get_metric_history(run.info.run_id, metric)
    by_step = {entry.step: entry.value for entry in history}
    assert len(by_step) == len(history)
    return by_step


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyReader:
    """Run four trials that can save themselves, for both."""
    folder = tmp_path_factory.mktemp("whole")
    write(folder, "wandering:Wandering")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        # What MLflow logs and warns of shows in a process of its own.
        done = process_in(folder)("run", "toy.yaml", "--engine", "inline")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower()
    assert "INFO" not in done.stderr
    assert not list(folder.glob("mlruns*"))
    return StudyReader.open("toy", folder / "studies")


def test_both_have_every_epoch_of_every_trial(study: StudyReader) -> None:
    client, found = runs(database(study.folder))
    assert sorted(found) == [0, 1, 2, 3]
    for number, run in found.items():
        record = study.trial(number)
        assert steps(client, run) == pytest.approx(record.values)
        assert run.data.params == {name: str(value) for name, value in record.params.items()}
        assert (run.info.status, run.data.tags["state"]) == ("FINISHED", "COMPLETE")
        assert run.data.metrics["best_score"] == pytest.approx(record.value)
        seen = scalars(study.folder, record.number)
        assert seen["score"] == pytest.approx(record.values)
        assert seen["hparam/score"] == pytest.approx({record.best_epoch: record.value})
        assert seen["place"].keys() == {1, 2, 3}


def test_mlflow_keeps_the_best_models(study: StudyReader) -> None:
    client, found = runs(database(study.folder))
    kept = {int(path.parent.name) for path in study.folder.glob("trials/*/best.pt")}
    assert (len(kept), len(found)) == (2, 4)
    for number, run in found.items():
        paths = [one.path for one in client.list_artifacts(run.info.run_id)]
        assert paths == (["best.pt"] if number in kept else [])


def test_mlflow_has_test_metrics_once_a_trial_is_evaluated(search: Search, tmp_path: Path) -> None:
    write(tmp_path, "predicting:Predicting", settings="{}", trackers="[mlflow]")
    search("run", "toy.yaml", "--engine", "inline", "--quiet")
    folder = tmp_path / "studies/toy"
    away = command_in(tmp_path, PYTHONPATH=str(ROOT), MLFLOW_TRACKING_URI="nowhere://")
    assert "mlflow is left out" in away("evaluate", "toy").stderr
    assert search("resume", "toy", "-n", "+1", "--engine", "inline", "-q").returncode == 0
    assert search("evaluate", "toy", "--top", "2").returncode == 0
    _, found = runs(database(folder))
    study = StudyReader.open("toy", tmp_path / "studies")
    for number, run in found.items():
        test = study.trial(number).test
        shown = {name: value for name, value in run.data.metrics.items() if "test_" in name}
        known = {} if test is None else test.metrics
        assert shown == {f"test_{k}": v for k, v in known.items() if v is not None}
        assert run.data.tags.get("evaluated") == ("true" if test else None)
        assert (run.data.tags["sampler"], run.data.tags["space"]) == ("random", "1")
    assert sum("evaluated" in run.data.tags for run in found.values()) == 2


def test_tensorboard_has_a_row_of_hyperparameters(study: StudyReader) -> None:
    metadata = read_events(study.folder, 0).summary_metadata
    parts = {
        tag: plugin_data_pb2.HParamsPluginData.FromString(one.plugin_data.content)
        for tag, one in metadata.items()
        if tag.startswith("_hparams_/")
    }
    start = parts["_hparams_/session_start_info"].session_start_info.hparams
    params = study.trial(0).params
    assert start["x"].number_value == params["x"]
    assert (start["kind"].bool_value or start["kind"].string_value) == params["kind"]
    assert parts["_hparams_/session_end_info"].session_end_info.status == 1
    infos = parts["_hparams_/experiment"].experiment.metric_infos
    assert [info.name.tag for info in infos] == ["hparam/score"]


def test_failed_trials_have_their_state_and_reason(search: Search, tmp_path: Path) -> None:
    text = SPACE.replace("OBJECTIVE", "toys:misbehaving").replace("{epochs: 3}", "{}")
    text = text[: text.index("  x:")] + "  way: {type: categorical, choices: [good, raises]}\n"
    (tmp_path / "toy.yaml").write_text(text.replace("random, seed: 1", "grid"))
    search("run", "toy.yaml", "--engine", "inline")
    study = StudyReader.open("toy", tmp_path / "studies")
    _, found = runs(database(study.folder))
    failed = next(record for record in study.trials() if record.state == "FAIL")
    run = found[failed.number]
    assert (run.info.status, run.data.tags["state"]) == ("FAILED", "FAIL")
    assert run.data.tags["reason"] == "error: RuntimeError: no such layer"
    tensors = read_events(study.folder, failed.number).Tensors("reason")
    assert tensors[0].tensor_proto.string_val == [b"error: RuntimeError: no such layer"]


def test_a_killed_run_goes_on_in_the_same_runs(search: Search, tmp_path: Path) -> None:
    write(tmp_path, settings="{epochs: 3, sleep_s: 0.1}", budget="{trials: 30}")
    process = subprocess.Popen(
        [sys.executable, "-m", "search", "run", "toy.yaml", "--engine", "inline"],
        cwd=tmp_path,
        env={**environment(tmp_path), "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    folder = tmp_path / "studies/toy"
    while n_begun(folder) < 4:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = search("resume", "toy", "--engine", "inline", "--trials", "6")
    assert done.returncode == 0, done.stderr
    client, found = runs(database(folder))
    assert sorted(found) == [*range(6)]
    for number in range(6):
        expected = StudyReader.open("toy", tmp_path / "studies").trial(number).values
        assert len(expected) == 3
        assert steps(client, found[number]) == pytest.approx(expected)
        assert scalars(folder, number)["score"] == pytest.approx(expected)
    again = search("resume", "toy", "--engine", "inline", "--trials", "+1")
    assert again.returncode == 0
    assert len(runs(database(folder))[1]) == 7


def test_interrupted_trials_are_scheduled_at_the_users_address(
    search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path / 'mine.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    write(tmp_path, settings="{epochs: 9, sleep_s: 0.3}", budget="{time: 1s}")
    search("run", "toy.yaml", "--engine", "inline", "--set", "trackers=[mlflow]")
    assert {run.info.status for run in runs(uri)[1].values()} == {"SCHEDULED"}
    assert not (tmp_path / "studies/toy/mlflow.db").exists()


@pytest.mark.parametrize("way", ["broken", "missing"])
def test_a_tracker_that_cannot_start_warns_once_and_costs_no_trial(
    search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    search = process_in(tmp_path) if way == "missing" else search
    reason = "pip install 'search[mlflow]'"
    if way == "missing":
        (tmp_path / "mlflow.py").write_text("raise ModuleNotFoundError(name='mlflow')\n")
    else:
        reason = "ftp://nowhere"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", reason)
    done = search("run", "toy.yaml", "--engine", "inline")
    assert done.returncode == 0, done.stderr
    (warning,) = warnings_in(done.stderr)
    assert warning.startswith("warning: trackers: mlflow is left out of this run: ")
    assert reason in warning
    assert "4 trials: 4 complete" in done.stderr
    assert scalars(tmp_path / "studies/toy", 3)["score"].keys() == {1, 2, 3}


def test_a_tracker_that_fails_in_the_middle_is_made_good_by_the_next_run(
    search: Search, tmp_path: Path
) -> None:
    search("run", "toy.yaml", "--engine", "inline", "-n", "1", "--set", "trackers=[tensorboard]")
    folder = tmp_path / "studies/toy"
    in_the_way = folder / "tensorboard/0001"
    in_the_way.write_text("a file where a folder belongs")
    done = search("resume", "toy", "--engine", "inline", "--trials", "4")
    assert done.returncode == 0
    (warning,) = warnings_in(done.stderr)
    assert warning.startswith("warning: trackers: tensorboard is left out of this run: ")
    assert "4 trials: 4 complete" in done.stderr
    in_the_way.unlink()
    search("resume", "toy", "--engine", "inline", "--trials", "5")
    for number in range(5):
        assert scalars(folder, number)["score"].keys() == {1, 2, 3}


OF_A_USER = """\
class Tracker:
    def __init__(self, study):
        self.path = study.folder / "told"

    def knows(self, tracked):
        return False

    def begin(self, tracked):
        self.write("begin", tracked.trial.number, tracked.trial.params["x"])

    def epoch(self, number, epoch, metrics):
        FAULT
        self.write("epoch", number, epoch, metrics["score"])

    def end(self, trial):
        self.write("end", trial.number, trial.state)

    def close(self):
        self.write("close")

    def write(self, *words):
        with self.path.open("a") as file:
            print(*words, file=file)


def make(study):
    return Tracker(study)
"""


@pytest.fixture
def run_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., StudyDriver]:
    """Give a function that runs two trials of two epochs with a user's tracker."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(ROOT)
    module = f"tracker_{tmp_path.name}"

    def run(name: str, said: io.StringIO, fault: str = "pass") -> StudyDriver:
        (tmp_path / f"{module}.py").write_text(OF_A_USER.replace("FAULT", fault))
        search = make_spec(
            trackers=[f"{module}:{name}"], settings={"epochs": 2}, budget={"trials": 2}
        )
        study = StudyDriver.create(search, tmp_path / "studies", [str(ROOT), str(tmp_path)])
        console = Console(file=said, width=500)
        run_watched(study, Place(ENGINES["inline"]), console, Audience(quiet=True))
        assert [trial.state for trial in study.trials()] == ["COMPLETE", "COMPLETE"]
        return study

    return run


@pytest.mark.parametrize("name", ["Tracker", "make"], ids=["class", "function"])
def test_tracker_of_a_user_is_told_of_every_trial(
    run_with: Callable[..., StudyDriver], name: str
) -> None:
    said = io.StringIO()
    study = run_with(name, said)
    first, second = (study.trial(number) for number in (0, 1))
    assert said.getvalue() == ""
    assert (study.folder / "told").read_text().splitlines() == [
        f"begin 0 {first.params['x']}",
        f"epoch 0 1 {first.values[1]}",
        f"epoch 0 2 {first.values[2]}",
        f"begin 0 {first.params['x']}",
        "end 0 COMPLETE",
        f"begin 1 {second.params['x']}",
        f"epoch 1 1 {second.values[1]}",
        f"epoch 1 2 {second.values[2]}",
        f"begin 1 {second.params['x']}",
        "end 1 COMPLETE",
        "close",
    ]


@pytest.mark.parametrize(
    ("name", "fault", "reason"),
    [
        ("Tracker", "raise OSError('the viewer is away')", "the viewer is away"),
        ("Trakcer", "pass", "has no attribute 'Trakcer'"),
    ],
    ids=["raises", "unknown"],
)
def test_tracker_of_a_user_that_fails_is_named_once_and_costs_no_trial(
    run_with: Callable[..., StudyDriver], name: str, fault: str, reason: str
) -> None:
    said = io.StringIO()
    run_with(name, said, fault)
    (warning,) = said.getvalue().splitlines()
    assert warning.startswith("warning: trackers: tracker_")
    assert " is left out of this run: " in warning
    assert reason in warning


def test_trackers_of_ours_are_those_of_a_space_file_and_have_an_extra() -> None:
    assert [*TRACKERS] == [*spec.TRACKER_NAMES]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for entry in TRACKERS.values():
        assert load_objective(entry.path)
        assert project["optional-dependencies"][entry.extra]
        assert entry.description


def warnings_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("warning")]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            "[tensorbord]",
            "trackers[0]: unknown tracker 'tensorbord'; did you mean 'tensorboard'; "
            "valid: tensorboard, mlflow",
        ),
        ("[mlflow, mlflow]", "trackers[1]: names must differ, got 'mlflow' twice"),
        ("mlflow", "trackers: a list must be given, got 'mlflow'"),
    ],
    ids=["unknown", "twice", "no list"],
)
def test_names_of_trackers_are_checked(search: Search, given: str, text: str) -> None:
    done = search("check", "toy.yaml", "--set", f"trackers={given}")
    assert done.returncode == 2
    assert text in done.stderr
