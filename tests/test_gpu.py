"""What only a GPU can show; skipped where there is none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from objectives.image_classifier import ImageClassifier
from search.running.trial import Assignment, run_trial
from search.running.worker import Environment
from search.studies.trials import End, Epoch
from tests.conftest import ROOT, RunStudy

pytestmark = pytest.mark.gpu

CLASSIFIER: dict[str, Any] = {
    "objective": "objectives.image_classifier:ImageClassifier",
    "metric": {"name": "val_accuracy", "direction": "maximize"},
    "settings": {"epochs": 3, "data": {"name": "digits", "limit": 400}},
    "parameters": {
        "filters": {"type": "categorical", "choices": [8, 16]},
        "learning_rate": {"type": "float", "low": 1e-3, "high": 1e-2, "log": True},
    },
}


def on_gpu(params: dict[str, Any], epochs: int = 2) -> Iterator[dict[str, float]]:
    """Epoch the share of this process in the GPU that Ray gave it."""
    import os

    for _ in range(epochs):
        torch.ones(1000, 1000, device="cuda").sum().item()
        yield {"score": params["x"], "pid": os.getpid()}


def test_gpu_small_study_completes(run_study: RunStudy) -> None:
    study = run_study("ray", **CLASSIFIER, resources={"gpus_per_trial": "auto"})
    assert {trial.state for trial in study.trials()} == {"COMPLETE"}
    assert all((trial.value or 0) > 0.3 for trial in study.trials())


def test_gpu_two_trials_share_one_gpu(run_study: RunStudy) -> None:
    study = run_study(
        "ray",
        objective="tests.test_gpu:on_gpu",
        settings={"epochs": 40},
        budget={"trials": 6},
        resources={"gpus_per_trial": 0.5},
    )
    assert {trial.state for trial in study.trials()} == {"COMPLETE"}
    assert len({trial.metrics["pid"] for trial in study.trials()}) == 2


def test_gpu_mixed_precision_trains() -> None:
    objective = ImageClassifier({}, epochs=3, device="cuda", mixed_precision=True)
    *_, last = objective
    assert (last["val_accuracy"] or 0) > 0.8


@pytest.mark.parametrize("freeze", ["none", "probe", "lpft", "gradual", "llrd"])
def test_gpu_pretrained_network_trains_under_every_schedule(freeze: str) -> None:
    data = {"name": "digits", "limit": 400}
    settings: dict[str, Any] = {"model": "pretrained", "image_size": 32, "data": data}
    augmentation = {"rotation": 5.0, "erasing": 0.1} if freeze == "none" else {}
    params = {"freeze": freeze, "learning_rate": 2e-3, **augmentation}
    objective = ImageClassifier(params, epochs=5, device="cuda", **settings)
    history = [float(metrics["train_loss"] or 9) for metrics in objective]
    assert history[-1] < history[0]


def test_gpu_resume_goes_on_where_it_stopped(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"epochs": 4, "device": "cuda", "seed": 1}
    whole = [metrics["val_accuracy"] for metrics in ImageClassifier({"dropout": 0.2}, **settings)]
    first = ImageClassifier({"dropout": 0.2}, **settings)
    epochs = iter(first)
    before = [next(epochs)["val_accuracy"] for _ in range(2)]
    torch.save(first.state_dict(), tmp_path / "last.pt")
    second = ImageClassifier({"dropout": 0.2}, **settings)
    second.load_state_dict(torch.load(tmp_path / "last.pt", weights_only=True))
    after = [metrics["val_accuracy"] for metrics in second]
    assert before + after == pytest.approx(whole, abs=0.02)


def test_gpu_memory_is_back_to_its_base_after_each_trial(tmp_path: Path) -> None:
    environment = Environment((str(ROOT),), str(ROOT))
    allocated = []
    for number in range(4):
        assignment = Assignment(
            number=number,
            params={"filters": 64, "n_blocks": 2},
            seed=number,
            objective=CLASSIFIER["objective"],
            settings={**CLASSIFIER["settings"], "device": "cuda"},
            metrics=("val_accuracy",),
            checkpoints=str(tmp_path),
            folder=str(tmp_path),
            time_limit_s=None,
            environment=environment,
        )
        events = list(run_trial(assignment))
        assert [type(event) for event in events] == [Epoch] * 3 + [End]
        allocated.append(torch.cuda.memory_allocated())
    # The first trial leaves the images on the device, for the trials after it.
    assert len(set(allocated[1:])) == 1
    assert allocated[1] == allocated[0]
