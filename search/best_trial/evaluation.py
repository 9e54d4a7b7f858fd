"""Evaluates trials on the test split: which ones, when not, and where their test metrics go.

Trials are selected on the validation split. Test metrics are computed here and
nowhere else, for trials that have completed and that the user asks for.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from search.best_trial.choice import (
    Say,
    complete_trials,
    has_checkpoint,
    missing_checkpoints,
    require_complete,
    trials_text,
)
from search.best_trial.pictures import worst_pictures
from search.best_trial.trained import (
    EVALUATION,
    named_classes,
    require_probabilities,
    trained_classifier,
)
from search.errors import ObjectiveError, StudyError
from search.studies.export import LEADERBOARD_FILE, write_leaderboard
from search.studies.folder import write_pictures
from search.studies.leaderboard import leaderboard_rows
from search.studies.lock import driving
from search.studies.reader import StudyReader
from search.studies.storage import cut_torn_line
from search.studies.test_metrics import Evaluation, evaluate_predictions, store_evaluation
from search.studies.trials import Trial
from search.text import listing

if TYPE_CHECKING:
    from numpy.typing import NDArray


def choose_trials(study: StudyReader, numbers: Sequence[int], top: int) -> list[Trial]:
    """Pick the COMPLETE trials to evaluate: those named, or else the best ones."""
    complete = complete_trials(study, EVALUATION)
    require_complete(numbers, complete)
    return [complete[n] for n in list(dict.fromkeys(numbers)) or list(complete)[:top]]


def evaluate_trials(
    study: StudyReader, chosen: Sequence[Trial], *, again: bool, skip: bool, say: Say
) -> list[Trial]:
    """Evaluate COMPLETE trials and store their test metrics; give those that have some now.

    Those that have been evaluated are again only with `again`; those without a checkpoint are
    left out with `skip`, unless that is all of them. Meanwhile nobody else may run the study.
    """
    wanted = [trial for trial in chosen if again or not trial.test]
    ready = [trial for trial in wanted if has_checkpoint(study, trial.number)]
    numbers = {trial.number for trial in ready}
    missing = [trial for trial in wanted if trial.number not in numbers]
    if missing and not (skip and len(missing) < len(chosen)):
        raise missing_checkpoints(study, missing, EVALUATION)
    if missing:
        say(f"left out: {missing_checkpoints(study, missing, EVALUATION)}")
    known = [trial.number for trial in chosen if trial.test and not again]
    if known:
        say(f"{trials_text(study, known)} evaluated before; --again does it once more")
    if ready:
        with driving(study.folder):
            cut_torn_line(study.folder, study.spec.storage)
            for trial in ready:
                say(f"{trials_text(study, [trial.number])} reads the test split")
                _evaluate(study, trial, say)
            write_leaderboard(leaderboard_rows(study), "csv", study.folder / LEADERBOARD_FILE)
    now = [study.trial(trial.number) for trial in chosen]
    return [trial for trial in now if trial.test]


@dataclass(frozen=True)
class _Tested:
    """What came of a trial on the test split."""

    evaluation: Evaluation
    pictures: dict[int, bytes]
    """The worst classified images by index, as PNG files; none if the objective gives none."""
    problem: str = ""
    """Why it could not give them."""


def _evaluate(study: StudyReader, trial: Trial, say: Say) -> None:
    tested = _test(study, trial)
    # Before the pictures: they may fail, and test metrics must not be lost with them.
    store_evaluation(study.optuna_study, trial.number, tested.evaluation)
    problem = tested.problem
    try:
        write_pictures(study.trial_folder(trial.number), tested.pictures)
    except StudyError as error:
        problem = str(error)
    if problem:
        say(f"no pictures of the worst images: {problem}")


def _test(study: StudyReader, trial: Trial) -> _Tested:
    """Classify the test split with the state of a trial's best epoch."""
    with trained_classifier(study, trial, EVALUATION) as classifier:
        started = time.perf_counter()
        probabilities, labels = classifier.predict("test")
        seconds = time.perf_counter() - started
        found, labels = np.asarray(probabilities, np.float64), np.asarray(labels)
        _require_labels(found, labels)
        require_probabilities(found, "predict('test')")
        classes = named_classes(classifier, found.shape[1])
        evaluation = evaluate_predictions(found, labels.astype(np.int64), classes, seconds)
        indices = [miss.index for miss in evaluation.worst or []]
        try:
            return _Tested(evaluation, worst_pictures(classifier, "test", indices))
        except Exception as error:  # noqa: BLE001  it is the user's code; the metrics stand
            return _Tested(evaluation, {}, str(error) or type(error).__name__)


def _require_labels(probabilities: "NDArray[np.float64]", labels: "NDArray[Any]") -> None:
    """Refuse predictions of which no test metrics can be computed."""
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
