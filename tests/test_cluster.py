"""Real clusters of Ray nodes on this machine, which join and are lost in mid-run."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from search.errors import SearchError
from search.progress.terminal import Progress
from search.running.engines.modules import TooMuchError, copy_modules
from search.running.run import INTERRUPTED, Run
from search.studies.driver import StudyDriver
from tests.conftest import ROOT, make_spec

NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 * 1024**2}


@pytest.mark.ray
def test_study_survives_the_loss_of_a_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    from ray.cluster_utils import Cluster

    from search.running.engines.ray_tune import run_trials

    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    doomed = cluster.add_node(**NODE)
    spec = make_spec(
        settings={"epochs": 6, "sleep_s": 0.3},
        budget={"trials": 3},
        resources={"gpus_per_trial": 0, "workers": 2},
    )
    study = StudyDriver.create(spec, tmp_path, [str(ROOT)])
    run = Run(study, Progress(Console(stderr=True)))

    def lose_the_node() -> None:
        deadline = time.monotonic() + 60
        while len(study.live_trials()) < 2 or study.trial(study.live_trials()[1]).n_epochs < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        cluster.remove_node(doomed, allow_graceful=False)

    loss = threading.Thread(target=lose_the_node)
    loss.start()
    try:
        run_trials(run, cluster.address)
    finally:
        loss.join()
        cluster.shutdown()
    trials = study.trials()
    assert sorted(trial.number for trial in trials) == list(range(3))
    assert {(trial.state, trial.n_epochs) for trial in trials} == {("COMPLETE", 6)}


class Following(Progress):
    """Keeps what is said of the session."""

    def __init__(self) -> None:
        super().__init__(Console(stderr=True))
        self.told: list[str] = []

    def say_at_once(self, text: str) -> None:
        self.told.append(text)

    def steered(self, text: str) -> None:
        super().steered(text)
        self.told.append(text)


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.ray
def test_run_follows_the_nodes_of_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begins without a node that a trial fits on, grows, loses all of them, and goes on."""
    monkeypatch.chdir(ROOT)
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    from ray.cluster_utils import Cluster

    from search.running.engines.ray_tune import run_trials

    head = {**NODE, "num_cpus": 0, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    spec = make_spec(
        objective="tests.wandering:Wandering",
        settings={"epochs": 1000, "sleep_s": 0.4},
        budget={"trials": 2},
        failures={"max_retries": 0},
        resources={"gpus_per_trial": 0},
    )
    study = StudyDriver.create(spec, tmp_path, [str(ROOT)])
    with pytest.raises(SearchError, match="the largest of 1 node has 0 CPUs and 0 GPUs; --wait"):
        run_trials(Run(study, Following()), cluster.address)
    observer = Following()
    run = Run(study, observer)

    def is_told(text: str) -> bool:
        return any(text in line for line in observer.told)

    running = threading.Thread(target=run_trials, args=(run, cluster.address, 120.0))
    running.start()
    try:
        until(lambda: is_told("waiting up to 2m for a node with 1 CPU and 0 GPUs"))
        nodes = [cluster.add_node(**NODE)]
        until(lambda: any(study.trial(n).n_epochs for n in study.live_trials()))
        nodes.append(cluster.add_node(**NODE))
        until(lambda: is_told("workers 1 → 2"))
        until(lambda: len(study.live_trials()) == 2 and study.trial(1).n_epochs)
        for node in nodes:
            cluster.remove_node(node, allow_graceful=False)
        until(lambda: is_told("no node is left that a trial fits on, waiting up to 2m"))
        at_loss = sum(trial.n_epochs for trial in study.trials())
        cluster.add_node(**NODE)
        until(lambda: sum(trial.n_epochs for trial in study.trials()) > at_loss)
    finally:
        run.stop(INTERRUPTED)
        running.join()
        cluster.shutdown()
    assert run.error is None
    assert [trial.failure for trial in study.trials() if trial.state == "FAIL"] == []


def test_address_where_nothing_answers_is_said_with_host_and_port(tmp_path: Path) -> None:
    from search.running.engines.ray_cluster import connect

    with socket.create_server(("", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(SearchError, match=rf"[\d.]+, port {port}: Connection refused"):
        connect(make_spec().resources, f"127.0.0.1:{port}")


def test_address_of_something_else_is_said(tmp_path: Path) -> None:
    from search.running.engines.ray_cluster import connect

    with socket.create_server(("", 0)) as other:
        port = other.getsockname()[1]

        def greet() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.6")

        greeting = threading.Thread(target=greet)
        greeting.start()
        with pytest.raises(SearchError, match=f"port {port}: what answers there is no Ray clust"):
            connect(make_spec().resources, f"127.0.0.1:{port}")
        greeting.join()


@pytest.mark.parametrize(
    ("cpus", "gpus", "node", "n_fitting"),
    [
        (1, 0, {"CPU": 3}, 3),
        (4, 0, {"CPU": 3}, 0),
        (0.5, 0, {"CPU": 3}, 6),
        (1, 1, {"CPU": 3, "GPU": 4}, 3),
        (1, 0.5, {"CPU": 16, "GPU": 4}, 8),
        (1, 0.4, {"CPU": 16, "GPU": 1}, 2),
        (1, 2, {"CPU": 16, "GPU": 3}, 1),
        (1, 1, {"CPU": 3}, 0),
    ],
)
def test_trials_are_counted_node_by_node(
    cpus: float, gpus: float, node: dict[str, float], n_fitting: int
) -> None:
    from search.running.engines.ray_cluster import Share

    assert Share(cpus, gpus).n_fitting(node) == n_fitting


@pytest.mark.ray
def test_variables_of_the_driver_reach_workers_and_what_is_missing_names_its_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ray_address: str
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SEARCH_DATA", str(tmp_path / "nowhere"))
    from search.running.engines.ray_tune import run_trials

    spec = make_spec(objective="tests.toys:reading", budget={"trials": 1})
    study = StudyDriver.create(spec, tmp_path / "studies", [str(ROOT)])
    run_trials(Run(study, Following()), ray_address)
    (trial,) = study.trials()
    assert f"'{tmp_path / 'nowhere'}' (on node {socket.gethostname()}, " in trial.reason


@pytest.mark.ray
def test_module_that_only_the_driver_has_travels_with_the_run(
    tmp_path: Path, ray_address: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "of_the_driver.py").write_text("def train(params):\n    yield {'score': 0.5}\n")
    spec = make_spec(objective="of_the_driver:train", budget={"trials": 1})
    study = StudyDriver.create(spec, tmp_path / "studies", [str(folder)])
    from search.running.engines.ray_tune import run_trials

    class Leaving(Following):
        """Takes the module away once the cluster is joined, as if it were on another node."""

        def run_started(self, run: Run, n_workers: int) -> None:
            super().run_started(run, n_workers)
            (folder / "of_the_driver.py").unlink()

    run = Run(study, Leaving())
    run_trials(run, ray_address)
    assert run.error is None
    assert [trial.state for trial in study.trials()] == ["COMPLETE"]


def test_modules_are_copied_without_packages_and_data(tmp_path: Path) -> None:
    for name in ("a.py", "inner/b.py", ".venv/c.py", "env/d.py", "data.bin", "__pycache__/e.py"):
        path = tmp_path / "from" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "from/env/pyvenv.cfg").touch()
    assert copy_modules([str(tmp_path / "from")], tmp_path / "to") == 2
    assert (tmp_path / "to/inner/b.py").read_text() == "inner/b.py"
    (tmp_path / "from/large.py").write_bytes(b" " * 11 * 1024**2)
    with pytest.raises(TooMuchError, match="10 MB"):
        copy_modules([str(tmp_path / "from")], tmp_path / "other")
