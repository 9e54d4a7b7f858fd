"""What an epoch must epoch."""

from collections.abc import Sequence

from search.spaces.spec import MetricSpec
from search.studies.trials import Epoch
from search.text import did_you_mean, listing


def metric_problem(metrics: Sequence[MetricSpec], epoch: Epoch) -> str:
    """Say which of a study's metrics an epoch lacks.

    Args:
        metrics: The study's.
        epoch: The epoch.

    Returns:
        The problem, as an error words it; empty if there is none.
    """
    for i, name in enumerate(metric.name for metric in metrics):
        key = "metric.name" if len(metrics) == 1 else f"metrics[{i}].name"
        if name not in epoch.metrics:
            return (
                f"{key}: a metric that the objective reports must be given, got {name!r}"
                f"{did_you_mean(name, epoch.metrics)}; "
                f"it reports {listing(sorted(epoch.metrics))}"
            )
        if epoch.metrics[name] is None:
            return f"{key}: {name} must be a number, got None at epoch {epoch.number}"
    return ""
