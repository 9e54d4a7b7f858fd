"""Has a trial predict the test split: built as it ran, from the checkpoint of its best epoch."""

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.trial import TrialState

from search.checkpoint import load_checkpoint
from search.checkpoints import BEST, checkpoint_name
from search.errors import ObjectiveError, SearchError, StudyError, listing
from search.objective import PredictingObjective
from search.record import TrialRecord
from search.run import assign, shared_worker
from search.space_file import read_space_file
from search.storage import record_version, whole_records
from search.study import Study
from search.study_folder import space_file_name
from search.trial import Assignment, close_objective, make_objective, release_gpu_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEEDED = ("predict", "state_dict", "load_state_dict")
_TOLERANCE = 1e-2
"""How far the sum of a row of probabilities may be off; half precision is not exact."""


@dataclass(frozen=True)
class Predictions:
    """What a trial says of the test split.

    Args:
        probabilities: `(N, K)`, finite, each row sums to 1 up to rounding.
        labels: `(N,)`, 0 to K - 1.
        classes: `(K,)`, their names; numbers if the objective has none.
        seconds: Time that it took.
    """

    probabilities: "NDArray[np.float64]"
    labels: "NDArray[np.int64]"
    classes: tuple[str, ...]
    seconds: float


def predict_test(study: Study, record: TrialRecord) -> Predictions:
    """Predict the test split with the state of a trial's best epoch.

    Args:
        study: The study.
        record: A COMPLETE trial.

    Returns:
        Its predictions.

    Raises:
        ObjectiveError: If the objective cannot do it.
        StudyError: If the checkpoint is missing or damaged.
    """
    name = checkpoint_name(record.number, BEST)
    with _objective(study, record) as objective:
        checkpoint = load_checkpoint(study.checkpoints.store, name)
        if checkpoint is None:
            raise StudyError(f"{study.name}: {name} must be a whole checkpoint, it is damaged")
        objective.load_state_dict(dict(checkpoint.objective))
        started = time.perf_counter()
        probabilities, labels = objective.predict("test")
        seconds = time.perf_counter() - started
        names = getattr(objective, "classes", None)
        return _checked(np.asarray(probabilities, np.float64), np.asarray(labels), names, seconds)


def require_predicting(study: Study, record: TrialRecord) -> None:
    """Refuse a study whose objective can predict nothing.

    Args:
        study: The study.
        record: The trial whose objective to look at.

    Raises:
        ObjectiveError: If it lacks a method; the message names each.
    """
    with _objective(study, record):
        pass


@contextmanager
def _objective(study: Study, record: TrialRecord) -> Iterator[PredictingObjective]:
    """Make a trial's objective; whatever it raises becomes one line for the user."""
    objective = None
    try:
        objective = make_objective(as_it_ran(study, record))
        yield _predicting(objective, study.spec.objective)
    except SearchError:
        raise
    except Exception as error:
        where = f"{study.name}: trial {record.number}"
        raise ObjectiveError(f"{where}: {_reason(error)}") from error
    finally:
        close_objective(objective)
        release_gpu_memory()


def _predicting(objective: object, path: str) -> PredictingObjective:
    if isinstance(objective, PredictingObjective):
        return objective
    lacking = [f"{name}()" for name in _NEEDED if not hasattr(objective, name)]
    raise ObjectiveError(
        f"objective: {path} must have {listing(f'{name}()' for name in _NEEDED)} to be "
        f"evaluated, it lacks {listing(lacking)}"
    )


def as_it_ran(study: Study, record: TrialRecord) -> Assignment:
    """Gather what a trial ran with, if need be in an earlier space than the present one.

    Args:
        study: The study.
        record: The trial.

    Returns:
        Its parameters and settings, in this process's surroundings.
    """
    resources = study.spec.resources
    worker = shared_worker(
        study.import_folders,
        n_threads=max(1, int(resources.cpus_per_trial)),
        hide_gpus=resources.gpus_per_trial == 0,
    )
    assignment = assign(study, record, worker)
    for version in whole_records(study.optuna_study):
        trials = version.get_trials(deepcopy=False)[record.number : record.number + 1]
        if trials and trials[0].state is TrialState.COMPLETE:
            spec = read_space_file(study.folder / space_file_name(record_version(version)))
            return replace(assignment, params=dict(trials[0].params), settings=spec.settings)
    return assignment


def _checked(
    probabilities: "NDArray[np.float64]", labels: "NDArray[Any]", names: Any, seconds: float
) -> Predictions:
    """Refuse predictions of which no figures can be computed."""
    shapes = f"got {probabilities.shape} and {labels.shape}"
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not labels.size:
        raise ObjectiveError(
            f"objective: predict('test') must give probabilities (N, K) and labels (N,), {shapes}"
        )
    n_classes = probabilities.shape[1]
    if (
        n_classes < 2
        or labels.dtype.kind not in "iu"
        or not np.isin(labels, range(n_classes)).all()
    ):
        raise ObjectiveError(
            f"objective: predict('test') must give whole labels from 0 to K - 1 with K > 1, got "
            f"K={n_classes} and labels {listing(np.unique(labels)[:10])}"
        )
    sums = probabilities.sum(axis=1)
    # Written so that NaN does not pass.
    if not ((probabilities >= 0).all() and (np.abs(sums - 1) <= _TOLERANCE).all()):
        raise ObjectiveError(
            "objective: predict('test') must give probabilities from 0 to 1 that sum to 1, got a "
            f"row with the sum {sums[np.abs(sums - 1).argmax()]:g}"
        )
    classes = tuple(
        map(str, names if names is not None and len(names) == n_classes else range(n_classes))
    )
    return Predictions(probabilities, labels.astype(np.int64), classes, seconds)


def _reason(error: Exception) -> str:
    """Word an error in one line; unless it is meant for the user, with the place it came from."""
    text = (str(error).strip().splitlines() or ["no message"])[0]
    if getattr(error, "fatal", False):
        return text
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}: {type(error).__name__}: {text}"
