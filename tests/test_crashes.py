"""Power cuts in the middle of commands, on a disk in memory that forgets what is not flushed."""

import random
from pathlib import Path

import pytest

from tests.crashes.checking import SCENARIOS, ends, fault, states
from tests.crashes.disk import Disk, File, Folder
from tests.crashes.recording import strace

SAMPLE = 200
"""States that are gone on with; the benchmark `crashes` takes thousands."""


def survivors(disk: Disk) -> list[dict[str, bytes | None]]:
    return list(disk.survivors(at_most=100, seed=0))


def test_disk_keeps_what_is_flushed() -> None:
    disk = Disk({"a": None, "a/old": b"old"})
    assert survivors(disk) == [{"a": None, "a/old": b"old"}]


def test_disk_may_lose_tear_or_blank_what_is_not_flushed() -> None:
    disk = Disk({"file": b"ab"})
    disk.write("file", None, b"cdef")
    left = [tree["file"] for tree in survivors(disk)]
    assert sorted(left, key=str) == [b"ab", b"ab\0\0\0\0", b"abcd", b"abcdef"]
    disk.flush("file")
    assert survivors(disk) == [{"file": b"abcdef"}]


def test_disk_may_lose_the_name_of_a_file_that_is_flushed() -> None:
    disk = Disk({})
    disk.make("file", File())
    disk.write("file", 0, b"content")
    disk.flush("file")
    assert survivors(disk) == [{"file": b"content"}, {}]
    disk.flush("")
    assert survivors(disk) == [{"file": b"content"}]


def test_disk_may_rename_before_it_writes() -> None:
    disk = Disk({"file": b"old"})
    disk.make("new", File())
    disk.write("new", 0, b"new!")
    disk.rename("new", "file")
    left = [tree.get("file") for tree in survivors(disk)]
    assert {b"old", b"new!", b"ne", b"", b"\0\0\0\0"} == set(left)


def test_disk_loses_what_lies_in_a_folder_that_it_loses() -> None:
    disk = Disk({})
    disk.make("a", Folder())
    disk.make("a/file", File())
    assert {} in survivors(disk)


@pytest.mark.skipif(not strace(), reason="no strace")
@pytest.mark.parametrize("verb", SCENARIOS)
def test_power_cut_loses_nothing(verb: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[verb]
    (tmp_path / "cut").mkdir()
    found = list(states(scenario, tmp_path / "cut", at_most=8))
    drawn = random.Random(0).sample(found, min(len(found), SAMPLE // len(SCENARIOS)))
    wanted = ends(scenario, tmp_path)
    faults = [problem for state in drawn if (problem := fault(scenario, state, wanted))]
    assert not faults
