"""What an epoch must report."""

from collections.abc import Sequence

from search.errors import did_you_mean, listing
from search.spaces.spec import MetricSpec
from search.studies.record import Report


def metric_problem(metrics: Sequence[MetricSpec], report: Report) -> str:
    """Say which of a study's metrics an epoch lacks.

    Args:
        metrics: The study's.
        report: The epoch.

    Returns:
        The problem, as an error words it; empty if there is none.
    """
    for i, name in enumerate(metric.name for metric in metrics):
        key = "metric.name" if len(metrics) == 1 else f"metrics[{i}].name"
        if name not in report.metrics:
            return (
                f"{key}: a metric that the objective reports must be given, got {name!r}"
                f"{did_you_mean(name, report.metrics)}; "
                f"it reports {listing(sorted(report.metrics))}"
            )
        if report.metrics[name] is None:
            return f"{key}: {name} must be a number, got None at epoch {report.epoch}"
    return ""
