"""A real cluster of two Ray nodes on this machine, one of which is lost in mid-run."""

import os
import secrets
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from search.progress.terminal import Progress
from search.running.run import Run
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
