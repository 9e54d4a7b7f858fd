"""Places for checkpoints: a folder, its URL and a bucket of a real S3 server on loopback."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from search.errors import StudyError
from search.studies.checkpoint_store import CheckpointStore, StoreError, below, open_store
from search.studies.driver import StudyDriver
from tests.conftest import ROOT, RunStudy, make_spec
from tests.processes import command_in

MakeBucket = Callable[[str], str]
KEYS = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret"}
KINDS = ["folder", "file", "s3"]
WANDERING = {"objective": "tests.wandering:Wandering", "settings": {"epochs": 3}}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Start an S3 server; give the query of its URLs."""
    from moto.server import ThreadedMotoServer

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        yield f"?scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1"
    server.stop()


@pytest.fixture
def make_bucket(s3: str) -> MakeBucket:
    """Give a function that makes a bucket and names the URL of a place in it."""
    from pyarrow.fs import FileSystem

    def make(name: str) -> str:
        files, _ = FileSystem.from_uri(f"s3://{name}/{s3}&allow_bucket_creation=true")
        files.create_dir(name)
        return f"s3://{name}/some/where{s3}"

    return make


@pytest.fixture(params=KINDS)
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name a fresh place of each kind."""
    if request.param != "s3":
        return f"{'file://' if request.param == 'file' else ''}{tmp_path}/a folder"
    return str(request.getfixturevalue("make_bucket")(f"bucket-{tmp_path.name.replace('_', '-')}"))


@pytest.fixture
def store(location: str) -> CheckpointStore:
    return open_store(location)


def test_empty_place_holds_nothing(store: CheckpointStore) -> None:
    assert store.names() == []
    assert store.read("0000/last.pt") is None
    assert store.size("0000/last.pt") is None
    store.delete("0000/last.pt")
    store.clear()


def test_file_reads_back_and_is_replaced_whole(store: CheckpointStore) -> None:
    for content in (b"first, the longer one", b"second"):
        store.write("0007/last.pt", memoryview(content))
        assert store.read("0007/last.pt") == content
        assert store.size("0007/last.pt") == len(content)
    assert store.names() == ["0007/last.pt"]


def test_open_file_is_read_in_parts(store: CheckpointStore) -> None:
    assert store.open("0007/best.pt") is None
    store.write("0007/best.pt", b"first, then second")
    file = store.open("0007/best.pt")
    assert file
    with file:
        file.seek(-6, os.SEEK_END)
        assert file.read() == b"second"


def test_copy_stays_what_it_was(store: CheckpointStore) -> None:
    store.write("0007/last.pt", b"epoch 1")
    store.copy("0007/last.pt", "0007/best.pt")
    store.write("0007/last.pt", b"epoch 2")
    assert store.read("0007/best.pt") == b"epoch 1"
    store.copy("0007/last.pt", "0007/best.pt")
    assert store.read("0007/best.pt") == b"epoch 2"
    assert store.names() == ["0007/best.pt", "0007/last.pt"]


def test_delete_and_clear_leave_nothing(store: CheckpointStore) -> None:
    for name in ("0001/last.pt", "0001/best.pt", "0002/last.pt"):
        store.write(name, b"x")
    store.delete("0001/last.pt")
    assert store.names() == ["0001/best.pt", "0002/last.pt"]
    store.clear()
    assert store.names() == []


def test_places_below_one_another_are_apart(location: str) -> None:
    one, other = (open_store(below(location, name)) for name in ("one", "other"))
    one.write("0001/last.pt", b"x")
    assert (one.names(), other.names()) == (["0001/last.pt"], [])


@pytest.mark.parametrize(
    ("engine", "location"),
    [
        *[("inline", kind) for kind in KINDS],
        pytest.param("ray", "s3", marks=pytest.mark.ray),
    ],
    indirect=["location"],
)
def test_study_keeps_its_checkpoints_there_and_removes_them(
    engine: str, location: str, run_study: RunStudy
) -> None:
    study = run_study(engine, **WANDERING, storage_path=location, keep=2)
    best = sorted(record.number for record in study.trials()[:2])
    store = open_store(below(location, "toy"))
    assert store.names() == [f"{number:04d}/best.pt" for number in best]
    assert not list(study.folder.rglob("*.pt"))
    study.remove()
    assert store.names() == []


def test_remove_of_a_study_deletes_its_checkpoints_only(
    tmp_path: Path, run_study: RunStudy
) -> None:
    """A study that somebody sent may name any place, and lead to any by links."""
    theirs = tmp_path / "home" / "toy"
    study = run_study("inline", **WANDERING, storage_path=str(theirs.parent), keep=2)
    precious = [theirs / "thesis.pt", theirs / "0099" / "model.pt", tmp_path / "0001" / "best.pt"]
    for path in precious:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    (theirs / "0100").symlink_to(tmp_path / "0001")
    (study.folder / "trials").mkdir(exist_ok=True)
    (study.folder / "trials" / "0000").symlink_to(tmp_path / "0001")
    study.remove()
    assert not study.folder.exists()
    assert not list(theirs.glob("0*/last.pt")) + list(theirs.glob("000*/best.pt"))
    assert all(path.exists() for path in precious)


def test_remove_of_a_link_to_a_study_is_refused(tmp_path: Path, run_study: RunStudy) -> None:
    study = run_study("inline")
    link = tmp_path / "linked"
    link.symlink_to(study.folder)
    with pytest.raises(StudyError) as caught:
        StudyDriver.open("linked", tmp_path).remove()
    assert str(caught.value) == (
        f"{link}: a study's folder must be no link to be deleted, got one to {study.folder}; "
        "delete that, or the link"
    )
    assert (study.folder / "space.yaml").exists()


def test_place_of_another_study_is_refused(location: str, tmp_path: Path) -> None:
    open_store(below(location, "toy")).write("0001/best.pt", b"x")
    with pytest.raises(StudyError) as caught:
        StudyDriver.create(make_spec(storage_path=location), tmp_path / "studies")
    assert "toy must be empty for a new study, got 1 checkpoints" in str(caught.value)
    assert not (tmp_path / "studies" / "toy").exists()


def test_bucket_that_does_not_exist_is_refused_without_its_keys(s3: str, tmp_path: Path) -> None:
    location = f"s3://someone:secret@missing{s3}"
    with pytest.raises(StudyError) as caught:
        StudyDriver.create(make_spec(storage_path=location), tmp_path)
    assert str(caught.value).startswith("storage_path: s3://missing/toy must be writable, got ")
    assert "secret" not in str(caught.value)


def test_url_of_no_storage_is_refused() -> None:
    with pytest.raises(StudyError, match="storage_path: a folder, or the URL of a bucket"):
        open_store("ftp://somewhere/else")


def test_folder_that_cannot_be_written_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "0001").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        open_store(str(tmp_path)).write("0001/last.pt", b"x")
    assert caught.value.filename == f"{tmp_path}/0001/last.pt"


def test_bucket_out_of_reach_ends_the_run_resumable(
    make_bucket: MakeBucket, tmp_path: Path
) -> None:
    location, search = make_bucket("far-away"), command_in(tmp_path)
    spec = make_spec(**WANDERING, storage_path=location)
    study = StudyDriver.create(spec, tmp_path / "studies", [str(ROOT)])
    space = study.folder / "space.yaml"
    text = space.read_text()
    space.write_text(text.replace(urlsplit(location).query, "endpoint_override=127.0.0.1:9"))
    result = search("resume", "toy", "--engine", "inline")
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("error: far-away/some/where/toy: must be writable, got ")
    assert "Traceback" not in result.stderr
    space.write_text(text)
    result = search("resume", "toy", "--engine", "inline")
    assert result.returncode == 0, result.stderr
    assert len(study.trials()) == 4
