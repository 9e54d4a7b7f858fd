"""Which validation images a trial classified right: given, checked, kept, read; a bit an image."""

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from optuna.trial import TrialState, create_trial
from rich.console import Console

from search.errors import ObjectiveError
from search.progress.terminal import Progress
from search.running.engines.inline import run_trials
from search.running.run import INTERRUPTED, Run
from search.studies.answers import pack_answers, unpack_answers
from search.studies.checkpoint_store import FolderStore
from search.studies.checkpoints import load_checkpoint
from search.studies.driver import StudyDriver
from search.studies.reader import StudyReader
from search.studies.space_change import change_space
from search.studies.trials import Epoch
from tests.answering import RATES, answers_at
from tests.conftest import RunStudy, make_spec
from tests.processes import command_in, start
from tests.reports import GOLDEN

SPACE = """\
study: toy
objective: tests.answering:Answering
settings: {dies_in: died}
metric: {name: score, direction: maximize}
budget: {trials: 1}
parameters:
  x: {type: float, low: 0, high: 1}
"""
CLASSIFIER: dict[str, Any] = {
    "objective": "objectives.image_classifier:ImageClassifier",
    "settings": {"data": {"name": "digits", "limit": 500}, "epochs": 8, "device": "cpu"},
    "budget": {"trials": 5},
    "parameters": {"learning_rate": {"type": "float", "low": 1e-4, "high": 1.0, "log": True}},
    "start_from": [{"learning_rate": rate} for rate in (0.01, 1.0, 0.0001, 0.1)],
}

ACCURACY = {"name": "val_accuracy", "direction": "maximize"}


def read(study: StudyReader) -> dict[int, NDArray[np.bool_]]:
    """Read a study's answers as another process does."""
    return StudyReader.open(study.name, study.folder.parent).answers()


def reported(study: StudyDriver, *epochs: NDArray[np.bool_] | None) -> int:
    """Begin a trial that reports epochs with these answers."""
    trial = study.ask()
    assert trial
    for number, answers in enumerate(epochs, start=1):
        packed = {} if answers is None else {number: pack_answers(answers)}
        score = 0.0 if answers is None else float(answers.mean())
        study.report(trial.number, Epoch(number, {"score": score}, 0.1, 0.1, answers=packed))
    return trial.number


@pytest.mark.parametrize("n_images", [1, 7, 8, 9, 288, 10_000])
def test_packed_answers_are_unpacked_as_they_were(n_images: int) -> None:
    answers = np.random.default_rng(n_images).random(n_images) < 0.8
    unpacked = unpack_answers(pack_answers(answers))
    assert unpacked.dtype == np.bool_
    assert unpacked.tolist() == answers.tolist()


@pytest.mark.parametrize(
    ("n_images", "accuracy"), [(10, 0.9), (288, 0.98), (10_000, 0.5), (20_000, 0.5), (50_000, 0.8)]
)
def test_answers_take_at_most_a_kilobyte_and_a_bit_an_image(
    tmp_path: Path, n_images: int, accuracy: float
) -> None:
    answers = np.random.default_rng(1).random(n_images) < accuracy
    sizes = []
    for name, given in (("with", answers), ("without", None)):
        study = StudyDriver.create(make_spec(study=name), tmp_path)
        study.complete(reported(study, given), 0.1)
        sizes.append((study.folder / "study.journal").stat().st_size)
    assert sizes[0] - sizes[1] <= 1000 + n_images / 8


@pytest.mark.parametrize("metric", ["val_accuracy", "val_loss"])  # the worst loss is an early one
def test_image_classifiers_answers_are_those_of_its_best_epoch(
    run_study: RunStudy, metric: str
) -> None:
    study = run_study(
        "inline",
        **CLASSIFIER,
        metric={"name": metric, "direction": "maximize"},
        pruner={"name": "asha", "min_epochs": 1, "reduction_factor": 2},
    )
    trials, answers = study.trials(), read(study)
    assert {trial.state for trial in trials} == {"COMPLETE", "PRUNED"}
    assert any(trial.best_epoch != trial.n_epochs for trial in trials)
    assert answers.keys() == {trial.number for trial in trials}
    for trial in trials:
        assert answers[trial.number].shape == (100,)
        assert answers[trial.number].mean() == trial.metrics["val_accuracy"]


def test_image_classifiers_answers_are_in_the_order_of_its_validation_images(
    run_study: RunStudy,
) -> None:
    from objectives.image_classifier import ImageClassifier

    study = run_study("inline", **{**CLASSIFIER, "budget": {"trials": 1}}, metric=ACCURACY)
    (trial,) = study.trials()
    again = ImageClassifier(trial.params, seed=trial.seed, **CLASSIFIER["settings"])
    state = load_checkpoint(study.checkpoints.store, "0000/best.pt")
    assert state
    again.load_state_dict(dict(state.objective))
    probabilities, labels = again.classifier().predict("val")
    assert (read(study)[0] == (probabilities.argmax(axis=1) == labels)).all()


def test_last_epochs_answers_are_kept_where_the_last_epoch_counts(run_study: RunStudy) -> None:
    metric = {"name": "score", "direction": "maximize", "reduce": "last"}
    study = run_study("inline", objective="tests.answering:Answering", metric=metric)
    assert [answers.tolist() for answers in read(study).values()] == [answers_at(4).tolist()] * 4


def test_answers_are_kept_in_every_storage(run_study: RunStudy, storage: str) -> None:
    study = run_study("inline", objective="tests.answering:Answering", storage=storage)
    assert [answers.tolist() for answers in read(study).values()] == [answers_at(2).tolist()] * 4


@pytest.mark.ray
def test_answers_come_from_workers_of_ray(run_study: RunStudy) -> None:
    study = run_study("ray", objective="tests.answering:Forgetful")
    assert sorted(read(study)) == [0, 1, 2, 3]
    assert all((answers == answers_at(2)).all() for answers in read(study).values())


def test_objective_without_answers_has_none(run_study: RunStudy) -> None:
    assert read(run_study("inline")) == {}


def test_answers_of_an_epoch_that_does_not_count_are_not_kept(run_study: RunStudy) -> None:
    assert read(run_study("inline", objective="tests.answering:Sometimes")) == {}


@pytest.mark.parametrize("name", ["first_version", "second_version"])
def test_older_study_has_no_answers(name: str) -> None:
    assert StudyReader.open(name, GOLDEN).answers() == {}


def test_older_checkpoint_is_gone_on_from_without_answers() -> None:
    folder = GOLDEN / "second_version" / "trials"
    checkpoint = load_checkpoint(FolderStore(folder), "0001/best.pt")
    assert checkpoint
    assert checkpoint.epoch.answers == {}


@pytest.mark.parametrize("kind", ["booleans", "numbers", "floats", "tensor"])
def test_answers_may_be_anything_like_an_array_of_booleans(run_study: RunStudy, kind: str) -> None:
    study = run_study("inline", **giving(kind))
    assert read(study)[0].tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("kind", "got"),
    [
        ("rows", "array([[ True, False], [False, True]])"),
        ("ragged", "[[True], [False, True]]"),
        ("one", "True"),
        ("empty", "[]"),
        ("shares", "[0.5, 1.0]"),
        ("labels", "[3, 1, 4]"),
        ("texts", "['right', 'wrong']"),
    ],
)
def test_answers_of_another_shape_end_the_run(run_study: RunStudy, kind: str, got: str) -> None:
    with pytest.raises(ObjectiveError) as error:
        run_study("inline", **giving(kind))
    assert str(error.value) == (
        "objective: answers must be one boolean for each validation image, as [True, False], on "
        f"the CPU, got {got} at epoch 1"
    )


def giving(kind: str) -> dict[str, Any]:
    return {
        "objective": "tests.answering:Giving",
        "parameters": {"kind": {"type": "categorical", "choices": [kind]}},
        "budget": {"trials": 1},
    }


def test_answers_are_written_once_when_the_trial_ends(tmp_path: Path) -> None:
    study = StudyDriver.create(make_spec(), tmp_path)
    journal = study.folder / "study.journal"
    complete, pruned, failed = (reported(study, answers_at(1), answers_at(2)) for _ in range(3))
    assert b"answers" not in journal.read_bytes()
    study.complete(complete, 0.1)
    study.prune(pruned, 0.1)
    assert journal.read_bytes().count(b'"answers"') == 2
    for number in (complete, pruned):
        assert (read(study)[number] == answers_at(2)).all()
    assert failed not in read(study)


def test_end_of_a_trial_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = StudyDriver.create(make_spec(), tmp_path)
    number = reported(study, answers_at(1))
    journal = study.folder / "study.journal"
    before = journal.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            study.complete(number, 0.1)
    assert journal.read_bytes() == before
    resumed = StudyDriver.open("toy", tmp_path)
    assert [trial.number for trial in resumed.take_up_unfinished()] == [number]


def test_answers_do_not_show_in_what_a_dashboard_lists(run_study: RunStudy) -> None:
    study = run_study("inline", objective="tests.answering:Answering", budget={"trials": 1})
    (trial,) = study.optuna_study.trials
    assert trial.user_attrs.keys() == {"seed", "seconds"}
    assert json.loads(json.dumps(trial.system_attrs["answers"])).startswith("100:")


class Stopping(Progress):
    """Interrupts its run after an epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__(Console(stderr=True))
        self._epoch = epoch

    def run_started(self, run: Run, n_workers: int) -> None:
        super().run_started(run, n_workers)
        self._run = run

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        super().epoch_finished(number, epoch)
        if epoch.number == self._epoch:
            self._run.stop(INTERRUPTED)


def interrupted_and_resumed(folder: Path, **sections: Any) -> StudyDriver:
    """Run a trial of four epochs whose third is its last before an interruption."""
    study = StudyDriver.create(make_spec(budget={"trials": 1}, **sections), folder)
    run_trials(Run(study, Stopping(3)))
    assert study.trial(0).state == "INTERRUPTED"
    assert read(study) == {}
    resumed = StudyDriver.open("toy", folder)
    run_trials(Run(resumed, Progress(Console(stderr=True))))
    assert (resumed.trial(0).state, resumed.trial(0).n_epochs) == ("COMPLETE", len(RATES))
    return resumed


@pytest.mark.parametrize("objective", ["Answering", "Forgetful"])
@pytest.mark.parametrize("reduce", ["best", "last"])
def test_resumed_trial_keeps_the_answers_of_the_epoch_that_counts(
    tmp_path: Path, objective: str, reduce: str
) -> None:
    study = interrupted_and_resumed(
        tmp_path,
        objective=f"tests.answering:{objective}",
        metric={"name": "score", "direction": "maximize", "reduce": reduce},
    )
    (answers,) = read(study).values()
    assert (answers == answers_at(2 if reduce == "best" else 4)).all()
    assert answers.mean() == study.trial(0).value


def test_resumed_trial_has_no_answers_where_no_checkpoint_is_kept(tmp_path: Path) -> None:
    study = interrupted_and_resumed(tmp_path, objective="tests.answering:Answering", keep="none")
    assert read(study) == {}


@pytest.mark.parametrize("objective", ["Answering", "Forgetful"])
def test_killed_and_resumed_trial_keeps_its_answers(tmp_path: Path, objective: str) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE.replace("Answering", objective))
    killed = start(tmp_path, "run", "toy.yaml", "--engine", "inline")
    killed.communicate(timeout=120)
    assert killed.returncode == 1
    assert (tmp_path / "died").exists()
    resumed = command_in(tmp_path)("resume", "toy", "--engine", "inline")
    assert resumed.returncode == 0, resumed.stderr
    study = StudyReader.open("toy", tmp_path / "studies")
    assert (study.trial(0).state, study.trial(0).best_epoch) == ("COMPLETE", 2)
    assert (study.answers()[0] == answers_at(2)).all()


@pytest.mark.parametrize("high", [1.0, 0.0001], ids=["fitting", "not fitting"])
def test_changed_space_carries_the_answers_over(tmp_path: Path, storage: str, high: float) -> None:
    study = StudyDriver.create(make_spec(storage=storage), tmp_path)
    study.complete(reported(study, answers_at(1)), 0.1)
    study.prune(reported(study, answers_at(2)), 0.1)
    narrow = {"x": {"type": "float", "low": 0.0, "high": high}}
    changed = change_space(study, make_spec(parameters=narrow), [])
    assert changed.version == 2
    answers = read(changed)
    assert {n: a.tolist() for n, a in answers.items()} == {
        0: answers_at(1).tolist(),
        1: answers_at(2).tolist(),
    }


def test_answers_of_a_thousand_trials_of_ten_thousand_images_are_read_in_a_second(
    tmp_path: Path,
) -> None:
    study = StudyDriver.create(make_spec(), tmp_path)
    packed = pack_answers(np.random.default_rng(0).random(10_000) < 0.9)
    ended = create_trial(state=TrialState.PRUNED, system_attrs={"answers": packed})
    study.optuna_study.add_trials([ended] * 1000)
    started = time.perf_counter()
    answers = study.answers()
    assert time.perf_counter() - started < 1
    assert len(answers) == 1000
