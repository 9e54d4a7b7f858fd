"""How the trials of a study ended, and what pruning saved."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from search.studies.ranking import Directions
from search.studies.trials import Trial, is_better
from search.text import number_text


def ending_facts(records: Sequence[Trial]) -> dict[str, Any]:
    """Count how trials ended.

    Args:
        records: All trials of a study.

    Returns:
        Number and share of the trials that are complete, pruned (with the epochs after which),
        failed (with the reasons, the most common first), infeasible (likewise), running
        and interrupted. Infeasible trials are not among the failed ones.
    """
    infeasible = [r for r in records if r.failure and r.failure.kind == "infeasible"]
    infeasible = [record for record in infeasible if record.state == "FAIL"]
    failed = [record for record in records if record.state == "FAIL" and record not in infeasible]
    pruned = [record for record in records if record.state == "PRUNED"]
    epochs = Counter(record.n_epochs for record in pruned)
    after = [{"n": n, "epoch": epoch} for epoch, n in sorted(epochs.items())]

    def counted(n_trials: int) -> dict[str, Any]:
        return {"n": n_trials, "share": n_trials / len(records) if records else None}

    return {
        "n_trials": len(records),
        "complete": counted(sum(record.state == "COMPLETE" for record in records)),
        "pruned": {**counted(len(pruned)), "after_epochs": after},
        "failed": {**counted(len(failed)), "reasons": _reasons(failed)},
        "infeasible": {**counted(len(infeasible)), "reasons": _reasons(infeasible)},
        "running": counted(sum(record.state == "RUNNING" for record in records)),
        "interrupted": counted(sum(record.state == "INTERRUPTED" for record in records)),
    }


def _reasons(records: Sequence[Trial]) -> list[dict[str, Any]]:
    counts = Counter(record.reason for record in records)
    return [{"n": n, "reason": reason} for reason, n in counts.most_common()]


def saving_facts(records: Sequence[Trial], epochs: int | None) -> dict[str, Any] | None:
    """Estimate what pruning saved, against running each pruned trial to its last epoch.

    Args:
        records: All trials of a study.
        epochs: Epochs of a full trial; None takes those of the longest complete trial.

    Returns:
        Epochs of a full trial, epochs trained and saved, the seconds that each pruned trial
        would have needed for the rest at its own pace, and the share of the epochs that was
        saved; None if nothing was pruned or the length of a full trial is not known.
    """
    pruned = [record for record in records if record.state == "PRUNED"]
    complete = [record.n_epochs for record in records if record.state == "COMPLETE"]
    full = epochs or max(complete, default=None)
    if not pruned or full is None:
        return None
    rests = [max(0, full - record.n_epochs) for record in pruned]
    seconds = [
        rest * record.seconds / record.n_epochs
        for rest, record in zip(rests, pruned, strict=True)
        if record.seconds is not None and record.n_epochs
    ]
    trained = sum(record.n_epochs for record in records)
    return {
        "full_epochs": full,
        "trained_epochs": trained,
        "saved_epochs": sum(rests),
        "saved_seconds": sum(seconds),
        "share": sum(rests) / (trained + sum(rests)),
    }


def lost_best_note(records: Sequence[Trial], directions: Directions) -> str | None:
    """Say which trial had the best value of all, if it was pruned or has failed.

    Args:
        records: All trials of a study, best first.
        directions: Its metrics.

    Returns:
        A sentence; None where the best trial is a complete one, where none is complete, or
        where there are several metrics.
    """
    if len(directions) > 1 or not records or records[0].state != "COMPLETE":
        return None
    ((metric, direction),) = directions.items()
    best = records[0]
    for record in records:
        ended = record.state in {"PRUNED", "FAIL"} and record.value is not None
        if ended and is_better(record.value or 0.0, best.value, direction):
            best = record
    if best is records[0]:
        return None
    return (
        f"the best {metric} of all, {number_text(best.value)}, is that of trial {best.number} at "
        f"epoch {best.best_epoch}, which is {best.state}: only complete trials are ranked"
    )
