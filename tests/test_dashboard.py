"""`search dashboard` as a server of its own, beside a run, asked over HTTP and in a browser."""

import json
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import OpenPage
from tests.processes import command_in, n_begun, start

SPACE = """\
study: toy
objective: tests.toys:quadratic
settings: {epochs: 4, sleep_s: SLEEP}
metric: {name: score, direction: maximize}
budget: {trials: 4}
sampler: {name: random}
pruner: {name: none}
resources: {gpus_per_trial: 0}
parameters:
  x: {type: float, low: 0, high: 1}
"""


def refused(folder: Path, *args: str) -> str:
    """Run a command that must end as wrong usage, and give what it says."""
    process = start(folder, *args)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    return stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a study in a folder of its own."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "toy.yaml").write_text(SPACE.replace("SLEEP", "0"))
    assert command_in(folder)("run", "toy.yaml", "--engine", "inline").returncode == 0
    return folder


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """Serve the only study and name the address; Ctrl-C must end it cleanly."""
    process = start(home, "dashboard", "--port", "0")
    assert process.stdout
    yield process.stdout.readline().strip()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0
    assert stderr.splitlines() == [
        "its importances are Optuna's PED-ANOVA, not the fANOVA of a summary",
        "Ctrl-C ends it",
        "",
    ]


def get(address: str, path: str) -> Any:
    with urllib.request.urlopen(api(address, path), timeout=30) as answer:
        return json.load(answer)


def api(address: str, path: str) -> str:
    return f"{address.partition('/dashboard')[0]}/api/{path}"


def test_dashboard_gives_the_study_and_its_trials(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    (summary,) = get(address, "studies")["study_summaries"]
    assert summary["study_name"] == "toy"
    detail = get(address, f"studies/{summary['study_id']}")
    assert [trial["state"] for trial in detail["trials"]] == ["Complete"] * 4
    assert detail["objective_names"] == ["score"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "studies", {"study_name": "mine", "directions": ["minimize"]}),
        ("POST", "studies/0/rename", {"study_name": "mine"}),
        ("PUT", "studies/0/note", {"body": "mine", "version": 1}),
        ("DELETE", "studies/0", None),
    ],
    ids=["create", "rename", "note", "delete"],
)
def test_dashboard_refuses_what_would_change_the_study(
    address: str, home: Path, method: str, path: str, body: dict[str, Any] | None
) -> None:
    journal = home / "studies/toy/study.journal"
    before = journal.read_bytes()
    request = urllib.request.Request(
        api(address, path),
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"},
        method=method,
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)
    with caught.value as answer:
        assert answer.code == 405
        assert answer.headers["Allow"] == "GET, HEAD"
        text = answer.read().decode()
    assert text == f"this dashboard only shows a study, {method} would change it\n"
    assert journal.read_bytes() == before


def test_dashboard_refuses_other_names_of_the_machine(address: str) -> None:
    request = urllib.request.Request(api(address, "studies"), headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)
    with caught.value as answer:
        assert (answer.code, answer.read()) == (400, b"this is 127.0.0.1, not evil.example\n")


def test_dashboard_opens_in_a_browser(address: str, home: Path, visit: OpenPage) -> None:
    journal = home / "studies/toy/study.journal"
    before = journal.read_bytes()
    page = visit(address).page
    page.get_by_text("toy").first.wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
    assert journal.read_bytes() == before


def test_dashboard_shows_a_run_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE.replace("SLEEP", "0.1"))
    run = start(tmp_path, "run", "toy.yaml", "--engine", "inline", "--trials", "1000")
    while n_begun(tmp_path / "studies/toy") < 2:
        assert run.poll() is None
        time.sleep(0.02)
    server = start(tmp_path, "dashboard", "toy", "--port", "0")
    try:
        assert server.stdout
        address = server.stdout.readline().strip()
        n_seen = len(states(address))
        while len(states(address)) == n_seen or "Running" not in states(address):
            assert run.poll() is None
            time.sleep(0.1)
    finally:
        for process in (server, run):
            process.send_signal(signal.SIGINT)
        server.communicate(timeout=30)
        _, stderr = run.communicate(timeout=60)
    assert run.returncode == 130, stderr


def states(address: str) -> list[str]:
    return [trial["state"] for trial in get(address, "studies/0")["trials"]]


def test_dashboard_without_a_study_names_those_there_are(home: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(home / "studies/toy", tmp_path / "studies" / name)
    refusal = command_in(tmp_path)("dashboard")
    assert refusal.returncode == 2
    assert refusal.stderr == "error: STUDY: a study must be named; valid: one, two\n"


def test_dashboard_at_a_port_that_is_taken_says_so(home: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        refusal = command_in(home)("dashboard", "toy", "--port", str(port))
    assert refusal.returncode == 2
    assert refusal.stderr == (
        f"error: --port: a free port must be given, got {port}: Address already in use; "
        "0 takes any\n"
    )


def test_dashboard_without_its_package_names_the_extra(home: Path, tmp_path: Path) -> None:
    missing = "raise ModuleNotFoundError(name='optuna_dashboard')\n"
    (tmp_path / "optuna_dashboard.py").write_text(missing)
    stderr = refused(tmp_path, "dashboard", str(home / "studies/toy"))
    assert stderr == (
        "error: dashboard: the package optuna_dashboard must be installed, by the extra "
        "'dashboard': pip install 'search[dashboard]'\n"
    )
