"""The storage after power cuts, kills and damage; files that someone sent execute nothing."""

import os
import pickle
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from search.errors import SpaceError, StudyError
from search.objective.generators import generator_states, restore_generators, seed_generators
from search.studies.checkpoint_store import FolderStore
from search.studies.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from search.studies.driver import StudyDriver
from search.studies.reader import StudyReader
from search.studies.storage import cut_torn_line, open_storage
from search.studies.trials import Epoch, Metrics
from tests.conftest import make_spec

REPORT = Epoch(1, {"score": 0.5, "loss": None}, 0.25, 0.5)
SECOND = Epoch(2, {"score": 0.75, "loss": 0.5}, 0.25, 0.75)


@pytest.fixture
def study(tmp_path: Path) -> StudyDriver:
    """A study of three trials, each with one epoch."""
    study = StudyDriver.create(make_spec(), tmp_path)
    for _ in range(3):
        trial = study.ask()
        assert trial is not None
        study.report(trial.number, REPORT)
        study.complete(trial.number, 0.5)
    return study


def journal(study: StudyDriver) -> Path:
    return study.folder / "study.journal"


@pytest.mark.parametrize("n_bytes", [1, 5, 40])
def test_torn_last_line_is_cut_off_and_the_rest_goes_on(study: StudyDriver, n_bytes: int) -> None:
    os.truncate(journal(study), journal(study).stat().st_size - n_bytes)
    opened = StudyDriver.open("toy", study.folder.parent)
    assert len(opened.trials()) == 3
    warning = cut_torn_line(opened.folder, opened.spec.storage)
    assert warning is not None
    assert "the last line was torn and is cut off" in warning
    assert cut_torn_line(opened.folder, opened.spec.storage) is None
    again = StudyDriver.open("toy", study.folder.parent)
    assert again.ask() is not None
    assert len(StudyDriver.open("toy", study.folder.parent).trials()) == 4


def test_whole_record_is_left_as_it_is(study: StudyDriver) -> None:
    before = journal(study).read_bytes()
    assert cut_torn_line(study.folder, study.spec.storage) is None
    assert journal(study).read_bytes() == before


@pytest.mark.parametrize("n_lines", [1, 2])
def test_epoch_is_there_whole_or_not_at_all(study: StudyDriver, n_lines: int) -> None:
    trial = study.ask()
    assert trial
    study.report(trial.number, REPORT)
    study.report(trial.number, SECOND)
    lines = journal(study).read_text().splitlines(keepends=True)
    journal(study).write_text("".join(lines[:-n_lines]))  # a power cut
    resumed = StudyDriver.open("toy", study.folder.parent)
    assert [row["epoch"] for row in resumed.history(trial.number)] == [1]
    assert resumed.trial(trial.number).metrics == REPORT.metrics
    resumed.take_up_unfinished()
    resumed.report(trial.number, SECOND)
    assert resumed.history(trial.number)[1] == {"epoch": 2, "seconds": 0.25, **SECOND.metrics}


def test_epoch_is_one_write_of_two_lines(study: StudyDriver) -> None:
    trial = study.ask()
    assert trial
    before = journal(study).read_bytes()
    study.report(trial.number, REPORT)
    lines = journal(study).read_bytes().removeprefix(before).splitlines()
    assert len(lines) == 2
    assert b"score=0.5 loss=" in lines[0]
    assert b'"step":1' in lines[1]


def test_epoch_of_a_full_disk_leaves_the_journal_as_it_was(
    study: StudyDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = study.ask()
    assert trial
    before = journal(study).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            study.report(trial.number, REPORT)
    assert journal(study).read_bytes() == before
    study.report(trial.number, REPORT)
    assert len(study.history(trial.number)) == 1


def test_metrics_are_read_back_exactly(tmp_path: Path, storage: str) -> None:
    study = StudyDriver.create(make_spec(storage=storage), tmp_path)
    trial = study.ask()
    assert trial
    metrics: Metrics = {
        "score": 0.1 + 0.2,
        "n_parameters": 2**60 + 1,
        "auroc": None,
        "tiny": 5e-324,
    }
    study.report(trial.number, Epoch(1, metrics, 0.25, 0.5))
    shutil.rmtree(study.folder / "trials", ignore_errors=True)
    again = StudyReader.open("toy", tmp_path)
    (row,) = again.history(trial.number)
    assert row == {"epoch": 1, "seconds": 0.25, **metrics}
    assert isinstance(row["n_parameters"], int)
    assert again.trial(trial.number).metrics == metrics


def test_damage_in_the_middle_is_refused_with_the_place_and_the_way_back(
    study: StudyDriver,
) -> None:
    lines = journal(study).read_bytes().splitlines(keepends=True)
    lines[7] = b"\x00" * 20 + b"\n"
    journal(study).write_bytes(b"".join(lines))
    with pytest.raises(StudyError) as caught:
        StudyDriver.open("toy", study.folder.parent)
    message = str(caught.value)
    assert message.startswith(
        f"{journal(study)}:8: each line of the journal must be a JSON object"
    )
    assert f"head -n 7 {journal(study)}" in message
    journal(study).write_bytes(b"".join(lines[:7]))
    assert StudyDriver.open("toy", study.folder.parent).trials()


def test_checkpoint_reads_back_what_was_saved(tmp_path: Path) -> None:
    weights = torch.arange(3.0)
    objective = {"weights": weights, "epoch": 2, "names": ["a", None, True]}
    save_checkpoint(
        FolderStore(tmp_path), "last.pt", Checkpoint(REPORT, objective, generator_states())
    )
    loaded = load_checkpoint(FolderStore(tmp_path), "last.pt")
    assert loaded is not None
    assert loaded.epoch == REPORT
    assert torch.equal(loaded.objective["weights"], weights)
    assert loaded.objective["names"] == ["a", None, True]
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


def test_generators_go_on_where_they_were(tmp_path: Path) -> None:
    import random

    import numpy as np

    def draw() -> list[float]:
        return [random.gauss(0, 1), float(np.random.normal()), torch.randn(()).item()]

    seed_generators(7)
    draw()
    save_checkpoint(FolderStore(tmp_path), "last.pt", Checkpoint(REPORT, {}, generator_states()))
    expected = [draw(), draw()]
    loaded = load_checkpoint(FolderStore(tmp_path), "last.pt")
    assert loaded is not None
    restore_generators(loaded.generators)
    assert [draw(), draw()] == expected


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize(
    "write", [torch.save, lambda x, path: path.write_bytes(pickle.dumps(x, 2))]
)
def test_hostile_checkpoint_executes_nothing(tmp_path: Path, write: Any) -> None:
    write({"report": Hostile(tmp_path / "harmed")}, tmp_path / "last.pt")
    assert load_checkpoint(FolderStore(tmp_path), "last.pt") is None
    assert not (tmp_path / "harmed").exists()


def test_hostile_record_executes_nothing(study: StudyDriver, tmp_path: Path) -> None:
    space = study.folder / "space.yaml"
    space.write_text(
        space.read_text() + f"start_from: !!python/object/apply:os.system [touch {tmp_path}/h]"
    )
    with pytest.raises(SpaceError, match="plain values only"):
        StudyDriver.open("toy", study.folder.parent)
    assert not (tmp_path / "h").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02}."])
def test_damaged_checkpoint_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "last.pt").write_bytes(content)
    assert load_checkpoint(FolderStore(tmp_path), "last.pt") is None


def test_database_that_several_open_while_it_is_made_opens_for_each(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def names(_: int) -> list[str]:
        together.wait()
        return [study.study_name for study in open_storage(tmp_path, "sqlite").get_all_studies()]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(names, range(4))) == [[], [], [], []]
