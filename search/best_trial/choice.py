"""Which complete trials can be used, and what is said of those that cannot."""

from collections.abc import Callable, Sequence

from search.best_trial.trained import Use, require_use
from search.errors import StudyError
from search.studies.checkpoints import BEST_CHECKPOINT, checkpoint_name
from search.studies.reader import StudyReader
from search.studies.repetitions import recommended_trial
from search.studies.trials import Trial
from search.text import listing

Say = Callable[[str], None]
"""Tells the user something that is no result."""


def complete_trials(study: StudyReader, use: Use) -> dict[int, Trial]:
    """List the complete trials, at least one, by number, best first."""
    complete = _complete(study)
    if not complete:
        raise StudyError(f"{study.name}: a trial must be COMPLETE to be {use.purpose}, none is")
    return complete


def choose_best_trial(study: StudyReader, number: int | None, use: Use, say: Say) -> Trial:
    """Pick a COMPLETE trial with a checkpoint: the one named, or else the best that has one."""
    complete = complete_trials(study, use)
    if number is not None:
        require_complete([number], complete)
    wanted = list(complete.values()) if number is None else [complete[number]]
    for place, trial in enumerate(wanted):
        if has_checkpoint(study, trial.number):
            if place:
                say(f"left out: {missing_checkpoints(study, wanted[:place], use)}")
            if number is None:
                _say_recommended(study, trial, say)
            return trial
    raise missing_checkpoints(study, wanted, use)


def _say_recommended(study: StudyReader, chosen: Trial, say: Say) -> None:
    """Say if the study's confirmation recommends another trial than the best one."""
    recommended = recommended_trial(study)
    if recommended not in (None, chosen.number):
        say(
            f"{study.name}: trial {chosen.number} is the best one; its confirmation "
            f"recommends trial {recommended} (--trial {recommended})"
        )


def require_complete(
    numbers: Sequence[int], complete: dict[int, Trial], where: str = "--trial"
) -> None:
    """Refuse numbers of trials that are not complete."""
    for number in numbers:
        if number not in complete:
            raise StudyError(
                f"{where}: a COMPLETE trial must be given, got {number}; valid: "
                f"{listing(sorted(complete))}"
            )


def has_checkpoint(study: StudyReader, number: int) -> bool:
    """Tell whether there is a file of a trial's best epoch, whole or not."""
    return study.checkpoints.store.size(checkpoint_name(number, BEST_CHECKPOINT)) is not None


def missing_checkpoints(study: StudyReader, missing: Sequence[Trial], use: Use) -> StudyError:
    """Say why complete trials have no checkpoint, which ones have, and how to keep more.

    If no trial has one because the objective saves nothing, that is raised instead.
    """
    complete = list(_complete(study))
    present = [number for number in complete if has_checkpoint(study, number)]
    if not present:
        require_use(study, missing[0], use)
    numbers = [trial.number for trial in missing]
    keep = study.spec.keep
    kept = complete if keep == "all" else complete[: 0 if keep == "none" else keep]
    why = "deleted" if set(numbers) <= set(kept) else f"not kept, with `keep: {keep}`"
    return StudyError(
        f"{trials_text(study, numbers)} must have a checkpoint ({BEST_CHECKPOINT}) to be "
        f"{use.purpose}, got none: {why}; "
        f"valid: {listing(present)}; `keep: all` in the space file, or "
        "`--set keep=all` for a run, keeps those of all complete trials"
    )


def trials_text(study: StudyReader, numbers: Sequence[int]) -> str:
    """Name trials for a message, as `toy: trials 1, 2`."""
    return f"{study.name}: {'trial' if len(numbers) == 1 else 'trials'} {listing(numbers)}"


def _complete(study: StudyReader) -> dict[int, Trial]:
    """List the complete trials by number, best first."""
    return {trial.number: trial for trial in study.trials() if trial.state == "COMPLETE"}
