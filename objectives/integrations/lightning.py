"""Reports the epochs of Lightning.

trainer = Trainer(callbacks=[ReportCallback(report, checkpoint=True)])
trainer.fit(model, ckpt_path=report.checkpoint)
"""

from collections.abc import Collection
from typing import Any

try:
    from lightning.pytorch import Callback
except ModuleNotFoundError:  # the same under its older name
    from pytorch_lightning import Callback  # type: ignore[assignment]

from objectives.integrations.reports import Report, chosen, report_with_file


class ReportCallback(Callback):
    """Reports at the end of each epoch of training that was validated.

    A model that is not validated reports every epoch. The check of the validation before
    training is none.

    Args:
        report: Takes the metrics.
        metrics: Names of those logged to report; None for all.
        checkpoint: Whether a checkpoint of the trainer comes with each report, to be gone on
            from by `ckpt_path=report.checkpoint`.
    """

    def __init__(
        self, report: Report, metrics: Collection[str] | None = None, *, checkpoint: bool = False
    ) -> None:
        self._report = report
        self._metrics = metrics
        self._checkpoint = checkpoint
        self._is_validated = False

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """See Lightning."""
        self._is_validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """See Lightning."""
        if trainer.enable_validation and not self._is_validated:
            return
        self._is_validated = False
        metrics = chosen(trainer.callback_metrics, self._metrics)
        if self._checkpoint:
            report_with_file(self._report, metrics, "trainer.ckpt", trainer.save_checkpoint)
        else:
            self._report(metrics)
