"""A trial's objective, made again as it ran and put into the state of its best epoch."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna.trial import TrialState

from search.errors import ObjectiveError, SearchError, StudyError
from search.objective.contract import Classifier
from search.objective.probing import classifier_of
from search.running.trial import Assignment, assign, close_objective, make_objective
from search.running.worker import environment_here, release_gpu_memory
from search.spaces.space_file import read_space_file
from search.studies.checkpoints import BEST_CHECKPOINT, checkpoint_name, load_checkpoint
from search.studies.folder import space_file_name
from search.studies.reader import StudyReader
from search.studies.storage import space_version, whole_versions
from search.studies.trials import Trial
from search.text import listing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TOLERANCE = 1e-2
"""How far the sum of a row of probabilities may be off; half precision is not exact."""


@dataclass(frozen=True)
class Use:
    """What a trained objective is wanted for."""

    purpose: str
    """What it is to be, as in "a trial must be COMPLETE to be evaluated"."""
    needed: tuple[str, ...]
    """What its classifier must have for it."""

    def classifier(self, objective: object, path: str) -> Classifier:
        """Take an objective's classifier; one that cannot be used for this is refused."""
        classifier = classifier_of(objective, path)
        has = {
            **{f"classifier().{name}": _has(classifier, name) for name in self.needed},
            **{
                f"{name}()": hasattr(objective, name) for name in ("state_dict", "load_state_dict")
            },
        }
        lacking = [name for name, there in has.items() if not there]
        if classifier is None or lacking:
            raise ObjectiveError(
                f"objective: {path} must have {listing(has)} to be {self.purpose}, it lacks "
                f"{listing(lacking)}"
            )
        return classifier


EVALUATION = Use("evaluated", ("predict()",))
CLASSIFICATION = Use("used for predictions", ("classify()",))
EXPORT = Use("exported", ("deployable()", "image_shape"))


@contextmanager
def trained_classifier(study: StudyReader, trial: Trial, use: Use) -> Iterator[Classifier]:
    """Make a COMPLETE trial's objective again, and give its classifier at its best epoch.

    What the objective raises becomes one line for the user; it is closed afterwards.
    """
    name = checkpoint_name(trial.number, BEST_CHECKPOINT)
    with _made_objective(study, trial) as objective:
        use.classifier(objective, study.spec.objective)  # before a large file is read
        checkpoint = load_checkpoint(study.checkpoints.store, name)
        if checkpoint is None:
            raise StudyError(
                f"{study.name}: {name} must be a whole checkpoint, it is damaged; valid: "
                "another trial, by --trial"
            )
        objective.load_state_dict(dict(checkpoint.objective))
        yield use.classifier(objective, study.spec.objective)


@contextmanager
def untrained_classifier(study: StudyReader, trial: Trial) -> Iterator[Classifier | None]:
    """Make a trial's objective again, and give its classifier, if any, for images and names."""
    with _made_objective(study, trial) as objective:
        yield classifier_of(objective, study.spec.objective)


def require_use(study: StudyReader, trial: Trial, use: Use) -> None:
    """Refuse a study whose objective cannot be used for something."""
    with _made_objective(study, trial) as objective:
        use.classifier(objective, study.spec.objective)


def named_classes(classifier: Classifier, n_classes: int) -> tuple[str, ...]:
    """Name the classes; by numbers if the classifier has no names, or not as many."""
    names = getattr(classifier, "classes", None)
    return tuple(
        map(str, names if names is not None and len(names) == n_classes else range(n_classes))
    )


def require_probabilities(probabilities: "NDArray[np.float64]", method: str) -> None:
    """Refuse what a method gave as `(N, K)` if a row is no probabilities, up to rounding."""
    sums = probabilities.sum(axis=1)
    # Written so that NaN does not pass.
    if not ((probabilities >= 0).all() and (abs(sums - 1) <= _TOLERANCE).all()):
        raise ObjectiveError(
            f"objective: {method} must give probabilities from 0 to 1 that sum to 1, got a "
            f"row with the sum {sums[abs(sums - 1).argmax()]:g}"
        )


def as_it_ran(study: StudyReader, trial: Trial) -> Assignment:
    """Gather what a trial ran with, if need be in an earlier space than the present one."""
    resources = study.spec.resources
    environment = environment_here(
        study.import_folders, resources.cpus_per_trial, resources.gpus_per_trial
    )
    assignment = assign(study, trial, environment)
    for version in whole_versions(study.optuna_study):
        trials = version.get_trials(deepcopy=False)[trial.number : trial.number + 1]
        if trials and trials[0].state is TrialState.COMPLETE:
            spec = read_space_file(study.folder / space_file_name(space_version(version)))
            return replace(assignment, params=dict(trials[0].params), settings=spec.settings)
    return assignment


@contextmanager
def guarded(where: str) -> Iterator[None]:
    """Have whatever an objective raises become one line for the user."""
    try:
        yield
    except SearchError:
        raise
    except Exception as error:
        raise ObjectiveError(f"{where}: {_reason(error)}") from error


@contextmanager
def _made_objective(study: StudyReader, trial: Trial) -> Iterator[Any]:
    objective = None
    try:
        with guarded(f"{study.name}: trial {trial.number}"):
            objective = make_objective(as_it_ran(study, trial))
            yield objective
    finally:
        close_objective(objective)
        release_gpu_memory()


def _has(classifier: Classifier | None, name: str) -> bool:
    return classifier is not None and hasattr(classifier, name.removesuffix("()"))


def _reason(error: Exception) -> str:
    """Word an error in one line; unless it is meant for the user, with the place it came from."""
    text = (str(error).strip().splitlines() or ["no message"])[0]
    if getattr(error, "fatal", False):
        return text
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}: {type(error).__name__}: {text}"
