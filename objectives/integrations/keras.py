"""Reports the epochs of Keras 3.

model = keras.models.load_model(report.checkpoint) if report.checkpoint else build()
callbacks = [ReportCallback(report, checkpoint=True)]
model.fit(x, y, epochs=epochs, initial_epoch=report.n_epochs, callbacks=callbacks)
"""

from collections.abc import Collection, Mapping
from typing import Any

from keras.callbacks import Callback

from objectives.integrations.reports import Report, chosen, report_with_file


class ReportCallback(Callback):
    """Reports at the end of each epoch.

    Args:
        report: Takes the metrics.
        metrics: Names of those in the epoch's logs to report; None for all.
        checkpoint: Whether the whole model comes with each report, to be loaded by
            `keras.models.load_model(report.checkpoint)`.
    """

    def __init__(
        self, report: Report, metrics: Collection[str] | None = None, *, checkpoint: bool = False
    ) -> None:
        super().__init__()
        self._report = report
        self._metrics = metrics
        self._checkpoint = checkpoint

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """See Keras."""
        metrics = chosen(logs or {}, self._metrics)
        if self._checkpoint:
            report_with_file(self._report, metrics, "model.keras", self.model.save)
        else:
            self._report(metrics)
