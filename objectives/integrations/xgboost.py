"""Reports the boosting rounds of XGBoost.

booster = xgboost.train(
    params, train, n_rounds - report.n_epochs, evals=[(val, "val")],
    xgb_model=report.checkpoint, callbacks=[ReportCallback(report, checkpoint=True)],
)
"""

from collections.abc import Collection, Mapping
from typing import Any

from xgboost.callback import TrainingCallback

from objectives.integrations.reports import Report, chosen, report_with_file


class ReportCallback(TrainingCallback):
    """Reports each boosting round as an epoch, with names such as `val_logloss`.

    Args:
        report: Takes the metrics.
        metrics: Names of those evaluated to report; None for all.
        every: Rounds in an epoch, at least 1.
        checkpoint: Whether the booster comes with each report, to be gone on from by
            `xgb_model=report.checkpoint`.
    """

    def __init__(
        self,
        report: Report,
        metrics: Collection[str] | None = None,
        *,
        every: int = 1,
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        self._report = report
        self._metrics = metrics
        self._every = every
        self._checkpoint = checkpoint

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Any]]
    ) -> bool:
        """See XGBoost."""
        if model.num_boosted_rounds() % self._every:
            return False
        evaluated = {
            f"{data}_{metric}": values[-1]
            for data, metrics in evals_log.items()
            for metric, values in metrics.items()
        }
        metrics = chosen(evaluated, self._metrics)
        if self._checkpoint:
            report_with_file(self._report, metrics, "booster.ubj", model.save_model)
        else:
            self._report(metrics)
        return False
