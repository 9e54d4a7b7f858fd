"""What a run shows while it goes, on a terminal and elsewhere."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from search.progress.standing import Standing
from search.progress.terminal import LineProgress, LiveProgress, Progress, make_progress
from search.running.engines.inline import run_trials
from search.running.run import Run
from search.running.worker import environment_here
from search.studies.driver import StudyDriver
from search.studies.trials import Epoch, Trial
from tests.conftest import ROOT, make_spec

PARAMETERS = {"way": {"type": "categorical", "choices": ["good", "raises"]}}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyDriver:
    monkeypatch.chdir(ROOT)
    spec = make_spec(
        objective="tests.toys:misbehaving",
        sampler={"name": "grid"},
        parameters=PARAMETERS,
        budget={"trials": 2, "time": 60.0},
        resources={"gpus_per_trial": 0},
    )
    return StudyDriver.create(spec, tmp_path, [str(ROOT)])


def shown(study: StudyDriver, terminal: bool, quiet: bool = False) -> str:
    """Run the study and give all that was written."""
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=160, color_system=None)
    with make_progress(console, quiet) as progress:
        run_trials(Run(study, progress))
    return output.getvalue()


def test_lines_one_for_each_finished_trial(study: StudyDriver) -> None:
    first, second = shown(study, terminal=False).splitlines()
    assert first.startswith("[1/2] trial 0 COMPLETE score=0.3000 at epoch 3 of 3, ")
    assert first.endswith(" s, best 0.3000 in trial 0")
    assert second.startswith("[2/2] trial 1 FAIL score=0.2000 at epoch 2 of 2, ")
    assert second.endswith("best 0.3000 in trial 0 (error: RuntimeError: no such layer)")


def test_live_ends_with_a_headline(study: StudyDriver) -> None:
    last = shown(study, terminal=True).splitlines()[-1]
    assert "toy 2/2 trials · 0 running · 1 complete · 0 pruned · 1 failed" in last
    assert "best score 0.3000 (trial 0)" in last
    assert "epochs/s" in last


def test_quiet_shows_nothing(study: StudyDriver) -> None:
    assert shown(study, terminal=True, quiet=True) == ""


def test_make_progress_suits_the_console() -> None:
    def made(terminal: bool, quiet: bool = False) -> type[Progress]:
        console = Console(file=io.StringIO(), force_terminal=terminal)
        return type(make_progress(console, quiet))

    assert made(terminal=True) is LiveProgress
    assert made(terminal=False) is LineProgress
    assert made(terminal=True, quiet=True) is Progress


def left(budget: dict[str, Any], ended: list[str], n_workers: int = 2) -> str:
    """Say what is left of a run after 60 s in which trials have ended so."""
    standing = Standing(make_spec(budget=budget), lambda: 60.0)
    standing.n_workers = n_workers
    for number, state in enumerate(ended):
        standing.finish(Trial(number, state, {}, 0.5, 1, 1, {}, 1.0, 0))
    return standing.headline()[-1].removeprefix("1m elapsed")


@pytest.mark.parametrize(
    ("budget", "ended", "said"),
    [
        ({"trials": 10}, [], ""),
        ({"trials": 10}, ["COMPLETE"], ""),
        ({"trials": 10}, ["FAIL"] * 4, ""),
        ({"trials": 10}, ["COMPLETE", "RUNNING"], ""),
        ({"trials": 10}, ["COMPLETE", "PRUNED"], ", about 4m left"),
        ({"trials": 10, "time": "10m"}, [], ", at most 9m left"),
        ({"trials": 10, "time": "10m"}, ["COMPLETE"] * 2, ", about 4m left"),
        ({"trials": 10, "time": "3m"}, ["COMPLETE"] * 2, ", at most 2m left"),
        ({"time": "3m"}, ["COMPLETE"] * 2, ", at most 2m left"),
        ({"trials": 2}, ["COMPLETE"] * 2, ""),
    ],
)
def test_time_left_rests_on_ended_trials_or_the_budget(
    budget: dict[str, Any], ended: list[str], said: str
) -> None:
    assert left(budget, ended) == said


class ResumedTrial:
    """A run of one trial that an earlier run left after three epochs of eight."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        spec = make_spec(settings={"epochs": 8}, **sections)
        study = StudyDriver.create(spec, folder, [str(ROOT)])
        trial = study.ask()
        assert trial
        for epoch, score in [(1, 0.1), (2, 0.7), (3, 0.5)]:
            study.report(trial.number, Epoch(epoch, {"score": score}, 0.1, 0.1 * epoch))
        study.interrupt(trial.number, 0.3, "Ctrl-C")
        self.progress = Progress(Console())
        self.run = Run(StudyDriver.open("toy", folder), self.progress)
        self.run.start(1)
        self.run.next_trial(environment_here([], 1, 0))
        self.standing = self.progress.standing

    def report(self, epoch: int, score: float) -> None:
        self.run.handle(0, Epoch(epoch, {"score": score}, 0.1, 0.1 * epoch))


@pytest.mark.parametrize(("reduce", "best"), [("best", 0.7), ("last", 0.5)])
def test_resumed_trials_show_what_is_on_record(tmp_path: Path, reduce: str, best: float) -> None:
    metric = {"name": "score", "direction": "maximize", "reduce": reduce}
    standing = ResumedTrial(tmp_path, metric=metric).standing
    assert standing
    (row,) = standing.view().trials
    assert (row.number, row.epoch, row.value) == (0, "3/8", "0.5000")
    assert standing.best == (best, 0)


@pytest.mark.parametrize("first", [3, 1], ids=["checkpoint", "from_the_start"])
def test_epochs_of_this_run_alone_are_counted(tmp_path: Path, first: int) -> None:
    resumed = ResumedTrial(tmp_path)
    for epoch in range(first, 6):
        resumed.report(epoch, 0.5)
    assert resumed.standing
    assert resumed.standing.n_epochs == (2 if first == 3 else 5)
