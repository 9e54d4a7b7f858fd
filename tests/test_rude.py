"""A trial may die, the run may not; no trial meets what the one before it did to its process."""

import os
import subprocess
import sys
from pathlib import Path

from search.studies.folder import ERROR_FILE
from tests import rude
from tests.conftest import ROOT, RunStudy


def test_whatever_an_objective_raises_fails_its_trial(engine: str, run_study: RunStudy) -> None:
    study = run_study(
        engine,
        objective="tests.rude:train",
        parameters={"way": {"type": "categorical", "choices": [*rude.RAISED]}},
        sampler={"name": "grid"},
        budget={"trials": 20},
        failures={"max_failures": 9},
    )
    trials = {trial.params["way"]: trial for trial in study.trials()}
    assert {trial.state for trial in trials.values()} == {"FAIL"}
    assert {way: trial.reason for way, trial in trials.items()} == {
        way: f"error: {reason}" for way, reason in rude.REASONS.items()
    }
    for trial in trials.values():
        file = study.trial_folder(trial.number) / ERROR_FILE
        assert "Traceback" in file.read_text(encoding="utf-8")
        assert file.stat().st_size < 101_000


def test_what_an_objective_changes_is_its_own(engine: str, run_study: RunStudy) -> None:
    # This process's standard streams are pytest's: inline, a command of its own closes them below.
    ways = [way for way in rude.CHANGES if (engine, way) != ("inline", "closing")]
    before = Path.cwd(), dict(os.environ), sys.getrecursionlimit(), sys.stdout
    study = run_study(
        engine,
        objective="tests.rude:train",
        parameters={"way": {"type": "categorical", "choices": ways}},
        start_from=[{"way": way} for way in (*ways, "folder")],
        sampler={"name": "random"},
        budget={"trials": len(ways) + 1},
    )
    assert [trial.state for trial in study.trials()] == ["COMPLETE"] * (len(ways) + 1)
    for trial in study.trials():
        first, *others = study.history(trial.number)
        assert [first[name] for name in rude.CHANGES if name != "closing"] == [1.0] * 6
        assert [epoch["kept"] for epoch in others] == [1.0, 1.0]
    if engine == "inline":
        assert before == (Path.cwd(), dict(os.environ), sys.getrecursionlimit(), sys.stdout)


def test_command_whose_objective_closes_the_streams_still_prints_its_results(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.py").write_text(
        "import sys\n\n\ndef train(params):\n    sys.stdout.close()\n    yield {'score': 1.0}\n"
    )
    (tmp_path / "mine.yaml").write_text(
        "study: mine\nobjective: mine:train\nmetric: {name: score, direction: maximize}\n"
        "budget: {trials: 1}\nparameters: {x: {type: float, low: 0, high: 1}}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "search", "run", "mine.yaml", "--engine", "inline"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "1.0000" in done.stdout
