"""What the storage costs: an epoch in the driver, and a study of 10,000 trials."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from search.spaces.space_file import space_file_text
from search.spaces.spec import Spec
from search.studies import attributes
from search.studies.driver import StudyDriver
from search.studies.trials import Epoch, Metrics, epoch_entry
from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import ROOT

N_TRIALS = 10_000
# The highest mark of the process's own memory; what getrusage tells includes its parent's.
_MEASURED = """
import re, sys
from search.cli import app
app(sys.argv[1:], standalone_mode=False)
print(re.search("VmHWM.*", open("/proc/self/status").read())[0], file=sys.stderr)
"""
EPOCHS = 9


def measure() -> list[Benchmark]:
    """Report many epochs to one study; resume, list and export another."""
    with tempfile.TemporaryDirectory() as folder:
        report_ms = epoch_ms(Path(folder))
        make_finished_study(Path(folder) / "studies", "large", N_TRIALS)
        leaderboard_s, _ = _timed(folder, "leaderboard", "large", "--top", "10")
        export_s, _ = _timed(folder, "export", "large", "-o", "large.csv")
        resume_s, memory_mb = _timed(
            *(folder, "resume", "large", "--trials", "+1", "--engine", "inline")
        )
    return [
        Benchmark("the record's cost of a reported epoch", report_ms, "ms", 1),
        Benchmark("leaderboard of 10,000 trials", leaderboard_s, "s", 3),
        Benchmark("export of 10,000 trials", export_s, "s", 3),
        Benchmark("resume of 10,000 trials, one more trial, whole", resume_s, "s", 10),
        Benchmark("memory of that", memory_mb, "MB", 600),
    ]


def _spec(name: str, n_trials: int) -> Spec:
    return Spec.model_validate(
        {
            "study": name,
            "objective": "tests.benchmarks.overhead:nothing",
            "settings": {"epochs": EPOCHS},
            "metric": {"name": "score", "direction": "maximize"},
            "budget": {"trials": n_trials},
            "parameters": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
        }
    )


def epoch_ms(folder: Path, n_epochs: int = 1000) -> float:
    """Report one trial's epochs, of nine metrics each, to a study."""
    study = StudyDriver.create(_spec("reports", 1), folder)
    trial = study.ask()
    assert trial is not None
    started = time.perf_counter()
    for epoch in range(1, n_epochs + 1):
        study.report(trial.number, Epoch(epoch, _metrics(epoch), 0.1, 0.1 * epoch))
    return 1000 * (time.perf_counter() - started) / n_epochs


def _metrics(score: float) -> Metrics:
    return {**{f"metric_{i}": score / (i + 3) for i in range(8)}, "score": score}


def make_finished_study(studies: Path, name: str, n_trials: int) -> None:
    """Write finished trials as a run would have left them."""
    spec = _spec(name, n_trials)
    study = StudyDriver.create(spec, studies, [str(ROOT)])
    distributions: dict[str, BaseDistribution] = {"x": FloatDistribution(0.0, 1.0)}
    trials = []
    for number in range(n_trials):
        x = (number * 0.618034) % 1
        values = {epoch: x * epoch / EPOCHS for epoch in range(1, EPOCHS + 1)}
        epochs = [Epoch(e, _metrics(v), 0.1, 0.1 * e) for e, v in values.items()]
        trials.append(
            create_trial(
                state=TrialState.COMPLETE,
                value=x,
                params={"x": x},
                distributions=distributions,
                intermediate_values=values,
                user_attrs={
                    attributes.SECONDS: 1.0,
                    attributes.SEED: number,
                },
                system_attrs=dict(epoch_entry(e, counts=True) for e in epochs),
            )
        )
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study.optuna_study.add_trials(trials)
    study.space_file.write_text(space_file_text(spec, []), encoding="utf-8")


def _timed(folder: str, *args: str) -> tuple[float, float]:
    """Run a command; give its seconds and the most memory it has held, in MB."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *args],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
    )
    return time.perf_counter() - started, int(done.stderr.split()[-2]) / 1024
