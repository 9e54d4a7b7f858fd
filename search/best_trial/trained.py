"""A trial's objective, made again as it ran and put into the state of its best epoch."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optuna.trial import TrialState

from search.errors import ObjectiveError, SearchError, StudyError
from search.running.trial import Assignment, assign, close_objective, make_objective
from search.running.worker import environment_here, release_gpu_memory
from search.spaces.space_file import read_space_file
from search.studies.checkpoint import load_checkpoint
from search.studies.checkpoints import BEST_CHECKPOINT, checkpoint_name
from search.studies.reader import StudyReader
from search.studies.space_versions import space_version, whole_versions
from search.studies.study_folder import space_file_name
from search.studies.trials import Trial
from search.text import listing


@dataclass(frozen=True)
class Use:
    """What a trained objective is wanted for.

    Args:
        purpose: What it is to be, as in "a trial must be COMPLETE to be evaluated".
        needed: What the objective must have for it, beside a state that can be loaded.
    """

    purpose: str
    needed: tuple[str, ...]

    def check(self, objective: object, path: str) -> None:
        """Refuse an objective that cannot be used for it.

        Args:
            objective: The objective.
            path: Its import path.

        Raises:
            ObjectiveError: If it lacks something; the message names all of it.
        """
        needed = [*self.needed, "state_dict()", "load_state_dict()"]
        lacking = [name for name in needed if not hasattr(objective, name.removesuffix("()"))]
        if lacking:
            raise ObjectiveError(
                f"objective: {path} must have {listing(needed)} to be {self.purpose}, it lacks "
                f"{listing(lacking)}"
            )


EVALUATION = Use("evaluated", ("predict()",))
"""See `search.objective.contract.PredictingObjective`."""
CLASSIFICATION = Use("used for predictions", ("classify()",))
"""See `search.objective.contract.ClassifyingObjective`."""
EXPORT = Use("exported", ("deployable()", "image_shape"))
"""See `search.objective.contract.DeployableObjective`."""


@contextmanager
def trained_objective(study: StudyReader, record: Trial, use: Use) -> Iterator[Any]:
    """Make a trial's objective, in the state of its best epoch.

    Args:
        study: The study.
        record: A COMPLETE trial.
        use: What for.

    Yields:
        The objective; it is closed afterwards. What it raises becomes one line for the user.

    Raises:
        ObjectiveError: If it cannot be made, lacks something, or raises an exception.
        StudyError: If the checkpoint is missing or damaged.
    """
    name = checkpoint_name(record.number, BEST_CHECKPOINT)
    with _made_objective(study, record, use) as objective:
        checkpoint = load_checkpoint(study.checkpoints.store, name)
        if checkpoint is None:
            raise StudyError(
                f"{study.name}: {name} must be a whole checkpoint, it is damaged; valid: "
                "another trial, by --trial"
            )
        objective.load_state_dict(dict(checkpoint.objective))
        yield objective


def require_use(study: StudyReader, record: Trial, use: Use) -> None:
    """Refuse a study whose objective cannot be used for something.

    Args:
        study: The study.
        record: The trial whose objective to look at.
        use: What for.

    Raises:
        ObjectiveError: If it lacks something; the message names all of it.
    """
    with _made_objective(study, record, use):
        pass


def named_classes(objective: object, n_classes: int) -> tuple[str, ...]:
    """Name the classes of an objective.

    Args:
        objective: It may have `classes`.
        n_classes: How many there are.

    Returns:
        Their names; numbers if it has none, or not as many.
    """
    names = getattr(objective, "classes", None)
    return tuple(
        map(str, names if names is not None and len(names) == n_classes else range(n_classes))
    )


def as_it_ran(study: StudyReader, record: Trial) -> Assignment:
    """Gather what a trial ran with, if need be in an earlier space than the present one.

    Args:
        study: The study.
        record: The trial.

    Returns:
        Its parameters and settings, in this process's surroundings.
    """
    resources = study.spec.resources
    environment = environment_here(
        study.import_folders, resources.cpus_per_trial, resources.gpus_per_trial
    )
    assignment = assign(study, record, environment)
    for version in whole_versions(study.optuna_study):
        trials = version.get_trials(deepcopy=False)[record.number : record.number + 1]
        if trials and trials[0].state is TrialState.COMPLETE:
            spec = read_space_file(study.folder / space_file_name(space_version(version)))
            return replace(assignment, params=dict(trials[0].params), settings=spec.settings)
    return assignment


@contextmanager
def guarded(where: str) -> Iterator[None]:
    """Have whatever an objective raises become one line for the user.

    Args:
        where: With what the line begins.

    Yields:
        None; what is done meanwhile is guarded.

    Raises:
        ObjectiveError: For any exception that is not yet meant for the user.
    """
    try:
        yield
    except SearchError:
        raise
    except Exception as error:
        raise ObjectiveError(f"{where}: {_reason(error)}") from error


@contextmanager
def _made_objective(study: StudyReader, record: Trial, use: Use) -> Iterator[Any]:
    """Make a trial's objective; whatever it raises becomes one line for the user."""
    objective = None
    try:
        with guarded(f"{study.name}: trial {record.number}"):
            objective = make_objective(as_it_ran(study, record))
            use.check(objective, study.spec.objective)
            yield objective
    finally:
        close_objective(objective)
        release_gpu_memory()


def _reason(error: Exception) -> str:
    """Word an error in one line; unless it is meant for the user, with the place it came from."""
    text = (str(error).strip().splitlines() or ["no message"])[0]
    if getattr(error, "fatal", False):
        return text
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}: {type(error).__name__}: {text}"
