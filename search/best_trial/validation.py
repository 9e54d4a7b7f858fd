"""How a trial classifies the validation split, told by the predictions that its `best.pt` holds.

No network runs for it, and the test split is not read. The pictures of the worst images and the
names of classes are the objective's: it is made for them once, and they are kept in the trial's
folder.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from search.best_trial.pictures import worst_pictures
from search.best_trial.trained import named_classes, untrained_classifier
from search.errors import SearchError, StudyError
from search.studies.checkpoints import BEST_CHECKPOINT, checkpoint_name, load_predictions
from search.studies.durable import make_folder, write_whole
from search.studies.folder import CLASSES_FILE, read_worst_picture, write_pictures
from search.studies.predictions import Predictions
from search.studies.reader import StudyReader
from search.studies.test_metrics import Evaluation, evaluate_predictions
from search.studies.trials import Trial


@dataclass(frozen=True)
class Validation:
    """How a trial's best epoch classifies the validation split.

    Args:
        trial: The trial.
        evaluation: Its metrics, classes and confusions on these images.
        pictures: Its worst images by index, as PNG files, as far as there are any.
        problem: Why there is none, in a sentence; empty where the objective has none to give.
    """

    trial: Trial
    evaluation: Evaluation
    pictures: dict[int, bytes] = field(default_factory=dict)
    problem: str = ""

    def without_pictures(self, why: str) -> "Validation":
        """Say why there are none."""
        return replace(self, problem=why)


def validation_of(study: StudyReader, trial: Trial) -> Validation | None:
    """Tell how a COMPLETE trial classifies the validation split; None where that is not kept."""
    predictions = _predictions(study, trial) if trial.state == "COMPLETE" else None
    if predictions is None or predictions.probabilities.shape[1] < 2:
        return None
    names = _names(study, trial, predictions.probabilities.shape[1])
    labels = predictions.labels.astype(np.int64)
    evaluation = evaluate_predictions(predictions.probabilities, labels, names, 0.0)
    return Validation(trial, evaluation, _kept_pictures(study, trial, evaluation))


def with_pictures(study: StudyReader, validation: Validation) -> Validation:
    """Add the pictures of the worst images and the names of classes that the objective has.

    It is asked where they are not kept yet; what fails costs only them.
    """
    trial, evaluation = validation.trial, validation.evaluation
    if _kept_names(study, trial):
        return replace(validation, problem="")
    indices = [miss.index for miss in evaluation.worst or []]
    try:
        with untrained_classifier(study, trial) as classifier:
            if classifier is None:
                return validation
            names = named_classes(classifier, len(evaluation.per_class["class"]))
            pictures = worst_pictures(classifier, "val", indices)
    except SearchError as error:
        return validation.without_pictures(f"no pictures: {error}")
    _keep(study, trial, pictures, names)
    return Validation(trial, _named(evaluation, names), pictures)


def _named(evaluation: Evaluation, names: Sequence[str]) -> Evaluation:
    """Give the classes of an evaluation other names, in the order of the labels."""
    renamed = dict(zip(evaluation.per_class["class"], names, strict=True))
    worst = [
        replace(miss, true=renamed[miss.true], predicted=renamed[miss.predicted])
        for miss in evaluation.worst or []
    ]
    per_class = {**evaluation.per_class, "class": list(names)}
    return replace(evaluation, per_class=per_class, worst=worst)


def _predictions(study: StudyReader, trial: Trial) -> Predictions | None:
    with suppress(SearchError):  # the place of the checkpoints cannot be reached
        name = checkpoint_name(trial.number, BEST_CHECKPOINT)
        return load_predictions(study.checkpoints.store, name)
    return None


def _names(study: StudyReader, trial: Trial, n_classes: int) -> list[str]:
    """Name the classes as is kept of a trial, or as one that was evaluated does, or by numbers."""
    tested = (other.test.per_class["class"] for other in study.trials() if other.test)
    for names in (_kept_names(study, trial), *tested):
        if len(names) == n_classes:
            return list(map(str, names))
    return [str(place) for place in range(n_classes)]


def _keep(
    study: StudyReader, trial: Trial, pictures: dict[int, bytes], names: Sequence[str]
) -> None:
    """Keep what the objective gave, unless the study is one to look at only."""
    folder = study.trial_folder(trial.number)
    with suppress(StudyError, OSError):
        write_pictures(folder, pictures, "val")
        make_folder(folder)
        write_whole(folder / CLASSES_FILE, json.dumps(list(names)).encode())


def _kept_names(study: StudyReader, trial: Trial) -> list[str]:
    try:
        file = study.trial_folder(trial.number) / CLASSES_FILE
        names = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return names if isinstance(names, list) else []


def _kept_pictures(study: StudyReader, trial: Trial, evaluation: Evaluation) -> dict[int, bytes]:
    folder = study.trial_folder(trial.number)
    files = {
        miss.index: read_worst_picture(folder, miss.index, "val")
        for miss in evaluation.worst or []
    }
    return {index: file for index, file in files.items() if file}
