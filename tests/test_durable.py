"""What lies in a study is written by `search.studies.durable`, or for a stated reason not."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.errors import StudyError
from search.studies.durable import link_durably, make_folder, write_durably, write_whole
from tests.test_imports import SOURCES

WRITERS = {
    "search.studies.durable": "writes for the others",
    "search.studies.journal": "cuts a torn line off, and flushes that",
    "search.studies.lock": "means something only while its process lives",
    "search.objective.command": "notes in what a script printed where it began again",
    "search.objective.reported_checkpoint": "unpacks a copy for the objective to read",
    "search.objective.script": "passes on what a script prints, as it comes",
    "search.spaces.first_space": "writes a user's own first files, where there is no study yet",
    "search.studies.requests": "adds a line under a lock, and flushes it and the folder",
    "search.studies.workers": "means something only while its process lives",
    "search.running.worker": "writes as a process dies of a trial that hangs, for people to read",
    "search.progress.trackers.mlflow": "belongs to a tracker, which writes what it lacks anew",
    "search.progress.trackers.tensorboard": "belongs to a tracker, likewise",
    "search.running.engines.modules": "copies modules to a temporary folder, for Ray to take",
    "search.progress.beside": "opens a terminal and a pipe, no file",
    "search.plots.catalogue": "makes the folder that a user names for pictures",
}
"""Modules of `search` that open files to write them, and why that is no matter of power cuts."""

_METHODS = {"write_text", "write_bytes", "touch", "mkdir", "symlink_to", "hardlink_to", "rename"}
_OF_OS = {"replace", "rename", "link", "symlink", "mkdir", "makedirs", "truncate", "open"}


def writes(source: str) -> Iterator[int]:
    """Find the lines of a text that may write a file or make a folder."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr=name)):
                if name in _OF_OS:
                    yield node.lineno
            case ast.Call(func=ast.Attribute(attr=name)) if name in _METHODS:
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr="open") | ast.Name(id="open")):
                if any(set(mode) & set("wax+") for mode in _modes(node)):
                    yield node.lineno


def _modes(call: ast.Call) -> list[str]:
    """List what may be the mode in a call of `open`: short texts."""
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    texts = [arg.value for arg in given if isinstance(arg, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and len(text) <= 3]


@pytest.mark.parametrize(
    "source",
    [
        "path.write_text('x')",
        "open('a', 'w')",
        "path.open('ab', buffering=0)",
        "path.open(mode='r+b')",
        "os.replace(a, b)",
        "folder.mkdir(parents=True)",
    ],
)
def test_writes_are_seen(source: str) -> None:
    assert list(writes(source)) == [1]


@pytest.mark.parametrize("source", ["path.open('rb')", "open(path)", "'a'.replace('b', 'w')"])
def test_reads_are_none(source: str) -> None:
    assert list(writes(source)) == []


def test_only_the_durable_writes_write() -> None:
    found = {
        module
        for module, source in SOURCES.items()
        if module.startswith("search") and any(writes(source))
    }
    assert found == {*WRITERS}


def test_file_is_replaced_whole(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        write_durably(tmp_path / "file", content)
        assert [path.name for path in tmp_path.iterdir()] == ["file"]
        assert (tmp_path / "file").read_bytes() == content


def test_link_stays_what_it_was_when_the_first_name_is_written_again(tmp_path: Path) -> None:
    write_durably(tmp_path / "last", b"first")
    link_durably(tmp_path / "last", tmp_path / "best")
    write_durably(tmp_path / "last", b"second")
    assert (tmp_path / "best").read_bytes() == b"first"
    link_durably(tmp_path / "last", tmp_path / "best")
    assert (tmp_path / "best").read_bytes() == b"second"


def test_folders_are_made_with_those_that_they_lie_in(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_file_that_cannot_be_written_is_told_of_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(StudyError, match="taken: the file must be writable, got "):
        write_whole(tmp_path / "taken", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
