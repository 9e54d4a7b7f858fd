"""Writes the network of a trial to one file that runs without this project.

A `.pt2` file is a program of `torch.export`, a `.onnx` file one of ONNX. Both take any number
of images at once and give probabilities; normalisation and softmax are part of the program.
torch is imported here as in `search.studies.checkpoints`: late, and for its files only.
"""

import importlib.util
import io
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from search.best_trial.trained import EXPORT, named_classes, trained_classifier
from search.errors import ObjectiveError, SearchError
from search.objective.contract import Classifier
from search.studies.durable import write_whole
from search.studies.reader import StudyReader
from search.studies.trials import Metrics, Trial
from search.text import json_text

if TYPE_CHECKING:
    from torch.export import ExportedProgram

FACTS_FILE = "model.json"
"""Name of the facts within a `.pt2` file, and, without its ending, of those in ONNX's metadata."""
CLASSES_FILE = "classes.json"
"""Name of the list of classes, likewise."""
_ONNX_PACKAGES = ("onnx", "onnxscript")


class ModelFacts(TypedDict):
    """What stands in the file: whose network it is, what it takes and gives, how good it is."""

    study: str
    trial: int
    best_epoch: int | None
    params: dict[str, Any]
    metrics: Metrics
    test: Metrics | None
    image_shape: list[int]
    values: str
    classes: list[str]


def require_model_name(path: Path) -> None:
    """Refuse a file that could not be written, before any work."""
    if path.suffix not in {".pt2", ".onnx"}:
        raise SearchError(
            f"--output: a name that ends in .pt2 or .onnx must be given, got '{path}'"
        )
    if path.is_dir():
        raise SearchError(f"--output: a file must be given, got the folder '{path}'")
    if not path.parent.is_dir():
        raise SearchError(f"--output: the folder '{path.parent}' must exist, it does not")
    lacking = [name for name in _ONNX_PACKAGES if importlib.util.find_spec(name) is None]
    if path.suffix == ".onnx" and lacking:
        raise SearchError(
            f"--output: {' and '.join(lacking)} must be installed to write .onnx; "
            "pip install 'search[onnx]', or write .pt2"
        )


def write_model(study: StudyReader, trial: Trial, path: Path) -> ModelFacts:
    """Write the network of a COMPLETE trial's best epoch, whole or not at all.

    Args:
        study: The study.
        trial: The trial.
        path: The file, as `require_model_name` accepts it.

    Returns:
        The facts that stand in the file: study, trial, classes, shape of an image, metrics.
    """
    with trained_classifier(study, trial, EXPORT) as classifier:
        program, n_classes = _exported(classifier)
        facts: ModelFacts = {
            "study": study.name,
            "trial": trial.number,
            "best_epoch": trial.best_epoch,
            "params": trial.params,
            "metrics": trial.metrics,
            "test": trial.test.metrics if trial.test else None,
            "image_shape": list(classifier.image_shape),
            "values": "0 to 255, uint8 or float32; normalised inside",
            "classes": list(named_classes(classifier, n_classes)),
        }
        content = (_onnx if path.suffix == ".onnx" else _pt2)(program, facts)
    write_whole(path, content)
    return facts


def _exported(classifier: Classifier) -> "tuple[ExportedProgram, int]":
    """Make a program for any number of images, and count its classes."""
    import torch

    network = classifier.deployable()
    shape = tuple(classifier.image_shape)
    images = torch.zeros((2, *shape))
    probabilities = network(images)
    if probabilities.ndim != 2 or len(probabilities) != 2:
        raise ObjectiveError(
            "objective: deployable() must give a network from images (N, C, H, W) to "
            f"probabilities (N, K), got {tuple(probabilities.shape)} from {tuple(images.shape)}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sizes = ({0: torch.export.Dim("batch", min=1)},)
        program = torch.export.export(network, (images,), dynamic_shapes=sizes)
    return program, probabilities.shape[1]


def _pt2(program: "ExportedProgram", facts: ModelFacts) -> bytes:
    import torch

    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(program, file, extra_files=_texts(facts))
    return file.getvalue()


def _onnx(program: "ExportedProgram", facts: ModelFacts) -> bytes:
    import torch

    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        converted = torch.onnx.export(
            program, input_names=["images"], output_names=["probabilities"], verbose=False
        )
        assert converted is not None
        facts = {**facts, "values": "0 to 255, float32; normalised inside"}
        for name, text in _texts(facts).items():
            converted.model.metadata_props[name.removesuffix(".json")] = text
        file = Path(folder) / "model.onnx"
        converted.save(file)
        return file.read_bytes()


def _texts(facts: ModelFacts) -> dict[str, str]:
    return {FACTS_FILE: json_text(facts, None), CLASSES_FILE: json_text(facts["classes"], None)}
