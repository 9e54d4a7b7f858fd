"""A study on disk: created, opened, asked, reported to, told, read back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from search.errors import StudyError
from search.spaces.space import Space
from search.studies.driver import StudyDriver
from search.studies.folder import study_names
from search.studies.queue import enqueue_point
from search.studies.reader import StudyReader
from search.studies.trials import Epoch, Failure
from tests.conftest import make_spec


def report(epoch: int, score: float) -> Epoch:
    return Epoch(epoch, {"score": score, "val_loss": 1 / epoch}, 0.25, 0.25 * epoch)


@pytest.fixture
def study(tmp_path: Path, storage: str) -> StudyDriver:
    return StudyDriver.create(make_spec(storage=storage), tmp_path, ["somewhere"])


def test_create_twice_is_refused(study: StudyDriver) -> None:
    with pytest.raises(StudyError) as error:
        StudyDriver.create(make_spec(), study.folder.parent)
    assert str(error.value) == (
        f"{study.folder}: a study of this name exists; go on with it by "
        f"`search resume toy --studies {study.folder.parent}`, or start another by "
        "`--name NAME`"
    )


def test_create_in_unwritable_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="the folder must be writable"):
        StudyDriver.create(make_spec(), tmp_path / "file")


def test_open_reads_back_what_was_recorded(study: StudyDriver) -> None:
    trial = study.ask()
    assert trial is not None
    for epoch, score in enumerate([0.2, 0.6, 0.4], start=1):
        study.report(trial.number, report(epoch, score))
    study.complete(trial.number, 0.75)
    opened = StudyDriver.open("toy", study.folder.parent)
    assert opened.trials() == study.trials()
    (read,) = opened.trials()
    assert (read.state, read.value, read.best_epoch) == ("COMPLETE", 0.6, 2)
    assert read.metrics == {"score": 0.6, "val_loss": 0.5}
    assert (read.n_epochs, read.seconds) == (3, 0.75)
    assert opened.spec == study.spec
    assert opened.import_folders == ["somewhere"]


def test_reading_builds_no_space(study: StudyDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = study.ask()
    assert trial is not None
    study.report(trial.number, report(1, 0.5))
    monkeypatch.delattr(Space, "of")
    reader = StudyReader.open("toy", study.folder.parent)
    assert reader.trials() == [reader.trial(0)]
    assert len(reader.history(0)) == 1
    with pytest.raises(AttributeError):
        StudyDriver.open("toy", study.folder.parent)


def test_optunas_dashboard_is_shown_no_attribute_for_an_epoch(study: StudyDriver) -> None:
    trial = study.ask()
    assert trial is not None
    for epoch in range(1, 4):
        study.report(trial.number, report(epoch, 0.5))
    study.complete(trial.number, 0.75)
    assert study.optuna_study.trials[0].user_attrs.keys() == {"seed", "seconds"}


def test_open_by_path_and_by_name(study: StudyDriver) -> None:
    assert StudyDriver.open(str(study.folder), Path("elsewhere")).name == "toy"


def test_open_changes_nothing(study: StudyDriver) -> None:
    study.ask()
    before = {p: p.read_bytes() for p in study.folder.rglob("*") if p.is_file()}
    StudyDriver.open("toy", study.folder.parent).trials()
    assert {p: p.read_bytes() for p in study.folder.rglob("*") if p.is_file()} == before


def test_open_missing_study_names_those_there_are(study: StudyDriver) -> None:
    with pytest.raises(StudyError) as error:
        StudyDriver.open("tox", study.folder.parent)
    root = study.folder.parent
    assert str(error.value) == (
        f"{root}/tox: there is no such study; did you mean 'toy'; in {root} there are toy"
    )


def test_history_has_a_row_for_each_epoch(study: StudyDriver) -> None:
    trial = study.ask()
    assert trial is not None
    study.report(trial.number, report(1, 0.5))
    study.report(trial.number, Epoch(2, {"score": 0.6, "val_f1": None}, 0.25, 0.5))
    assert StudyReader.open("toy", study.folder.parent).history(trial.number) == [
        {"epoch": 1, "seconds": 0.25, "score": 0.5, "val_loss": 1.0, "val_f1": None},
        {"epoch": 2, "seconds": 0.25, "score": 0.6, "val_loss": None, "val_f1": None},
    ]


def test_failure_keeps_kind_reason_and_traceback(study: StudyDriver) -> None:
    trial = study.ask()
    assert trial is not None
    study.fail(trial.number, 1.0, Failure("error", "ValueError: no", "Traceback …"))
    failed = study.trial(trial.number)
    assert (failed.state, failed.reason) == ("FAIL", "error: ValueError: no")
    assert (study.trial_folder(trial.number) / "error.txt").read_text() == "Traceback …"


def test_records_are_ranked_complete_then_pruned_then_failed(study: StudyDriver) -> None:
    for score, end in [(0.9, "prune"), (0.3, "complete"), (0.1, "fail"), (0.7, "complete")]:
        trial = study.ask()
        assert trial is not None
        study.report(trial.number, report(1, score))
        if end == "fail":
            study.fail(trial.number, 0.1, Failure("error", "no"))
        else:
            getattr(study, end)(trial.number, 0.1)
    assert [trial.number for trial in study.trials()] == [3, 1, 0, 2]


@pytest.mark.parametrize(("direction", "best"), [("maximize", 0.6), ("minimize", 0.2)])
def test_direction_decides_the_best_epoch(tmp_path: Path, direction: str, best: float) -> None:
    study = StudyDriver.create(
        make_spec(metric={"name": "score", "direction": direction}), tmp_path
    )
    trial = study.ask()
    assert trial is not None
    for epoch, score in enumerate([0.4, 0.2, 0.6, 0.3], start=1):
        study.report(trial.number, report(epoch, score))
    study.complete(trial.number, 1.0)
    assert study.trial(trial.number).value == best


def test_last_epoch_is_never_pruned(tmp_path: Path) -> None:
    spec = make_spec(settings={"epochs": 1}, pruner={"name": "asha", "reduction_factor": 2})
    study = StudyDriver.create(spec, tmp_path)
    for score in (0.9, 0.1, 0.05):
        trial = study.ask()
        assert trial is not None
        assert not study.report(trial.number, report(1, score))


def test_study_names_are_sorted_and_studies_only(study: StudyDriver) -> None:
    (study.folder.parent / "not_a_study").mkdir()
    StudyDriver.create(make_spec(study="alpha"), study.folder.parent)
    assert study_names(study.folder.parent) == ["alpha", "toy"]
    assert study_names(study.folder.parent / "missing") == []


def test_unfinished_trials_are_taken_up_as_they_were(study: StudyDriver) -> None:
    numbers = []
    for score in (0.5, 0.25):
        trial = study.ask()
        assert trial is not None
        study.report(trial.number, report(1, score))
        numbers.append(trial.number)
    study.interrupt(numbers[1], 0.5, "the run ended")
    opened = StudyDriver.open("toy", study.folder.parent)
    assert [r.reason for r in opened.trials()] == [
        "interrupted: its run was killed",
        "interrupted: the run ended",
    ]
    taken = opened.take_up_unfinished()
    assert [(r.number, r.n_epochs, r.value) for r in taken] == [(0, 1, 0.5), (1, 1, 0.25)]
    assert opened.live_trials() == [0, 1]
    for number in numbers:
        assert opened.go_on(number).state == "RUNNING"
        opened.report(number, report(1, 0.9))  # reported once more, recorded once
        opened.report(number, report(2, 0.4))
        opened.complete(number, 1.0)
    ends = StudyDriver.open("toy", study.folder.parent).trials()
    assert [(r.state, r.values, r.reason) for r in ends] == [
        ("COMPLETE", {1: 0.5, 2: 0.4}, ""),
        ("COMPLETE", {1: 0.25, 2: 0.4}, ""),
    ]
    assert [len(opened.history(n)) for n in numbers] == [2, 2]


def test_enqueued_points_are_tried_first_by_whoever_drives(study: StudyDriver) -> None:
    assert enqueue_point(StudyDriver.open("toy", study.folder.parent), {"x": 0.125}) == 0
    trial = study.ask()
    assert trial is not None
    assert trial.params == {"x": 0.125}


def test_remove_frees_the_name(study: StudyDriver) -> None:
    study.ask()
    study.remove()
    again = StudyDriver.create(study.spec, study.folder.parent)
    assert again.trials() == []


def test_create_in_a_database_out_of_reach_leaves_nothing(tmp_path: Path) -> None:
    spec = make_spec(storage="postgresql://me:secret@127.0.0.1:9/none")
    with pytest.raises(StudyError) as error:
        StudyDriver.create(spec, tmp_path)
    message = str(error.value)
    assert message.startswith("storage: a database within reach must be given, got postgresql://")
    assert "secret" not in message
    assert list(tmp_path.iterdir()) == []


def test_create_where_a_database_knows_the_name_is_refused(
    tmp_path: Path, postgres: Callable[[], str]
) -> None:
    spec = make_spec(storage=postgres())
    StudyDriver.create(spec, tmp_path / "here")
    with pytest.raises(StudyError, match="a study named toy exists there"):
        StudyDriver.create(spec, tmp_path / "there")
    assert not (tmp_path / "there" / "toy").exists()


def test_checkpoints_that_a_killed_driver_left_are_swept_up(tmp_path: Path) -> None:
    study = StudyDriver.create(make_spec(keep=1, start_from=[{"x": 0.1}, {"x": 0.2}]), tmp_path)
    for end in ("complete", "complete", "prune", None):
        trial = study.ask()
        assert trial is not None
        study.report(trial.number, report(1, trial.number / 10))
        if end:
            getattr(study, end)(trial.number, 0.1)
    for number in range(4):
        study.trial_folder(number).mkdir(parents=True, exist_ok=True)
        for name in ("last.pt", "best.pt"):
            (study.trial_folder(number) / name).touch()
    StudyDriver.open("toy", tmp_path).take_up_unfinished()
    left = sorted(str(p.relative_to(study.folder / "trials")) for p in study.folder.rglob("*.pt"))
    assert left == ["0001/best.pt", "0003/best.pt", "0003/last.pt"]
