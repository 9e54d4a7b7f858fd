"""What reports say of one trial: its metrics by split, its other metrics, its facts in full."""

from typing import Any

from search.studies.test_metrics import TEST_METRICS
from search.studies.trials import Trial

SPLITS = ("train", "val", "test")


def split_metrics(record: Trial) -> dict[str, dict[str, float | int | None]]:
    """Put a trial's metrics side by side.

    Args:
        record: The trial.

    Returns:
        Those of `TEST_METRICS` by split, at the best epoch; a split that has none is left out, and
        None stands for what a split does not have.
    """
    reported = {
        split: {name: record.metrics.get(f"{split}_{name}") for name in TEST_METRICS}
        for split in ("train", "val")
    }
    splits = {**reported, "test": dict(record.test.metrics) if record.test else {}}
    return {
        split: values
        for split, values in splits.items()
        if any(value is not None for value in values.values())
    }


def other_metrics(record: Trial) -> dict[str, float | int | None]:
    """List the metrics that are of no split.

    Args:
        record: The trial.

    Returns:
        Those at the best epoch, by name.
    """
    of_splits = {f"{split}_{name}" for split in SPLITS for name in TEST_METRICS}
    return {name: value for name, value in record.metrics.items() if name not in of_splits}


def overfitting_gap(record: Trial) -> float | None:
    """Measure how much better a trial does on the images that it trained on.

    Args:
        record: The trial.

    Returns:
        Train accuracy less validation accuracy; None unless both are known.
    """
    train, val = (record.metrics.get(f"{split}_accuracy") for split in ("train", "val"))
    return None if train is None or val is None else train - val


def trial_facts(record: Trial) -> dict[str, Any]:
    """Give what a report says of a trial.

    Args:
        record: The trial.

    Returns:
        Plain data.
    """
    return {
        "trial": record.number,
        "state": record.state,
        "value": record.value,
        "best_epoch": record.best_epoch,
        "n_epochs": record.n_epochs,
        "seconds": record.seconds,
        "seed": record.seed,
        "space": record.space_version,
        "reason": record.reason,
        "params": record.params,
        "metrics": split_metrics(record),
        "other_metrics": other_metrics(record),
    }
