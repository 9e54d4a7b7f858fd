"""Drivers are killed at random points; resumed studies equal the one that never was."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from search.progress.terminal import Progress
from search.running.run import Run
from search.running.session import extend_study
from search.running.worker import Environment
from search.studies import attributes
from search.studies.driver import StudyDriver
from search.studies.lock import driving
from search.studies.reader import StudyReader
from search.studies.trials import Epoch, Trial
from search.summaries.study import studies_part, study_facts, study_parts
from search.summaries.summary import summary_facts
from tests.conftest import ROOT, make_spec
from tests.processes import command_in, environment, start, wait_until_nothing_is_left
from tests.reports import told

SPACE = """\
study: toy
objective: tests.wandering:Wandering
settings: {epochs: 6, sleep_s: 0.005}
metric: {name: score, direction: maximize}
budget: {trials: 40}
sampler: {name: tpe, seed: 3, n_startup_trials: 4}
pruner: {name: asha, min_epochs: 1, reduction_factor: 2}
resources: {gpus_per_trial: 0, workers: 1}
parameters:
  x: {type: float, low: 0, high: 1}
  kind: {type: categorical, choices: [a, b, c]}
  only_b: {type: int, low: 1, high: 9, when: {kind: b}}
start_from: [{x: 0.5, kind: a}]
"""

BRED = SPACE.replace(
    "metric: {name: score, direction: maximize}",
    "metrics: [{name: score, direction: maximize}, {name: place, direction: minimize}]",
).replace("tpe, seed: 3, n_startup_trials: 4", "nsgaii, seed: 3, population_size: 2")
"""The same search by NSGA-II and for two metrics."""


def finish(folder: Path, *args: str) -> str:
    """Run a command in this process, as no signal comes, and give what it says."""
    done = command_in(folder)(*args)
    assert done.returncode == 0, done.stderr
    return done.stderr


def outcome(folder: Path) -> list[dict[str, Any]]:
    """Read all that must be equal, trial for trial."""
    study = StudyReader.open("toy", folder / "studies")
    return [
        {
            "number": record.number,
            "params": record.params,
            "state": record.state,
            "values": record.values,
            "best": (record.best_epoch, record.value, record.metrics),
            "seed": record.seed,
            "epochs": [{**row, "seconds": None} for row in study.history(record.number)],
        }
        for record in sorted(study.trials(), key=lambda trial: trial.number)
    ]


def of_any_process(trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the metric `pid`."""
    return [
        {
            **trial,
            "best": trial["best"][:2],
            "epochs": [{**epoch, "pid": None} for epoch in trial["epochs"]],
        }
        for trial in trials
    ]


def run_with_kills(folder: Path, engine: str, n_kills: int, seed: int) -> int:
    """Run to the end, killing the driver after random times; give how many kills hit."""
    chance = random.Random(seed)
    n_hit = 0
    verb = ["run", "toy.yaml"]
    for _ in range(n_kills):
        process = start(folder, *verb, "--engine", engine)
        wait_for_the_record(folder, process)
        time.sleep(chance.uniform(0, 0.2))
        process.kill()
        process.communicate(timeout=30)
        if process.returncode != -signal.SIGKILL:
            break
        n_hit += 1
        verb = ["resume", "toy"]
    finish(folder, *verb, "--engine", "inline")
    return n_hit


def wait_for_the_record(folder: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until the driver has written something; it is at work then."""
    study = folder / "studies" / "toy"
    journal = study / "study.journal"
    before = journal.stat().st_size if journal.exists() else 0
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        # A new study's journal holds the study before its first trial; its space file comes last.
        made = (study / "space.yaml").exists()
        if made and journal.stat().st_size > max(before, 600):
            return
        time.sleep(0.005)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Run the study once without a kill."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "toy.yaml").write_text(SPACE)
    finish(folder, "run", "toy.yaml", "--engine", "inline")
    return outcome(folder)


def test_whole_study_has_every_kind_of_end(whole: list[dict[str, Any]]) -> None:
    assert {trial["state"] for trial in whole} == {"COMPLETE", "PRUNED"}
    assert len(whole) == 40


@pytest.mark.parametrize(
    ("engine", "n_kills"),
    [("inline", 6), pytest.param("ray", 2, marks=pytest.mark.ray)],
)
def test_killed_and_resumed_study_equals_the_whole_one(
    whole: list[dict[str, Any]], tmp_path: Path, engine: str, n_kills: int
) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE)
    n_hit = run_with_kills(tmp_path, engine, n_kills, seed=n_kills)
    wait_until_nothing_is_left(tmp_path)
    assert n_hit >= n_kills // 2  # a busy machine may let a run end before
    assert outcome(tmp_path) == whole


def test_killed_and_resumed_study_of_several_metrics_equals_the_whole_one(tmp_path: Path) -> None:
    folders = [tmp_path / "whole", tmp_path / "killed"]
    for folder in folders:
        folder.mkdir()
        (folder / "toy.yaml").write_text(BRED)
    finish(folders[0], "run", "toy.yaml", "--engine", "inline")
    assert run_with_kills(folders[1], "inline", 3, seed=5) >= 2
    assert outcome(folders[1]) == outcome(folders[0])
    study = StudyDriver.open("toy", folders[1] / "studies")
    assert len({t.system_attrs[attributes.GENERATION] for t in study.optuna_study.trials}) > 2


@pytest.mark.parametrize("n_notes", [0, 1])
def test_kill_between_a_verdict_and_the_pruners_notes_changes_no_later_verdict(
    tmp_path: Path, n_notes: int
) -> None:
    spec = make_spec(pruner={"name": "asha", "min_epochs": 1, "reduction_factor": 2})
    study = StudyDriver.create(spec, tmp_path)
    good, bad = (study.ask() for _ in range(2))
    assert good
    assert bad
    assert not study.report(good.number, Epoch(1, {"score": 2.0}, 0.1, 0.1))
    assert study.report(bad.number, Epoch(1, {"score": 1.0}, 0.1, 0.1))
    killed = study.optuna_study.trials[bad.number]
    assert [*killed.system_attrs] == ["epoch:1", "completed_rung_0"]
    if n_notes == 0:  # what the journal holds when the driver died before its last line
        journal = study.folder / "study.journal"
        journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    resumed = StudyDriver.open("toy", tmp_path)
    assert len(resumed.optuna_study.trials[bad.number].system_attrs) == 1 + n_notes
    resumed.take_up_unfinished()
    assert resumed.report(bad.number, Epoch(1, {"score": 1.0}, 0.1, 0.1))
    assert resumed.optuna_study.trials[bad.number].system_attrs == killed.system_attrs


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_resumed_study_equals_the_whole_one(
    whole: list[dict[str, Any]], tmp_path: Path, sign: int
) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE)
    process = start(tmp_path, "run", "toy.yaml", "--engine", "inline")
    wait_for_the_record(tmp_path, process)
    time.sleep(0.1)
    process.send_signal(sign)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "search resume toy" in stderr
    (left,) = [trial for trial in outcome(tmp_path) if trial["state"] == "INTERRUPTED"]
    assert left["values"]
    finish(tmp_path, "resume", "toy", "--engine", "inline")
    assert outcome(tmp_path) == whole


def test_objective_without_a_state_runs_again_up_to_where_it_was(tmp_path: Path) -> None:
    text = SPACE.replace("tests.wandering:Wandering", "tests.toys:quadratic")
    (tmp_path / "toy.yaml").write_text(text)
    finish(tmp_path, "run", "toy.yaml", "--engine", "inline", "--name", "toy")
    expected = of_any_process(outcome(tmp_path))
    (tmp_path / "studies" / "toy").rename(tmp_path / "expected")
    run_with_kills(tmp_path, "inline", 2, seed=1)
    assert of_any_process(outcome(tmp_path)) == expected


def test_checkpoints_kept_are_those_of_the_best_trials(tmp_path: Path) -> None:
    text = SPACE + "keep: 2\n"
    (tmp_path / "toy.yaml").write_text(text)
    finish(tmp_path, "run", "toy.yaml", "--engine", "inline")
    study = StudyDriver.open("toy", tmp_path / "studies")
    best = sorted(record.number for record in study.trials()[:2])
    kept = sorted((tmp_path / "studies" / "toy" / "trials").rglob("*.pt"))
    assert [(int(path.parent.name), path.name) for path in kept] == [
        (number, "best.pt") for number in best
    ]


def test_keep_holds_a_checkpoint_whatever_becomes_of_its_rank(tmp_path: Path) -> None:
    text = SPACE.replace("{trials: 40}", "{trials: 3}").replace("asha, min_epochs: 1,", "none}  #")
    (tmp_path / "toy.yaml").write_text(f"{text}keep: 1\n")
    finish(tmp_path, "run", "toy.yaml", "--engine", "inline")
    study = StudyDriver.open("toy", tmp_path / "studies")
    best, _, worst = (record.number for record in study.trials())
    assert f"trials with a checkpoint: {best}\n" in finish(tmp_path, "keep", "toy")
    finish(tmp_path, "keep", "toy", str(best))
    finish(tmp_path, "resume", "toy", "-n", "+20", "--engine", "inline")
    study = StudyDriver.open("toy", tmp_path / "studies")
    leader = study.trials()[0].number
    assert leader != best
    left = {int(path.parent.name) for path in study.folder.rglob("best.pt")}
    assert left == {best, leader}
    refused = command_in(tmp_path)("keep", "toy", "999")
    assert refused.stderr.startswith(
        "error: toy: a COMPLETE trial must be given, got 999; valid: 0, 1, "
    )
    refused = command_in(tmp_path)("keep", "toy", str(worst))
    assert refused.returncode == 2
    assert refused.stderr == (
        f"error: toy: the checkpoint of trial {worst} is gone; those of "
        f"{leader}, {best} are left\n"
    )


@pytest.mark.parametrize(("n_kilobytes", "file"), [(30, "study.journal"), (8, "last.pt")])
def test_disk_that_takes_no_more_ends_the_run_resumable(
    whole: list[dict[str, Any]], tmp_path: Path, n_kilobytes: int, file: str
) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE)
    command = f"ulimit -f {n_kilobytes}; exec {sys.executable} -m search run toy.yaml"
    result = subprocess.run(
        ["bash", "-c", f"{command} --engine inline"],
        cwd=tmp_path,
        env={**environment(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 2, result.stderr
    assert f"/{file}: must be writable, got " in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    finish(tmp_path, "resume", "toy", "--engine", "inline")
    assert outcome(tmp_path) == whole


@pytest.mark.parametrize(
    ("share", "purpose"), [(2, " trials, got "), (0.9, " checkpoints (keep: all), got ")]
)
def test_disk_without_room_for_the_run_ends_it_at_once(
    tmp_path: Path, share: float, purpose: str
) -> None:
    n_trials = int(share * shutil.disk_usage(tmp_path).free / 20_000)
    text = SPACE.replace("trials: 40", f"trials: {n_trials}").replace("Wandering", "Bulky")
    (tmp_path / "toy.yaml").write_text(text + "keep: all\n")
    refused = command_in(tmp_path)("run", "toy.yaml", "--engine", "inline")
    assert refused.returncode == 2, refused.stderr
    assert " must be free for " in refused.stderr.splitlines()[-1]
    assert purpose in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr


def test_run_that_cannot_start_leaves_unfinished_trials_as_they_were(tmp_path: Path) -> None:
    study = StudyDriver.create(make_spec(), tmp_path)
    begun = study.ask()
    assert begun
    study.report(begun.number, Epoch(1, {"score": 1.0}, 0.1, 0.1))
    study.interrupt(begun.number, 6.5, "interrupted by the user")
    run = Run(StudyDriver.open("toy", tmp_path), Progress(Console(stderr=True)))
    run.abandon()  # as after an engine that could not be started
    left = StudyDriver.open("toy", tmp_path).trial(begun.number)
    assert (left.state, left.seconds, left.n_epochs) == ("INTERRUPTED", 6.5, 1)


@pytest.mark.parametrize(
    ("budget", "n_begun", "trials", "wanted"),
    [
        ({"trials": 6}, 2, "+2", 8),  # unfinished: none of what was planned is lost
        ({"trials": 6}, 6, "+2", 8),
        ({"trials": 6}, 9, "+2", 11),  # more than planned, as after a retry
        ({"time": 60}, 3, "+2", 5),
        ({"trials": 6}, 2, "3", 3),
    ],
)
def test_trials_are_added_to_the_budget(
    tmp_path: Path, budget: dict[str, Any], n_begun: int, trials: str, wanted: int
) -> None:
    study = StudyDriver.create(make_spec(budget=budget), tmp_path)
    for _ in range(n_begun):
        study.ask()
    extend_study(study, trials, [])
    assert study.spec.budget.trials == wanted


def left_running(studies: Path) -> StudyDriver:
    """Leave a trial of one epoch as a driver that is killed leaves it."""
    study = StudyDriver.create(make_spec(budget={"trials": 1}), studies)
    begun = study.ask()
    assert begun
    assert study.trial(begun.number).state == "RUNNING"
    study.report(begun.number, Epoch(1, {"score": 0.5}, 0.1, 0.1))
    return study


def test_trial_that_nobody_runs_is_interrupted_and_stays_running_on_disk(tmp_path: Path) -> None:
    folder = left_running(tmp_path).folder
    found = StudyDriver.open("toy", tmp_path)
    (record,) = found.trials()
    assert (record.state, record.reason) == ("INTERRUPTED", "interrupted: its run was killed")
    assert found.trial(0) == record
    assert found.optuna_study.trials[0].state.name == "RUNNING"
    facts = study_facts(found)
    assert (facts["running"], facts["interrupted"]) == (0, 1)
    assert told([studies_part([facts])]).split()[:7][-1] == "interrupted"
    assert "1 trial: 1 interrupted" in told(study_parts(found), 100)
    assert summary_facts(found)["endings"]["interrupted"]["n"] == 1
    with driving(folder):
        assert found.trial(0).state == "RUNNING"


class Listener(Progress):
    """Keeps what it is told of trials that start."""

    def __init__(self) -> None:
        super().__init__(Console(stderr=True))
        self.started: list[Trial] = []

    def trial_started(self, trial: Trial) -> None:
        self.started.append(trial)
        super().trial_started(trial)


def test_trial_that_was_taken_up_waits_until_a_worker_has_it_with_its_epochs(
    tmp_path: Path,
) -> None:
    left_running(tmp_path)
    study, listener = StudyDriver.open("toy", tmp_path), Listener()
    run = Run(study, listener)
    waiting = study.trial(0)
    assert (waiting.state, waiting.reason) == ("INTERRUPTED", "interrupted: it waits for a worker")
    run.start(n_workers=1)
    run.next_trial(Environment((), str(tmp_path)))
    (started,) = listener.started
    assert (started.state, started.reason, started.values) == ("RUNNING", "", {1: 0.5})
