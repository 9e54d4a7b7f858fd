"""Every space file of the project loads, says how to run it, and can be run."""

import sys
from pathlib import Path

import pytest

from search.objective.loading import load_objective
from search.spaces.sampling import sample_points
from search.spaces.space import Space
from search.spaces.space_file import load_space_file, space_file_text

ROOT = Path(__file__).parent.parent
FILES = sorted(ROOT.glob("spaces/*.yaml"))


@pytest.fixture(autouse=True)
def _root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path[:])  # loading a space file extends it
    monkeypatch.chdir(ROOT)


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def path(request: pytest.FixtureRequest) -> Path:
    """Each space file in turn."""
    assert isinstance(request.param, Path)
    return request.param


def test_spaces_folder_has_files() -> None:
    assert FILES


def test_space_file_names_its_schema_in_the_first_line(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../search/space.schema.json"
    assert (path.parent / first.partition("=")[2]).is_file()


def test_space_file_says_its_command_in_its_header(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    assert any(f"search run spaces/{path.name}" in line for line in header)


def test_space_file_objective_can_be_loaded(path: Path) -> None:
    assert callable(load_objective(load_space_file(path).objective))


def test_space_file_samples_are_in_its_space(path: Path) -> None:
    space = Space.of(load_space_file(path))
    points = sample_points(space, 20)
    assert all(space.contains(point) for point in points)
    assert len({repr(point) for point in points}) > 1


def test_space_file_written_resolved_loads_back_equal(path: Path, tmp_path: Path) -> None:
    spec = load_space_file(path)
    text = space_file_text(spec, ["resolved"])
    (tmp_path / "space.yaml").write_text(text, encoding="utf-8")
    assert load_space_file(tmp_path / "space.yaml") == spec
