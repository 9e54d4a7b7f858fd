"""What axes are called: metrics in words, with units and with which way is better."""

import textwrap

from optuna.study import StudyDirection

from search.studies.reader import StudyReader

_SPLITS = {"train": "training", "val": "validation", "test": "test"}
_METRICS = {
    "loss": "loss (nats)",
    "accuracy": "accuracy (share)",
    "f1": "F1",
    "auroc": "AUROC",
}
_LONGEST = 46
"""Characters that fit along the height of a figure."""
_UNITS = {"s": "s", "ms": "ms", "seconds": "s", "mb": "MB", "gb": "GB", "percent": "%"}


def metric_label(name: str) -> str:
    """Write the name of a metric with its unit, where that is known.

    Args:
        name: As the objective reports it.

    Returns:
        For people.

    Example:
        >>> metric_label("val_loss"), metric_label("latency_ms"), metric_label("n_parameters")
        ('validation loss (nats)', 'latency (ms)', 'n parameters')
    """
    split, _, metric = name.partition("_")
    if split in _SPLITS and metric in _METRICS:
        return f"{_SPLITS[split]} {_METRICS[metric]}"
    words = name.split("_")
    if len(words) > 1 and words[-1] in _UNITS:
        return f"{' '.join(words[:-1])} ({_UNITS[words[-1]]})"
    return " ".join(words)


def axis_label(metric: str, direction: StudyDirection) -> str:
    """Name the axis of a metric.

    Args:
        metric: As the objective reports it.
        direction: Which way it is better.

    Returns:
        The metric in words and which way it is better, broken if one line would be too long.

    Example:
        >>> axis_label("latency_ms", StudyDirection.MINIMIZE)
        'latency (ms), lower is better'
    """
    name = metric_label(metric)
    way = f"{'higher' if direction == StudyDirection.MAXIMIZE else 'lower'} is better"
    if len(name) + len(way) + 2 <= _LONGEST:
        return f"{name}, {way}"
    return "\n".join([*textwrap.wrap(f"{name},", _LONGEST), way])


def value_label(study: StudyReader) -> str:
    """Name the axis of a study's (first) metric.

    Args:
        study: The study.

    Returns:
        See `axis_label`.
    """
    return axis_label(study.spec.metric.name, study.direction)
