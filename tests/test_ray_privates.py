"""What Ray does not promise and its engine needs: a release that moves it fails here."""

import io
import logging
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from search.progress.terminal import Progress
from search.running.engines import ray_privates
from search.running.run import Run
from search.running.trial import Assignment
from search.running.worker import Environment
from search.studies.driver import StudyDriver
from search.studies.trials import End, Epoch
from tests.conftest import ROOT, make_spec

pytestmark = pytest.mark.ray

READ_IN = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "_private/accelerators/accelerator.py",
    "RAY_AIR_NEW_OUTPUT": "tune/experimental/output.py",
    "RAY_CHDIR_TO_TRIAL_DIR": "train/constants.py",
    "RAY_prestart_worker_first_driver": "core/src/ray/raylet/raylet",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "train/constants.py",
    "RAY_USAGE_STATS_ENABLED": "_common/usage/usage_constants.py",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "tune/utils/callback.py",
    "TUNE_DISABLE_SIGINT_HANDLER": "tune/tune.py",
    "TUNE_GLOBAL_CHECKPOINT_S": "tune/execution/tune_controller.py",
}


@pytest.mark.parametrize("name", ray_privates.ENVIRONMENT)
def test_environment_is_what_ray_reads(name: str) -> None:
    ray_privates.set_environment()
    import ray

    assert os.environ[name]
    source = Path(ray.__file__).parent / READ_IN[name]
    assert name.encode() in source.read_bytes()


def test_keep_quiet_silences_the_logs_of_workers_and_the_errors_of_tune(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ray._private import worker

    def printed() -> str:
        file = io.StringIO()
        logs: dict[str, Any] = {"pid": 7, "ip": "::1", "lines": ["a worker died"]}
        worker.print_worker_logs(logs, file)
        return file.getvalue()

    monkeypatch.setattr(worker, "_worker_logs_enabled", True)
    assert "a worker died" in printed()
    ray_privates.keep_quiet()
    assert printed() == ""
    tune = logging.getLogger("ray.tune.execution.tune_controller")
    assert not tune.isEnabledFor(logging.ERROR)


PRINT_SERVICES = """
import psutil
from search.running.engines import ray_privates
ray_privates.set_environment()
import ray
from ray._private.node import Node
with ray_privates.without_services():
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
assert ray.get(ray.remote(lambda: 7).remote()) == 7
assert Node.start_monitor.__module__ == Node.__module__
for process in psutil.Process().children(recursive=True):
    print(process.cmdline())
"""


def test_local_cluster_has_only_the_services_it_needs() -> None:
    found = subprocess.run(
        [sys.executable, "-c", PRINT_SERVICES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "raylet" in found
    for service in ("log_monitor.py", "monitor.py", "dashboard.py"):
        assert service not in found


@pytest.fixture
def trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[Any]]:
    """Make a controller of Tune's, as a scheduler sees it, and three trials, the last at work."""
    from ray.train._internal.storage import StorageContext
    from ray.tune.execution.tune_controller import TuneController
    from ray.tune.experiment import Trial

    monkeypatch.setenv("TUNE_MAX_PENDING_TRIALS_PG", "1")  # else it asks a cluster
    storage = StorageContext(str(tmp_path), "toy")
    controller = TuneController(storage=storage)
    environment = Environment((), "")
    for number in range(3):
        task = Assignment(number, {}, 0, "toy:train", {}, ("score",), "", "", None, environment)
        config = {"assignment": task}
        trial = Trial("toy", config=config, stub=True, trial_id=str(number), storage=storage)
        controller.add_trial(trial)
    controller.get_trials()[-1].set_status(Trial.RUNNING)
    return controller._wrapped(), controller.get_trials()


def test_newest_waiting_leaves_out_what_runs(trials: tuple[Any, list[Any]]) -> None:
    controller, (oldest, newer, running) = trials
    assert ray_privates.newest_waiting(controller) is newer
    assert [ray_privates.assignment_of(trial).number for trial in (oldest, running)] == [0, 2]


@pytest.mark.parametrize("lacks_memory", [True, False])
def test_error_of_a_trial_is_the_text_that_tune_writes(
    trials: tuple[Any, list[Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lacks_memory: bool,
) -> None:
    """It is read where Tune has written it before it is copied to its storage."""
    from ray.exceptions import ActorDiedError, OutOfMemoryError
    from ray.tune.experiment import Trial

    _, (trial, *_) = trials
    monkeypatch.setattr(
        Trial, "local_path", str(tmp_path)
    )  # in Ray's session, which there is none
    error = OutOfMemoryError("Task was killed due to the node running low on memory.")
    trial.handle_error(ActorDiedError())
    trial.handle_error(error if lacks_memory else ActorDiedError())
    text, is_memory = ray_privates.error_of(trial)
    assert is_memory == lacks_memory
    assert text == str(error if lacks_memory else ActorDiedError())


def test_searcher_is_asked_again_while_a_trial_runs_and_never_after(tmp_path: Path) -> None:
    from ray.tune.search import SearchGenerator

    from search.running.engines.ray_tune import RunSearcher

    study = StudyDriver.create(make_spec(budget={"trials": 1}), tmp_path, [str(ROOT)])
    run, environment = Run(study, Progress(Console())), Environment((), "")
    run.start(1)
    generator = SearchGenerator(RunSearcher(run, environment, lambda: None))
    generator.set_state({"counter": 0, "total_samples": 9, "finished": False, "experiment": None})
    run.next_trial(environment)
    assert generator.create_trial_if_possible({}) is None
    assert not generator.is_finished()
    run.handle(0, Epoch(1, {"score": 0.5}, 0.1, 0.1))
    run.handle(0, End(0.1))
    assert generator.create_trial_if_possible({}) is None
    assert generator.is_finished()


def test_interruption_is_put_off_while_ray_starts() -> None:
    reached = []
    with suppress(KeyboardInterrupt):
        with ray_privates.undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("the end of the start")
        reached.append("what comes after it")
    assert reached == ["the end of the start"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
