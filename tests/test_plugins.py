"""Samplers, pruners and trackers of other people's, named in a space file by import path."""

import sys
from pathlib import Path

import pytest

import search
from search.errors import SpaceError
from search.spaces.space_file import load_space_file
from search.studies.reader import StudyReader
from search.studies.trials import Trial

SPACE = """\
study: toy
objective: own:train
settings: {epochs: 4}
metric: {name: score, direction: maximize}
budget: {trials: 6}
sampler: {name: random, seed: 3}
pruner: {name: none}
resources: {gpus_per_trial: 0}
parameters:
  x:    {type: float, low: 0, high: 1}
  kind: {type: categorical, choices: [a, b]}
  n:    {type: int, low: 1, high: 9, when: {kind: b}}
constraints:
  - x >= 0.2 or n > 3
"""

OWN = """\
from optuna.pruners import BasePruner
from optuna.samplers import RandomSampler


def train(params, epochs=4):
    for epoch in range(1, epochs + 1):
        yield {"score": params["x"] * epoch}


class Always(RandomSampler):
    def __init__(self, kind: str, seed: int | None = None):
        super().__init__(seed)
        self.kind = kind

    def sample_independent(self, study, trial, name, distribution):
        if name == "kind":
            return self.kind
        return super().sample_independent(study, trial, name, distribution)


class Unseeded(RandomSampler):
    def __init__(self):
        super().__init__(seed=1)


class Below(BasePruner):
    def __init__(self, share: float = 0.5, **further):
        self.share = share

    def prune(self, study, trial):
        return trial.intermediate_values[trial.last_step] < self.share * trial.last_step


class Choosy(Below):
    def __init__(self, share):
        raise KeyError("no licence")


class Neither: ...


class Tracker: ...
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spaces").mkdir()
    (tmp_path / "spaces" / "own.py").write_text(OWN)
    monkeypatch.setattr(sys, "path", sys.path[:])  # loading a space file extends it
    monkeypatch.delitem(sys.modules, "own", raising=False)
    monkeypatch.chdir(tmp_path)


def write(*changes: tuple[str, str]) -> Path:
    text = SPACE
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = Path("spaces/space.yaml")
    path.write_text(text)
    return path


def run(path: Path, studies: str, *overrides: str) -> list[Trial]:
    """Run a search in this process; list its trials by number."""
    search.run(path, overrides, studies=studies, engine="inline", quiet=True)
    return trials_of(studies)


def trials_of(studies: str) -> list[Trial]:
    trials = StudyReader.open("toy", Path(studies)).trials()
    return sorted(trials, key=lambda trial: trial.number)


def problems(*changes: tuple[str, str]) -> list[str]:
    with pytest.raises(SpaceError) as caught:
        load_space_file(write(*changes))
    return [problem.removeprefix("spaces/space.yaml:") for problem in caught.value.problems]


def test_own_sampler_proposes_whole_feasible_points() -> None:
    points = [
        trial.params
        for trial in run(write(("name: random", "name: own:Always, kind: b")), "studies")
    ]
    assert len(points) == 6
    assert {point["kind"] for point in points} == {"b"}
    assert all(point.keys() == {"x", "kind", "n"} for point in points)
    assert all(float(point["x"] or 0) >= 0.2 or int(point["n"] or 0) > 3 for point in points)
    assert len({point["x"] for point in points}) == 6  # each draw has a seed of its own


def test_own_sampler_proposes_the_same_after_a_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(("name: random", "name: own:Always, kind: a"))
    whole = run(path, "whole")
    run(path, "parts", "budget.trials=3")
    with monkeypatch.context() as patch:  # as in another process, started in another folder
        patch.setattr(sys, "path", [p for p in sys.path if "spaces" not in Path(p).parts])
        patch.delitem(sys.modules, "own")
        search.resume("toy", "6", studies="parts", engine="inline", quiet=True)
    assert [t.params for t in trials_of("parts")] == [t.params for t in whole]


def test_own_sampler_without_a_seed_runs() -> None:
    assert len(run(write(("name: random", "name: own:Unseeded")), "studies")) == 6


def test_own_pruner_stops_trials_from_min_epochs_on() -> None:
    path = write(("name: none", "name: own:Below, min_epochs: 3, share: 0.8, note: any"))
    trials = run(path, "studies", "budget.trials=8")
    pruned = [trial for trial in trials if trial.state == "PRUNED"]
    assert pruned
    assert {trial.n_epochs for trial in pruned} == {3}
    assert all(float(trial.params["x"] or 0) < 0.8 for trial in pruned)
    best = max(trials, key=lambda trial: float(trial.params["x"] or 0))
    assert best.state == "COMPLETE"  # no trial that is ahead is stopped, whoever says so


def test_own_tracker_is_accepted_without_importing_it() -> None:
    own = Path("spaces/own.py")
    own.write_text(f"{OWN}\nraise RuntimeError('imported')\n")
    spec = load_space_file(write(("pruner:", "trackers: [tensorboard, own:Tracker]\npruner:")))
    assert spec.trackers == ["tensorboard", "own:Tracker"]


MISSING = (
    "the module 'owm' must be importable, none found; searched the space file's folder, the "
    "current folder and the installed packages"
)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: random", "name: owm:Always", f"6:17: sampler.name: {MISSING}"),
        ("name: none", "name: owm:Below", f"7:16: pruner.name: {MISSING}"),
        (
            "pruner:",
            "trackers: [owm:Tracker]\npruner:",
            f"7:12: trackers[0]: {MISSING}",
        ),
        (
            "name: random",
            "name: own:Awlays",
            "6:17: sampler.name: the module 'own' must define 'Awlays'; did you mean 'Always'; it "
            "defines Always, BasePruner, Below, Choosy, Neither, RandomSampler, Tracker, "
            "Unseeded, train",
        ),
        (
            "name: random",
            "name: own:Neither",
            "6:17: sampler.name: own:Neither must be a subclass of optuna's BaseSampler, got "
            "<class 'own.Neither'>",
        ),
        (
            "name: none",
            "name: own:Always",
            "7:16: pruner.name: own:Always must be a subclass of optuna's BasePruner, got "
            "<class 'own.Always'>",
        ),
        (
            "name: random",
            "name: own:Always, kin: b",
            "6:29: sampler.kin: unknown option of the sampler own:Always; did you mean 'kind'; "
            "valid: name, seed, kind",
        ),
        (
            "name: random",
            "name: own:Always, kind: 3",
            "6:35: sampler.kind: a string must be given, got 3",
        ),
        (
            "name: random",
            "name: own:Always",
            "6:1: sampler: own:Always must take these options, got TypeError: Always.__init__() "
            "missing 1 required positional argument: 'kind'",
        ),
        (
            "name: none",
            "name: own:Choosy, share: 1",
            "7:1: pruner: own:Choosy must take these options, got KeyError: 'no licence'",
        ),
        (
            "name: none",
            "name: 'own:'",
            "7:16: pruner.name: package.module:name must hold, got 'own:'",
        ),
    ],
)
def test_plugin_mistake_gives_the_whole_message(old: str, new: str, message: str) -> None:
    assert problems((old, new)) == [message]


def test_plugin_module_that_fails_to_import_is_a_mistake() -> None:
    Path("spaces/broken.py").write_text("class Mine: ...\nraise ValueError('no licence')\n")
    assert problems(("name: random", "name: broken:Mine")) == [
        "6:17: sampler.name: the module 'broken' must import without an error, got ValueError: "
        "no licence"
    ]
