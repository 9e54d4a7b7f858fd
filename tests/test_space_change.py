"""A study goes on in a changed space: what is carried over, what stays, what is refused."""

from pathlib import Path
from typing import Any

import pytest

from search.errors import StudyError
from search.studies.driver import StudyDriver
from search.studies.queue import enqueue_point
from search.studies.space_change import change_space, n_informing, space_diff
from search.studies.trials import Epoch
from tests.conftest import make_spec

OLD: dict[str, Any] = {
    "x": {"type": "float", "low": 0.0, "high": 1.0},
    "kind": {"type": "categorical", "choices": ["a", "b"]},
}
POINTS = [{"x": 0.1, "kind": "a"}, {"x": 0.3, "kind": "b"}, {"x": 0.8, "kind": "a"}]


def spec_of(parameters: dict[str, Any], **sections: Any) -> Any:
    return make_spec(parameters=parameters, **sections)


@pytest.fixture
def study(tmp_path: Path, storage: str) -> StudyDriver:
    """Three complete trials at `POINTS`, of which the last was best, and one begun."""
    study = StudyDriver.create(spec_of(OLD, start_from=POINTS, storage=storage), tmp_path, ["old"])
    for value in (0.2, 0.5, 0.9):
        trial = study.ask()
        assert trial is not None
        study.report(trial.number, Epoch(1, {"score": value}, 0.1, 0.1))
        study.complete(trial.number, 0.1)
    enqueue_point(study, {"x": 0.4, "kind": "b"})
    running = study.ask()
    assert running is not None
    study.report(running.number, Epoch(1, {"score": 0.1}, 0.1, 0.1))
    return study


def reopened(study: StudyDriver) -> StudyDriver:
    return StudyDriver.open("toy", study.folder.parent)


CHANGES: dict[str, tuple[dict[str, Any], list[int]]] = {
    "wider range": ({**OLD, "x": {"type": "float", "low": -5.0, "high": 5.0}}, [0, 1, 2, 3]),
    "narrower range": ({**OLD, "x": {"type": "float", "low": 0.0, "high": 0.5}}, [0, 1, 3]),
    "log flag": (
        {**OLD, "x": {"type": "float", "low": 0.2, "high": 1.0, "log": True}},
        [1, 2, 3],
    ),
    "more choices": (
        {**OLD, "kind": {"type": "categorical", "choices": ["a", "b", "c"]}},
        [0, 1, 2, 3],
    ),
    "fewer choices": ({**OLD, "kind": {"type": "categorical", "choices": ["b"]}}, [1, 3]),
    "float to int": ({**OLD, "x": {"type": "int", "low": 0, "high": 3}}, []),
    "new parameter": (
        {**OLD, "size": {"type": "int", "low": 1, "high": 9, "default": 3}},
        [0, 1, 2, 3],
    ),
    "removed parameter": ({"x": OLD["x"]}, [0, 1, 2, 3]),
}


@pytest.mark.parametrize("storage", ["journal"])
@pytest.mark.parametrize(("parameters", "fitting"), CHANGES.values(), ids=CHANGES)
def test_change_carries_over_what_fits(
    study: StudyDriver, parameters: dict[str, Any], fitting: list[int]
) -> None:
    check_that_it_carries_over(study, parameters, fitting)


@pytest.mark.parametrize("change", ["more choices", "narrower range"])
def test_change_carries_over_in_every_storage(study: StudyDriver, change: str) -> None:
    check_that_it_carries_over(study, *CHANGES[change])


def check_that_it_carries_over(
    study: StudyDriver, parameters: dict[str, Any], fitting: list[int]
) -> None:
    before = {trial.number: trial for trial in study.trials()}
    change_space(study, spec_of(parameters), ["new"])
    changed = reopened(study)
    assert changed.version == 2
    assert changed.import_folders == ["new", "old"]
    after = {trial.number: trial for trial in changed.trials()}
    assert after.keys() == before.keys()
    for number, trial in after.items():
        assert (trial.value, trial.values) == (before[number].value, before[number].values)
        assert trial.metrics == before[number].metrics
        assert changed.history(number) == study.history(number) != []
        if number not in fitting:
            assert trial.params == before[number].params
    assert n_informing(changed) == len(set(fitting) & {0, 1, 2})
    assert [trial.number for trial in changed.trials()][:3] == [2, 1, 0]
    taken = changed.take_up_unfinished()
    assert [trial.number for trial in taken] == [3] * (3 in fitting)


def test_change_goes_on_with_new_numbers_in_the_new_space(study: StudyDriver) -> None:
    narrow = {**OLD, "x": {"type": "float", "low": 2.0, "high": 3.0}}
    change_space(study, spec_of(narrow), [])
    changed = reopened(study)
    trial = changed.ask()
    assert trial is not None
    assert trial.number == 4
    assert 2 <= trial.params["x"] <= 3
    assert trial.space_version == 2
    assert changed.trial(0).space_version == 1


def test_change_twice_keeps_all_versions(study: StudyDriver) -> None:
    change_space(study, spec_of(CHANGES["fewer choices"][0]), [])
    change_space(reopened(study), spec_of(OLD), [])
    changed = reopened(study)
    assert changed.version == 3
    assert len(changed.trials()) == 4
    assert changed.trial(0).params == POINTS[0]
    names = sorted(path.name for path in study.folder.glob("space*.yaml"))
    assert names == ["space.2.yaml", "space.3.yaml", "space.yaml"]


def test_change_that_was_cut_short_leaves_the_study_as_it_was(
    study: StudyDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("search.studies.space_change.save_space", full)
        with pytest.raises(OSError, match="no space left"):
            change_space(study, spec_of(CHANGES["fewer choices"][0]), [])
    assert reopened(study).version == 1
    change_space(study, spec_of(CHANGES["fewer choices"][0]), [])
    assert reopened(study).version == 3
    assert len(reopened(study).trials()) == 4


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"metric": {"name": "loss", "direction": "minimize"}},
            "--space: metric must stay as it is, so that trials can be compared; got "
            "{name: loss, direction: minimize}, it was {name: score, direction: maximize}; "
            "start a new study by `search run`",
        ),
        (
            {"objective": "tests.toys:humped"},
            "--space: objective must stay as it is, so that trials can be compared; got "
            "tests.toys:humped, it was tests.toys:quadratic; start a new study by `search run`",
        ),
        (
            {"parameters": {**OLD, "size": {"type": "int", "low": 1, "high": 9}}},
            "--space: parameters.size: a new parameter must have a default, the value it had in "
            "the trials so far, as in `default: 0.1`",
        ),
    ],
)
def test_change_that_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, sections: dict[str, Any], message: str
) -> None:
    study = StudyDriver.create(spec_of(OLD), tmp_path)
    before = {path: path.read_bytes() for path in study.folder.rglob("*") if path.is_file()}
    with pytest.raises(StudyError) as error:
        change_space(study, make_spec(**{"parameters": OLD, **sections}), [])
    assert str(error.value) == message
    assert {p: p.read_bytes() for p in study.folder.rglob("*") if p.is_file()} == before


def test_diff_shows_each_difference_once() -> None:
    new = {
        "x": {"type": "float", "low": 0.0, "high": 2.0},
        "size": {"type": "int", "low": 1, "high": 9},
    }
    assert space_diff(spec_of(OLD), spec_of(new, budget={"trials": 9})) == [
        "~ parameters.x: {type: float, low: 0.0, high: 1.0} → {type: float, low: 0.0, high: 2.0}",
        "- parameters.kind: {type: categorical, choices: [a, b]}",
        "+ parameters.size: {type: int, low: 1, high: 9}",
        "~ budget: {trials: 4} → {trials: 9}",
    ]
