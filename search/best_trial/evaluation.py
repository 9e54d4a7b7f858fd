"""Evaluates trials on the test split: which ones, when not, and where the figures go.

Trials are selected on the validation split. Test metrics are computed here and
nowhere else, for trials that have completed and that the user asks for.
"""

from collections.abc import Sequence

from search.best_trial.choice import (
    Say,
    complete_trials,
    has_checkpoint,
    missing_checkpoints,
    require_complete,
    trials_text,
)
from search.best_trial.prediction import predict_test
from search.best_trial.trained import EVALUATION
from search.errors import StudyError
from search.studies.export import LEADERBOARD_FILE, write_leaderboard
from search.studies.folder import write_pictures
from search.studies.leaderboard import leaderboard_rows
from search.studies.lock import driving
from search.studies.reader import StudyReader
from search.studies.storage import cut_torn_line
from search.studies.test_metrics import store_evaluation
from search.studies.trials import Trial


def choose_trials(study: StudyReader, numbers: Sequence[int], top: int) -> list[Trial]:
    """Pick the trials to evaluate.

    Args:
        study: The study.
        numbers: Which; empty for the best ones.
        top: How many of the best ones.

    Returns:
        COMPLETE trials.

    Raises:
        StudyError: If there is none, or one of the numbers is none.
    """
    complete = complete_trials(study, EVALUATION)
    require_complete(numbers, complete)
    return [complete[n] for n in list(dict.fromkeys(numbers)) or list(complete)[:top]]


def evaluate_trials(
    study: StudyReader, chosen: Sequence[Trial], *, again: bool, skip: bool, say: Say
) -> list[Trial]:
    """Evaluate trials that have not been, and record their figures.

    Args:
        study: The study; while trials are evaluated, nobody else may run it.
        chosen: COMPLETE trials.
        again: Whether to evaluate also those that have been.
        skip: Whether to leave out trials without a checkpoint, unless that is all of them.
        say: Told which trials are left out, have been evaluated, or are about to be.

    Returns:
        Those that have figures now.

    Raises:
        StudyError: If a checkpoint is missing, or another process runs the study.
    """
    wanted = [record for record in chosen if again or not record.test]
    ready = [record for record in wanted if has_checkpoint(study, record.number)]
    numbers = {record.number for record in ready}
    missing = [record for record in wanted if record.number not in numbers]
    if missing and not (skip and len(missing) < len(chosen)):
        raise missing_checkpoints(study, missing, EVALUATION)
    if missing:
        say(f"left out: {missing_checkpoints(study, missing, EVALUATION)}")
    known = [record.number for record in chosen if record.test and not again]
    if known:
        say(f"{trials_text(study, known)} evaluated before; --again does it once more")
    if ready:
        with driving(study.folder):
            cut_torn_line(study.folder, study.spec.storage)
            for record in ready:
                say(f"{trials_text(study, [record.number])} reads the test split")
                _evaluate(study, record, say)
            write_leaderboard(leaderboard_rows(study), "csv", study.folder / LEADERBOARD_FILE)
    now = [study.trial(record.number) for record in chosen]
    return [record for record in now if record.test]


def _evaluate(study: StudyReader, record: Trial, say: Say) -> None:
    tested = predict_test(study, record)
    store_evaluation(study.optuna_study, record.number, tested.figures)
    problem = tested.problem
    try:
        write_pictures(study.trial_folder(record.number), tested.pictures)
    except StudyError as error:
        problem = str(error)
    if problem:
        say(f"no pictures of the worst images: {problem}")
