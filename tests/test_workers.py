"""Who runs which trial, as whoever watches a study is told, and what those processes use."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from socket import gethostname
from typing import Any

import pytest

from search.progress.screen.usage import Processes
from search.studies.driver import StudyDriver
from search.studies.workers import Worker, announced, read_workers
from tests.conftest import RunStudy, make_spec


def telling(params: dict[str, Any], folder: str) -> Iterator[Any]:
    """Report how many trials its study says that this very process runs."""
    (study,) = Path(folder).glob("studies_*/toy")
    mine = [worker for worker in read_workers(study) if worker.pid == os.getpid()]
    yield {"score": len(mine)}


def test_a_trial_tells_of_its_worker_as_long_as_it_runs(
    run_study: RunStudy, tmp_path: Path, engine: str
) -> None:
    telling = {"objective": "tests.test_workers:telling", "settings": {"folder": str(tmp_path)}}
    study = run_study(engine, **telling, budget={"trials": 2})
    assert [trial.value for trial in study.trials()] == [1.0, 1.0]
    assert read_workers(study.folder) == []


def test_workers_are_read_in_the_order_of_trials_and_torn_files_passed_over(
    tmp_path: Path,
) -> None:
    study = StudyDriver.create(make_spec(), tmp_path)
    me = os.getpid(), gethostname()
    with announced(study.folder, 10), announced(study.folder, 9):
        next((study.folder / ".workers").iterdir()).with_name("11.json").write_text('{"trial": 1')
        assert read_workers(study.folder) == [Worker(9, *me), Worker(10, *me)]
        assert all(worker.is_here for worker in read_workers(study.folder))
    assert read_workers(study.folder) == []


def test_nothing_is_told_where_there_is_no_study(tmp_path: Path) -> None:
    with announced(tmp_path, 0):
        assert not list(tmp_path.iterdir())


SMI = """\
#!/bin/sh
case "$1" in
*compute-apps*) echo "PID, 2048" ;;
*) echo "0, 37, 2100, 143771"; echo "1, [N/A], [N/A], [N/A]" ;;
esac
"""


def test_a_process_is_measured_with_those_it_has_started_and_gpus_as_nvidia_smi_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nvidia-smi").write_text(SMI.replace("PID", str(os.getpid())))
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    processes = Processes()
    alone = processes.look([os.getpid()])
    code = "x = bytearray(2 ** 28); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        child.stdout.readline()
        together = processes.look([os.getpid()])
        apart = processes.look([os.getpid(), child.pid, 2**22 + 1])
        child.communicate(b"\n")
    mine = os.getpid()
    grown = together.usages[mine].memory_bytes - alone.usages[mine].memory_bytes
    assert grown > 2**27
    assert apart.usages[child.pid].memory_bytes > 2**28
    assert apart.usages.keys() == {mine, child.pid}
    assert alone.usages[mine].gpu_bytes == 2**31
    assert [(gpu.index, gpu.percent) for gpu in alone.gpus] == [(0, 37.0)]
