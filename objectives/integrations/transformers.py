"""Reports the evaluations of Hugging Face's `Trainer`.

trainer = Trainer(model, args, callbacks=[ReportCallback(report)], ...)
trainer.train(resume_from_checkpoint=report.checkpoint)
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from objectives.integrations.reports import Report, chosen


class ReportCallback(TrainerCallback):
    """Reports each evaluation during training, so choose `eval_strategy="epoch"`.

    Where the trainer saves a checkpoint then (`save_strategy="epoch"`), that comes with it, to be
    gone on from by `resume_from_checkpoint=report.checkpoint`.

    Args:
        report: Takes the metrics.
        metrics: Names of those evaluated to report; None for all.
    """

    def __init__(self, report: Report, metrics: Collection[str] | None = None) -> None:
        self._report = report
        self._metrics = metrics
        self._unsaved: dict[str, float] | None = None

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """See transformers."""
        counted = {name: value for name, value in (metrics or {}).items() if name != "epoch"}
        evaluated = chosen(counted, self._metrics)
        if control.should_save:
            self._unsaved = evaluated
        else:
            self._report(evaluated)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """See transformers."""
        if self._unsaved is None:
            return
        metrics, self._unsaved = self._unsaved, None
        folder = Path(args.output_dir or ".") / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
        self._report(metrics, checkpoint=folder)
