"""How the trials of a study ended, and what pruning saved."""

from collections import Counter
from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from search.studies.ranking import Directions
from search.studies.trials import Trial, is_better
from search.summaries.layout import Grid, Part
from search.text import format_duration, number_text, percent

_MOST_REASONS = 5


class PrunedAfter(TypedDict):
    """How many trials were pruned after an epoch."""

    n: int
    epoch: int


class ReasonCount(TypedDict):
    """How many trials failed for a reason."""

    n: int
    reason: str


class Count(TypedDict):
    """Number and share of the trials that ended alike, and as far as it is known why."""

    n: int
    share: float | None
    after_epochs: NotRequired[list[PrunedAfter]]
    reasons: NotRequired[list[ReasonCount]]


class EndingFacts(TypedDict):
    """How trials ended; infeasible ones are not among the failed."""

    n_trials: int
    complete: Count
    pruned: Count
    failed: Count
    infeasible: Count
    running: Count
    interrupted: Count


class SavingFacts(TypedDict):
    """Epochs of a full trial, epochs trained and saved, seconds saved, share of epochs saved."""

    full_epochs: int
    trained_epochs: int
    saved_epochs: int
    saved_seconds: float
    share: float


def ending_facts(trials: Sequence[Trial]) -> EndingFacts:
    """Count how trials ended, the commonest reasons first."""
    by_end: dict[str, list[Trial]] = {}
    for trial in trials:
        by_end.setdefault(_end_of(trial), []).append(trial)

    def count(end: str) -> Count:
        n = len(by_end.get(end, []))
        return {"n": n, "share": n / len(trials) if trials else None}

    pruned, failed, infeasible = count("PRUNED"), count("FAIL"), count("infeasible")
    epochs = Counter(trial.n_epochs for trial in by_end.get("PRUNED", []))
    pruned["after_epochs"] = [{"n": n, "epoch": epoch} for epoch, n in sorted(epochs.items())]
    failed["reasons"] = _reasons(by_end.get("FAIL", []))
    infeasible["reasons"] = _reasons(by_end.get("infeasible", []))
    return {
        "n_trials": len(trials),
        "complete": count("COMPLETE"),
        "pruned": pruned,
        "failed": failed,
        "infeasible": infeasible,
        "running": count("RUNNING"),
        "interrupted": count("INTERRUPTED"),
    }


def _end_of(trial: Trial) -> str:
    is_infeasible = trial.failure is not None and trial.failure.kind == "infeasible"
    return "infeasible" if trial.state == "FAIL" and is_infeasible else trial.state


def _reasons(trials: Sequence[Trial]) -> list[ReasonCount]:
    counts = Counter(trial.reason for trial in trials)
    return [{"n": n, "reason": reason} for reason, n in counts.most_common()]


def saving_facts(trials: Sequence[Trial], epochs: int | None) -> SavingFacts | None:
    """Estimate what pruning saved, against running each pruned trial to its last epoch.

    Args:
        trials: All trials of a study.
        epochs: Epochs of a full trial; None takes those of the longest complete trial.

    Returns:
        Epochs and seconds, a pruned trial's at its own pace; None if nothing was pruned or the
        length of a full trial is not known.
    """
    pruned = [trial for trial in trials if trial.state == "PRUNED"]
    complete = [trial.n_epochs for trial in trials if trial.state == "COMPLETE"]
    full = epochs or max(complete, default=None)
    if not pruned or full is None:
        return None
    rests = [max(0, full - trial.n_epochs) for trial in pruned]
    seconds = [
        rest * trial.seconds / trial.n_epochs
        for rest, trial in zip(rests, pruned, strict=True)
        if trial.seconds is not None and trial.n_epochs
    ]
    trained = sum(trial.n_epochs for trial in trials)
    return {
        "full_epochs": full,
        "trained_epochs": trained,
        "saved_epochs": sum(rests),
        "saved_seconds": sum(seconds),
        "share": sum(rests) / (trained + sum(rests)),
    }


def lost_best_note(trials: Sequence[Trial], directions: Directions) -> str | None:
    """Name the trial of the best value of all, if it was pruned or failed; trials best first."""
    if len(directions) > 1 or not trials or trials[0].state != "COMPLETE":
        return None
    ((metric, direction),) = directions.items()
    best = trials[0]
    for trial in trials:
        ended = trial.state in {"PRUNED", "FAIL"} and trial.value is not None
        if ended and is_better(trial.value or 0.0, best.value, direction):
            best = trial
    if best is trials[0]:
        return None
    return (
        f"the best {metric} of all, {number_text(best.value)}, is that of trial {best.number} at "
        f"epoch {best.best_epoch}, which is {best.state}: only complete trials are ranked"
    )


def endings_part(endings: EndingFacts, savings: SavingFacts | None) -> Part | None:
    """Put into words how trials ended and what pruning saved; None without trials."""
    if not endings["n_trials"]:
        return None
    ends: list[tuple[str, Count]] = [
        ("complete", endings["complete"]),
        ("pruned", endings["pruned"]),
        ("failed", endings["failed"]),
        ("infeasible", endings["infeasible"]),
        ("running", endings["running"]),
        ("interrupted", endings["interrupted"]),
    ]
    rows = [
        [name, number_text(count["n"]), percent(count["share"]), _why(count)]
        for name, count in ends
        if count["n"]
    ]
    grid = Grid(["end", "trials", "share", "why"], rows, ["end", "why"])
    return Part("How trials ended", [_saving_text(savings)] if savings else [], grid)


def _why(count: Count) -> str:
    if "after_epochs" in count:
        return ", ".join(f"{p['n']} after epoch {p['epoch']}" for p in count["after_epochs"])
    reasons = count.get("reasons", [])
    texts = [f"{reason['n']} x {reason['reason']}" for reason in reasons[:_MOST_REASONS]]
    more = sum(reason["n"] for reason in reasons[_MOST_REASONS:])
    return "; ".join([*texts, f"{more} others"] if more else texts)


def _saving_text(savings: SavingFacts) -> str:
    total = savings["trained_epochs"] + savings["saved_epochs"]
    time = format_duration(round(savings["saved_seconds"], 1))
    return (
        f"pruning saved {savings['saved_epochs']:,} of {total:,} epochs "
        f"({percent(savings['share'])}), about {time}, compared with training each pruned trial "
        f"to epoch {savings['full_epochs']} at its own pace"
    )
