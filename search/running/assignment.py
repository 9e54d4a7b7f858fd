"""What a worker is given to run a trial."""

from pathlib import Path

from search.running.trial import Assignment, Worker
from search.studies.record import TrialRecord
from search.studies.study import Study
from search.studies.study_folder import ERROR_FILE


def assign(study: Study, trial: TrialRecord, worker: Worker) -> Assignment:
    """Gather all that a worker needs to run a trial.

    Args:
        study: The study.
        trial: One of its trials.
        worker: Where it will run.

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
        worker=worker,
    )


def shared_worker(folders: list[str], n_threads: int, hide_gpus: bool) -> Worker:
    """Describe the surroundings of a run's trials.

    Args:
        folders: Where objectives may lie.
        n_threads: Threads of one trial.
        hide_gpus: Whether objectives must see no GPU.

    Returns:
        Surroundings with the current folder as the working one.
    """
    return Worker(tuple(folders), str(Path.cwd()), n_threads, hide_gpus)
