"""What a worker is given to run a trial."""

from pathlib import Path

from search.running.trial import Assignment, Environment
from search.studies.folder import ERROR_FILE
from search.studies.reader import StudyReader
from search.studies.trials import Trial


def assign(study: StudyReader, trial: Trial, environment: Environment) -> Assignment:
    """Gather all that a worker needs to run a trial.

    Args:
        study: The study.
        trial: One of its trials.
        environment: Where it will run.

    Returns:
        What to run.
    """
    spec = study.spec
    return Assignment(
        number=trial.number,
        params=trial.params,
        seed=trial.seed,
        objective=spec.objective,
        settings=spec.settings,
        checkpoints=study.checkpoints.location,
        error_file=str((study.trial_folder(trial.number) / ERROR_FILE).resolve()),
        time_limit_s=spec.budget.trial_time,
        environment=environment,
    )


def shared_environment(folders: list[str], n_threads: int, hide_gpus: bool) -> Environment:
    """Describe the surroundings of a run's trials.

    Args:
        folders: Where objectives may lie.
        n_threads: Threads of one trial.
        hide_gpus: Whether objectives must see no GPU.

    Returns:
        Surroundings with the current folder as the working one.
    """
    return Environment(tuple(folders), str(Path.cwd()), n_threads, hide_gpus)
