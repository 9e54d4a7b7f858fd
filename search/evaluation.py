"""Evaluates trials on the test split: which ones, when not, and where the figures go.

Trials are selected on the validation split. The test split is read here and nowhere else, for
trials that have completed and that the user asks for.
"""

from collections.abc import Callable, Collection, Sequence

from search.checkpoints import BEST, checkpoint_name
from search.errors import StudyError, listing
from search.export import LEADERBOARD_FILE, write_leaderboard
from search.figures import compute_figures, store_figures
from search.leaderboard import leaderboard_rows
from search.lock import driving
from search.prediction import predict_test, require_predicting
from search.record import TrialRecord
from search.study import Study

Say = Callable[[str], None]
"""Tells the user something that is no result."""


def choose_trials(study: Study, numbers: Collection[int], top: int) -> list[TrialRecord]:
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
    complete = _complete(study)
    if not complete:
        raise StudyError(f"{study.name}: a trial must be COMPLETE to be evaluated, none is")
    for number in numbers:
        if number not in complete:
            raise StudyError(
                f"--trial: a COMPLETE trial must be given, got {number}; valid: "
                f"{listing(sorted(complete))}"
            )
    return [complete[n] for n in list(dict.fromkeys(numbers)) or list(complete)[:top]]


def evaluate_trials(
    study: Study, chosen: Sequence[TrialRecord], *, again: bool, skip: bool, say: Say
) -> list[TrialRecord]:
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
    ready = [record for record in wanted if _has_checkpoint(study, record.number)]
    numbers = {record.number for record in ready}
    missing = [record for record in wanted if record.number not in numbers]
    if missing and not (skip and len(missing) < len(chosen)):
        raise _missing_checkpoints(study, missing)
    if missing:
        say(f"left out: {_missing_checkpoints(study, missing)}")
    known = [record.number for record in chosen if record.test and not again]
    if known:
        say(f"{_name(study, known)} evaluated before; --again does it once more")
    if ready:
        with driving(study.folder):
            study.cut_torn_record()
            for record in ready:
                say(f"{_name(study, [record.number])} reads the test split")
                _evaluate(study, record)
            write_leaderboard(leaderboard_rows(study), "csv", study.folder / LEADERBOARD_FILE)
    now = [study.record(record.number) for record in chosen]
    return [record for record in now if record.test]


def _evaluate(study: Study, record: TrialRecord) -> None:
    found = predict_test(study, record)
    figures = compute_figures(found.probabilities, found.labels, found.classes, found.seconds)
    store_figures(study.optuna_study, record.number, figures)


def _name(study: Study, numbers: Sequence[int]) -> str:
    return f"{study.name}: {'trial' if len(numbers) == 1 else 'trials'} {listing(numbers)}"


def _complete(study: Study) -> dict[int, TrialRecord]:
    """List the complete trials by number, best first."""
    return {record.number: record for record in study.records() if record.state == "COMPLETE"}


def _has_checkpoint(study: Study, number: int) -> bool:
    return study.checkpoints.store.size(checkpoint_name(number, BEST)) is not None


def _missing_checkpoints(study: Study, missing: Sequence[TrialRecord]) -> StudyError:
    """Say why trials have no checkpoint, which ones have, and how to keep more.

    If none has, the objective may be one that saves nothing, which is an error of its own.
    """
    complete = list(_complete(study))
    present = [number for number in complete if _has_checkpoint(study, number)]
    if not present:
        require_predicting(study, missing[0])
    numbers = [record.number for record in missing]
    keep = study.spec.keep
    kept = complete if keep == "all" else complete[: 0 if keep == "none" else keep]
    why = "deleted" if set(numbers) <= set(kept) else f"not kept, with `keep: {keep}`"
    return StudyError(
        f"{_name(study, numbers)} must have a checkpoint ({BEST}) to be evaluated, got none: "
        f"{why}; valid: {listing(present)}; `keep: all` in the space file, or "
        "`--set keep=all` for a run, keeps those of all complete trials"
    )
