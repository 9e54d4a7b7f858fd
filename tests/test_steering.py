"""A run is steered from outside: what is asked for, when it takes effect, what a kill leaves."""

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import search
from search.api.study import Study
from search.progress.terminal import Progress
from search.running.engines import inline
from search.running.run import Run
from search.studies import requests
from search.studies.driver import StudyDriver
from search.studies.lock import driving
from search.studies.reader import StudyReader
from search.studies.trials import Epoch, Trial
from tests.conftest import ROOT, make_spec
from tests.processes import command_in, has_epoch, start

Act = Callable[[StudyDriver], object]

WANDERING: dict[str, Any] = {
    "objective": "tests.wandering:Wandering",
    "settings": {"epochs": 4, "sleep_s": 0.0},
    "budget": {"trials": 3},
}


class Asking(Progress):
    """Asks something of the run at chosen epochs, and keeps what it is told."""

    def __init__(self, acts: dict[tuple[int, int], Act]) -> None:
        super().__init__(Console(stderr=True))
        self.acts = dict(acts)
        self.told: list[str] = []

    def run_started(self, run: Run, n_workers: int) -> None:
        super().run_started(run, n_workers)
        self.study = run.study

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        super().epoch_finished(number, epoch)
        act = self.acts.pop((number, epoch.number), None)
        if act:
            act(self.study)

    def steered(self, text: str) -> None:
        super().steered(text)
        self.told.append(text)


def asked(verb: requests.Verb, **arguments: Any) -> Act:
    return lambda study: requests.place_request(study.folder, verb, **arguments)


def run_asking(
    folder: Path, acts: dict[tuple[int, int], Act], **sections: Any
) -> tuple[StudyDriver, list[str]]:
    study = StudyDriver.create(make_spec(**{**WANDERING, **sections}), folder, [str(ROOT)])
    observer = Asking(acts)
    with driving(study.folder):
        run = Run(study, observer)
        inline.run_trials(run)
        run.steering.end()
    assert run.error is None
    return study, observer.told


def ends(study: StudyReader) -> dict[int, tuple[str, int]]:
    return {trial.number: (trial.state, trial.n_epochs) for trial in study.trials()}


def test_budget_and_pruner_change_while_it_runs(tmp_path: Path) -> None:
    change = asked("set", assignments=["budget.trials=5", "pruner.name=none"])
    study, told = run_asking(tmp_path, {(0, 2): change}, pruner={"name": "asha"})
    assert told == ["budget.trials 3 → 5, pruner asha → none, in effect at once"]
    assert len(study.trials()) == 5
    later = {number: end for number, end in ends(study).items() if number > 0}
    assert set(later.values()) == {("COMPLETE", 4)}
    reopened = StudyReader.open("toy", tmp_path)
    assert (reopened.spec.budget.trials, reopened.spec.pruner.name) == (5, "none")


def test_pause_rests_on_a_checkpoint_and_goes_on_without_a_lost_epoch(tmp_path: Path) -> None:
    seen: list[tuple[object, Trial]] = []

    def pause(study: StudyDriver) -> None:
        requests.place_request(study.folder, "pause")
        threading.Thread(target=go_on, args=(StudyReader.open("toy", tmp_path),)).start()

    def go_on(reader: StudyReader) -> None:
        deadline = time.monotonic() + 60
        while reader.trial(1).state != "INTERRUPTED" and time.monotonic() < deadline:
            time.sleep(0.05)
        seen.append((reader.paused_since(), reader.trial(1)))
        requests.place_request(reader.folder, "resume")

    study, told = run_asking(tmp_path, {(1, 1): pause}, budget={"trials": 3, "time": 600})
    ((since, resting),) = seen
    assert since is not None
    assert (resting.n_epochs, resting.reason) == (2, "interrupted: it waits for a worker")
    assert told[1:] == ["paused, in effect after epoch 2 of trial 1", "resumed, in effect at once"]
    assert StudyReader.open("toy", tmp_path).paused_since() is None
    whole, _ = run_asking(tmp_path / "whole", {})
    assert ends(study) == ends(whole) == dict.fromkeys(range(3), ("COMPLETE", 4))
    assert [t.values for t in study.trials()] == [t.values for t in whole.trials()]


def test_pause_lets_a_trial_without_checkpoints_end_first(tmp_path: Path) -> None:
    acts = {(0, 1): asked("pause"), (0, 5): asked("resume")}
    toys = {"objective": "tests.toys:quadratic", "settings": {"epochs": 5}}
    study, told = run_asking(tmp_path, acts, **toys)
    assert "trial 0 keeps no checkpoint, it runs to its end first" in told
    assert ends(study) == dict.fromkeys(range(3), ("COMPLETE", 5))


def test_clock_of_the_time_budget_stands_while_it_is_paused(tmp_path: Path) -> None:
    now = [0.0]
    study = StudyDriver.create(make_spec(**WANDERING), tmp_path, [str(ROOT)])
    run = Run(study, Progress(Console(stderr=True)), lambda: now[0])
    run.start(n_workers=1)
    now[0] = 5.0
    requests.place_request(study.folder, "pause")
    run.take_requests()
    now[0] = 100.0
    assert run.elapsed_s() == 5.0
    requests.place_request(study.folder, "resume")
    run.take_requests()
    now[0] = 101.0
    assert run.elapsed_s() == 6.0


def test_trial_is_stopped_by_hand_with_its_epochs(tmp_path: Path) -> None:
    study, told = run_asking(tmp_path, {(1, 1): asked("stop", trials=[1])})
    assert ends(study) == {0: ("COMPLETE", 4), 1: ("PRUNED", 2), 2: ("COMPLETE", 4)}
    assert study.trial(1).reason == "stopped by hand at epoch 2"
    assert told[-1] == "trial 1 stopped, in effect after epoch 2"


@pytest.fixture
def left(tmp_path: Path) -> StudyReader:
    """Leave a study with a complete trial, one of an epoch, and one without."""
    study = StudyDriver.create(make_spec(**WANDERING), tmp_path, [str(ROOT)])
    for n_epochs in (2, 1, 0):
        trial = study.ask()
        assert trial
        for epoch in range(1, n_epochs + 1):
            study.report(trial.number, Epoch(epoch, {"score": 0.5}, 0.1, 0.1 * epoch))
    study.complete(0, 0.2)
    return StudyReader.open("toy", tmp_path)


def test_study_at_rest_is_changed_at_once(left: StudyReader) -> None:
    study = Study(left)
    assert str(search.note(study, 0, "the one\nfor the paper")) == "trial 0 noted"
    search.tag(study, ["baseline", "digits"])
    search.tag(study, ["digits"], remove=True)
    changed = search.set_values(study, ["workers=3", "trials=9"])
    assert str(changed) == "workers as many as fit → 3, budget.trials 3 → 9, in effect at once"
    search.stop_trials(study, [1, 2])
    reader = StudyReader.open("toy", left.folder.parent)
    assert (reader.spec.resources.workers, reader.spec.budget.trials) == (3, 9)
    assert reader.tags() == ["baseline"]
    assert ends(reader) == {0: ("COMPLETE", 2), 1: ("PRUNED", 1), 2: ("FAIL", 0)}
    assert reader.trial(0).note == "the one for the paper"
    assert reader.trial(1).reason == "stopped by hand at epoch 1"
    assert reader.trial(2).reason == "interrupted: stopped by hand before its first epoch"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "set toy wokers=1",
            "a key that a study can change as it goes must be given, got 'wokers'",
        ),
        ("set toy wokers=1", "did you mean 'workers'; valid: workers, trials, time, sampler"),
        ("set toy workers", "workers: key=value must hold, as in workers=1"),
        ("set toy workers=0", "resources.workers=0: resources.workers: a value above 0"),
        ("set toy pruner=ash", "did you mean 'asha'"),
        ("set toy sampler.seed=2", "got 'sampler.seed'"),
        ("set toy budget.trails=2", "did you mean 'trials'"),
        ("pause toy", "toy is not running; go on with it by `search resume toy"),
        ("stop toy 0", "toy: trial 0 has ended, it is COMPLETE"),
        ("stop toy 7", "toy: a trial from 0 to 2 must be given, got 7"),
        ("stop toy 1 --now", "--now: it ends the whole run"),
        ("note toy 9 text", "toy: a trial from 0 to 2 must be given, got 9"),
        ("tag toy nothing --remove", "toy: a tag that it has must be given, got 'nothing'"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_asked(
    left: StudyReader, words: str, message: str
) -> None:
    before = left.space_file.read_text()
    folder = left.folder.parent
    done = command_in(folder.parent)(*words.split(), "--studies", str(folder))
    assert done.returncode == 2
    assert message in done.stderr
    assert not (left.folder / requests.REQUESTS_FILE).exists()
    assert left.space_file.read_text() == before


def test_notes_and_tags_are_shown_and_filtered(left: StudyReader) -> None:
    command = command_in(left.folder.parent.parent, SEARCH_STUDIES=str(left.folder.parent))
    assert command("note", "toy", "0", "for the paper").returncode == 0
    assert command("tag", "toy", "baseline").returncode == 0
    assert "for the paper" in command("show", "toy", "0").stdout
    assert "for the paper" in command("leaderboard", "toy").stdout
    noted = json.loads(command("leaderboard", "toy", "--noted", "--json").stdout)
    assert [row["trial"] for row in noted] == [0]
    assert "note" in command("export", "toy").stdout.splitlines()[0].split(",")
    assert "baseline" in command("list").stdout
    assert json.loads(command("list", "--tag", "baseline", "--json").stdout)[0]["study"] == "toy"
    assert "no studies tagged other" in command("list", "--tag", "other").stderr
    assert command("note", "toy", "0", "").returncode == 0
    assert "note" not in command("export", "toy").stdout.splitlines()[0].split(",")


def test_line_that_a_kill_tore_costs_no_other(tmp_path: Path) -> None:
    inbox = requests.Inbox(tmp_path)
    first = requests.place_request(tmp_path, "pause")
    with (tmp_path / requests.REQUESTS_FILE).open("ab") as file:
        file.write(b'{"name": "half')
    assert inbox.new() == [first]
    assert inbox.new() == []
    second = requests.place_request(tmp_path, "resume")
    assert inbox.new() == [second]
    assert requests.Inbox(tmp_path).new() == [first, second]


def test_what_a_killed_driver_did_not_do_is_done_by_the_next(left: StudyReader) -> None:
    folder = left.folder
    asked_for = [
        requests.place_request(folder, "pause"),
        requests.place_request(folder, "set", assignments=["budget.trials=4"]),
        requests.place_request(folder, "stop", trials=[1]),
    ]
    study = search.resume("toy", studies=folder.parent, engine="inline", quiet=True)
    reader = study.reader
    assert all((answer := requests.answer_to(reader, r)) and answer.effect for r in asked_for)
    assert ends(reader)[1] == ("PRUNED", 1)
    assert len(study.trials) == 4
    assert reader.paused_since() is None


@pytest.mark.ray
def test_fewer_workers_free_what_they_held_and_lose_no_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ray_address: str
) -> None:
    monkeypatch.chdir(ROOT)
    from search.running.engines.ray_tune import run_trials  # isort: skip  before ray
    import ray

    settings = {"epochs": 12, "sleep_s": 0.4}
    study = StudyDriver.create(
        make_spec(**{**WANDERING, "settings": settings, "resources": {"gpus_per_trial": 0}}),
        tmp_path,
        [str(ROOT)],
    )
    reader = StudyReader.open("toy", tmp_path)
    n_free: list[float] = []

    def until(holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + 120
        while not holds() and time.monotonic() < deadline:
            time.sleep(0.1)

    def steer() -> None:
        until(lambda: sum(trial.n_epochs > 0 for trial in reader.trials()) == 2)
        for assignment, wanted in (("workers=1", 1.0), ("workers=2", 0.0)):
            search.set_values(Study(reader), [assignment], wait_s=60)
            until(lambda: ray.available_resources().get("CPU", 0.0) == wanted)  # noqa: B023
            n_free.append(ray.available_resources().get("CPU", 0.0))
        search.pause(Study(reader), wait_s=60)
        until(lambda: ray.available_resources().get("CPU", 0.0) == 2.0)
        n_free.append(ray.available_resources().get("CPU", 0.0))
        search.unpause(Study(reader), wait_s=60)

    observer = Asking({})
    steering = threading.Thread(target=steer)
    with driving(study.folder):
        run = Run(study, observer)
        steering.start()
        run_trials(run, ray_address)
        steering.join()
    assert n_free == [1.0, 0.0, 2.0]
    assert run.error is None
    assert ends(study) == dict.fromkeys(range(3), ("COMPLETE", 12))
    assert observer.told[0].startswith("workers as many as fit → 1, in effect once")
    assert observer.told[1].startswith("workers as many as fit → 1, in effect after epoch ")


SPACE = """\
study: toy
objective: tests.wandering:Wandering
settings: {epochs: 8, sleep_s: 0.3}
metric: {name: score, direction: maximize}
budget: {trials: 2}
sampler: {name: random, seed: 3}
pruner: {name: none}
resources: {gpus_per_trial: 0}
parameters:
  x: {type: float, low: 0, high: 1}
  kind: {type: categorical, choices: [a, b, c]}
"""


def test_run_is_paused_and_resumed_from_another_terminal(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(SPACE)
    process = start(tmp_path, "run", "toy.yaml", "--engine", "inline", "--tag", "night")
    command, studies = command_in(tmp_path), tmp_path / "studies"
    while not has_epoch(studies / "toy"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    assert "in effect after epoch" in str(search.pause("toy", studies=studies, wait_s=60))
    assert "toy: paused" in command("pause", "toy").stderr
    assert "paused" in command("list").stdout
    shown = command("show", "toy").stdout
    assert "night" in shown
    assert "go on by `search resume toy`" in shown
    assert "trial 0 stopped" in command("stop", "toy", "0").stderr
    resumed = command("resume", "toy", "--trials", "+1").stderr
    assert "toy: budget.trials 2 → 3" in resumed
    assert "toy: resumed" in resumed
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "toy: paused, in effect after epoch " in stderr
    assert ends(StudyReader.open("toy", studies))[0][0] == "PRUNED"
    assert "Traceback" not in stderr
