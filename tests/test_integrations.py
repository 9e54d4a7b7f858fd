"""Training by each framework, as the documents show it: reported, pruned, gone on with."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.running.trial import Assignment, run_trial
from search.running.worker import Environment
from search.studies.trials import Epoch, Metrics
from tests.conftest import ROOT

CODE = Path(__file__).parent / "frameworks"
TEXT = (ROOT / "objectives" / "README.md").read_text()
DIFFS = dict(
    re.findall(r"<!-- framework (\w+): begin -->\n```diff\n(.*?)```\n", TEXT, flags=re.DOTALL)
)

# What also changes so that a trial goes on after an interruption, as the documents say.
GOING_ON = {
    "lightning": {
        "ReportCallback(report)": "ReportCallback(report, checkpoint=True)",
        "train_data, val_data)": "train_data, val_data, ckpt_path=report.checkpoint)",
    },
    "keras": {
        "ReportCallback(report)": "ReportCallback(report, checkpoint=True)",
        "    model.fit(": (
            "    if report.checkpoint:\n"
            "        import keras\n"
            "        model = keras.models.load_model(report.checkpoint)\n"
            "    model.fit(\n        initial_epoch=report.n_epochs,"
        ),
        "        x,\n        y,\n": "        x=x,\n        y=y,\n",
    },
    "transformers": {
        'save_strategy="no"': 'save_strategy="epoch", output_dir=str(params["folder"])',
        "trainer.train()": "trainer.train(resume_from_checkpoint=report.checkpoint)",
    },
    "xgboost": {
        "ReportCallback(report)": "ReportCallback(report, checkpoint=True)",
        "num_boost_round=epochs": (
            "num_boost_round=epochs - report.n_epochs, xgb_model=report.checkpoint"
        ),
    },
    "lightgbm": {
        "report_rounds(report)": "report_rounds(report, checkpoint=True)",
        "num_boost_round=epochs": (
            "num_boost_round=epochs - report.n_epochs, init_model=report.checkpoint"
        ),
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder; libraries write nowhere else and stay offline."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.syspath_prepend(CODE)
    return tmp_path


def after(diff: str) -> str:
    """Apply a diff to nothing: give what is there when its changes are made."""
    lines = diff.splitlines(keepends=True)
    return "".join(line[1:] for line in lines if not line.startswith("-"))


def run(folder: Path, module: str, n_epochs: int, name: str) -> Iterator[tuple[int, Metrics]]:
    """Run a trial of a module's `train`, or what is left of it; a `name` has its checkpoints."""
    assignment = Assignment(
        number=0,
        params={"learning_rate": 0.1, "alpha": 1e-3, "folder": str(folder / f"{name}_output")},
        seed=7,
        objective=f"{module}:train",
        settings={"epochs": n_epochs},
        metrics=(),
        checkpoints=str(folder / name),
        folder=str(folder / "trial"),
        time_limit_s=None,
        environment=Environment((str(folder), str(CODE)), str(folder)),
    )
    for event in run_trial(assignment):
        if isinstance(event, Epoch):
            yield event.number, event.metrics
        else:
            assert event.failure is None, event.failure.traceback


@pytest.mark.parametrize("framework", DIFFS)
def test_diff_changes_five_lines_at_most(framework: str) -> None:
    changes = [line[0] for line in DIFFS[framework].splitlines()]
    assert max(changes.count("+"), changes.count("-")) <= 5


@pytest.mark.filterwarnings(
    "ignore:.isinstance.treespec, LeafSpec..:FutureWarning",  # Lightning asks torch in an old way
    "ignore:'pin_memory' argument:UserWarning",  # Hugging Face sets it without a GPU, too
    "ignore:__array__ implementation:DeprecationWarning",  # Keras saves tensors of torch so
)
@pytest.mark.parametrize(
    ("framework", "metrics", "equal"),
    [
        ("lightning", {"train_loss", "val_loss"}, "val_loss"),
        ("keras", {"loss", "val_loss"}, None),  # loading a model of Keras draws
        # Its checkpoints do not bring back the order of the images.
        ("transformers", {"eval_loss", "eval_runtime"}, None),
        ("xgboost", {"val_logloss"}, "val_logloss"),
        ("lightgbm", {"val_binary_logloss"}, "val_binary_logloss"),
        ("sklearn", {"train_score", "val_score"}, None),
    ],
)
def test_framework_reports_each_epoch_and_goes_on_after_an_interruption(
    folder: Path, framework: str, metrics: set[str], equal: str | None
) -> None:
    module = f"{framework}_{folder.name}"
    code = after(DIFFS[framework])
    (folder / f"{module}.py").write_text(code)
    undisturbed = list(run(folder, module, 4, "none"))
    assert [number for number, _ in undisturbed] == [1, 2, 3, 4]
    assert all(metrics <= reported.keys() for _, reported in undisturbed)
    if framework not in GOING_ON:
        return
    for old, new in GOING_ON[framework].items():
        assert old in code
        code = code.replace(old, new)
    (folder / f"{module}_on.py").write_text(code)
    pruned = list(itertools.islice(run(folder, f"{module}_on", 4, "some"), 2))
    going_on = list(run(folder, f"{module}_on", 4, "some"))
    assert [number for number, _ in pruned + going_on] == [1, 2, 2, 3, 4]
    if equal:
        values = {number: reported[equal] for number, reported in pruned + going_on}
        assert values == {number: reported[equal] for number, reported in undisturbed}
