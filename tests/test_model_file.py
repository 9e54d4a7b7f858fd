"""The winner in a file: the same probabilities elsewhere, the facts beside them, the errors."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from objectives.image_classifier import ImageClassifier
from objectives.sources import read_digits
from search.best_trial.model_file import require_model_name, write_model
from search.commands.using import export_model
from search.errors import ObjectiveError, SearchError, StudyError
from search.studies.driver import StudyDriver
from tests.conftest import RunStudy
from tests.processes import command_in

READER = """\
import json, sys
import numpy as np, torch

images = torch.from_numpy(np.load("images.npy"))
for name in sys.argv[1:]:
    extra = {"model.json": "", "classes.json": ""}
    network = torch.export.load(f"{name}.pt2", extra_files=extra).module()
    found = [network(images), network(images.float()), network(images[:1])]
    np.savez(f"{name}.npz", *(part.numpy() for part in found))
    facts = json.loads(extra["model.json"])
    assert facts["classes"] == json.loads(extra["classes.json"]) == list("0123456789")
    assert facts["image_shape"] == [1, 8, 8]
assert not {name for name in sys.modules if name.split(".")[0] in {"search", "objectives"}}
"""
MODELS: dict[str, dict[str, Any]] = {
    "small_cnn": {},
    "tiny_cnn": {"batch_norm": True},
    "mlp": {"widths": "32-16", "batch_norm": True},
    "pretrained": {"image_size": 32, "freeze": "probe"},
}
TOY: dict[str, Any] = {"objective": "tests.classifying:Using", "start_from": [{"x": 0.9}]}


@pytest.fixture
def study(run_study: RunStudy) -> StudyDriver:
    return run_study("inline", **TOY)


def train(run_study: RunStudy, model: str) -> tuple[StudyDriver, dict[str, Any]]:
    settings = {
        "model": model,
        "data": {"name": "digits", "limit": 100},
        "epochs": 2,
        "device": "cpu",
        **MODELS[model],
    }
    study = run_study(
        "inline",
        objective="objectives.image_classifier:ImageClassifier",
        settings=settings,
        metric={"name": "val_accuracy", "direction": "maximize"},
        budget={"trials": 1},
        parameters={"learning_rate": {"type": "float", "low": 3e-3, "high": 2e-2}},
    )
    return study, settings


def test_file_gives_the_same_probabilities_in_a_fresh_process(
    run_study: RunStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    here = tmp_path / "elsewhere"
    here.mkdir()
    images = read_digits(Path(), train=False, size=None).images[:50]
    np.save(here / "images.npy", images)
    expected = {}
    for model in MODELS:
        study, settings = train(run_study, model)
        trial = study.trial(0)
        facts = write_model(study, trial, here / f"{model}.pt2")
        assert facts["metrics"] == trial.metrics
        by_hand = ImageClassifier(trial.params, **settings, seed=trial.seed)
        saved = torch.load(study.trial_folder(0) / "best.pt", weights_only=True)
        by_hand.load_state_dict(saved["objective"])
        expected[model] = by_hand.classifier().predict("test")[0][:50]
    # -I: neither this project's folder nor PYTHONPATH is searched.
    command = [sys.executable, "-I", "-W", "ignore", "-c", READER, *MODELS]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for model, probabilities in expected.items():
        with np.load(here / f"{model}.npz") as found:
            for part in found.values():
                np.testing.assert_allclose(part, probabilities[: len(part)], atol=1e-5)


def facts_in(path: Path) -> Any:
    extra = {"model.json": ""}
    torch.export.load(path, extra_files=extra)
    return json.loads(extra["model.json"])


def test_verb_writes_the_best_trial_and_its_facts(
    study: StudyDriver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = study.folder.parent
    export_model("toy", tmp_path / "toy.pt2", studies=where)
    out, err = capsys.readouterr()
    best = study.trials()[0]
    assert out == ""
    assert err == (
        f"wrote trial {best.number}, epoch {best.best_epoch}, to {tmp_path / 'toy.pt2'}: images "
        f"of 1 × 4 × 4, 3 classes\nnext: search evaluate toy --studies {where}\n"
    )
    assert facts_in(tmp_path / "toy.pt2") == {
        "study": "toy",
        "trial": best.number,
        "best_epoch": best.best_epoch,
        "params": best.params,
        "metrics": best.metrics,
        "test": None,
        "image_shape": [1, 4, 4],
        "values": "0 to 255, uint8 or float32; normalised inside",
        "classes": ["cat", "dog", "owl"],
    }
    export_model("toy", tmp_path / "toy.pt2", trial=2, studies=where)
    assert facts_in(tmp_path / "toy.pt2")["trial"] == 2
    assert "next: search evaluate toy --trial 2" in capsys.readouterr().err
    assert not list(tmp_path.glob(".*"))


def test_command_line_names_a_missing_checkpoint_in_one_line(
    study: StudyDriver, tmp_path: Path
) -> None:
    best = study.trials()[0].number
    (study.trial_folder(best) / "best.pt").unlink()
    flags = ["--trial", str(best), "--studies", str(study.folder.parent)]
    result = command_in(tmp_path)("export-model", "toy", "-o", "toy.pt2", *flags)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: toy: trial {best} must have a checkpoint (best.pt) ")
    assert "to be exported, got none: deleted" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "toy.pt2").exists()


def test_objective_that_cannot_be_exported_is_an_error(
    run_study: RunStudy, tmp_path: Path
) -> None:
    study = run_study("inline", **{**TOY, "objective": "tests.predicting:Predicting"})
    with pytest.raises(ObjectiveError) as caught:
        write_model(study, study.trial(0), tmp_path / "toy.pt2")
    assert str(caught.value) == (
        "objective: tests.predicting:Predicting must have classifier().deployable(), "
        "classifier().image_shape, state_dict(), load_state_dict() to be exported, it lacks "
        "classifier().deployable(), classifier().image_shape"
    )


@pytest.mark.parametrize(
    ("flaw", "message"),
    [
        ("raises", "toy: trial 0: classifying.py:53: KeyError: 'network'"),
        (
            "flat",
            "objective: deployable() must give a network from images (N, C, H, W) to "
            "probabilities (N, K), got (2,) from (2, 1, 4, 4)",
        ),
    ],
)
def test_flaw_of_the_objective_is_one_line_and_leaves_no_file(
    run_study: RunStudy, tmp_path: Path, flaw: str, message: str
) -> None:
    study = run_study("inline", **TOY, settings={"flaw": flaw})
    with pytest.raises(ObjectiveError) as caught:
        write_model(study, study.trial(0), tmp_path / "toy.pt2")
    assert str(caught.value) == message
    assert not (tmp_path / "toy.pt2").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("toy.pth", "--output: a name that ends in .pt2 or .onnx must be given, got 'toy.pth'"),
        ("none/toy.pt2", "--output: the folder 'none' must exist, it does not"),
        ("folder.pt2", "--output: a file must be given, got the folder 'folder.pt2'"),
    ],
)
def test_name_that_cannot_be_written_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.pt2").mkdir()
    with pytest.raises(SearchError) as caught:
        require_model_name(Path(name))
    assert str(caught.value) == message


def test_file_that_cannot_be_written_is_one_line(study: StudyDriver, tmp_path: Path) -> None:
    (tmp_path / ".toy.pt2.unfinished").mkdir()
    with pytest.raises(StudyError, match=r"toy\.pt2: the file must be writable, got"):
        write_model(study, study.trial(0), tmp_path / "toy.pt2")
    assert not (tmp_path / "toy.pt2").exists()


def test_onnx_without_its_packages_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SearchError) as caught:
        require_model_name(Path("toy.onnx"))
    assert str(caught.value) == (
        "--output: onnx and onnxscript must be installed to write .onnx; "
        "pip install 'search[onnx]', or write .pt2"
    )


def test_onnx_gives_the_same_probabilities(
    run_study: RunStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx
    from onnx.reference import ReferenceEvaluator

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    study, _ = train(run_study, "small_cnn")
    for ending in ("pt2", "onnx"):
        write_model(study, study.trial(0), tmp_path / f"model.{ending}")
    model = onnx.load(tmp_path / "model.onnx")
    facts = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert facts["classes"] == facts["model"]["classes"] == list("0123456789")
    images = read_digits(Path(), train=False, size=None).images[:5]
    (found,) = ReferenceEvaluator(model).run(None, {"images": images.astype(np.float32)})
    expected = torch.export.load(tmp_path / "model.pt2").module()(torch.from_numpy(images))
    np.testing.assert_allclose(np.asarray(found), expected.numpy(), atol=1e-5)
