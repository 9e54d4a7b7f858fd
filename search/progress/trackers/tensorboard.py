"""Writes trials for TensorBoard: scalars by epoch, and its table of hyperparameters.

TensorBoard's own writer of event files is enough for that; neither torch nor TensorFlow is
loaded. The parts of an event are put together here, as TensorBoard's helpers for them need
TensorFlow.
"""

import importlib
import shutil
import time
from typing import TYPE_CHECKING, Any

from search.objective.contract import Metrics
from search.progress.trackers.tracker import TrackedTrial
from search.studies.folder import trial_name
from search.studies.reader import StudyReader
from search.studies.trials import Trial

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

FOLDER = "tensorboard"
"""In the study's folder: a folder for each trial."""
_WHOLE = "whole"
"""In the folder of a trial: a file that says that the trial has ended and is written."""
_FLUSH_S = 5


class TensorBoardTracker:
    """Writes a folder of event files for each trial."""

    def __init__(self, study: StudyReader) -> None:
        importlib.import_module("tensorboard.summary.writer.event_file_writer")  # or fail here
        self._root = study.folder / FOLDER
        self._metrics = [metric.name for metric in study.spec.metrics]
        self._parameters = list(study.spec.parameters)
        self._open: dict[int, EventFileWriter] = {}
        self._n_epochs: dict[int, int] = {}

    def knows(self, tracked: TrackedTrial) -> bool:
        """See `Tracker`."""
        return (self._root / trial_name(tracked.trial.number) / _WHOLE).exists()

    def begin(self, tracked: TrackedTrial) -> None:
        """See `Tracker`."""
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        number = tracked.trial.number
        if number in self._open:
            return
        folder = self._root / trial_name(number)
        # Written anew from the history: a driver that was killed may have lost some of it.
        shutil.rmtree(folder, ignore_errors=True)
        self._open[number] = EventFileWriter(str(folder), flush_secs=_FLUSH_S)
        self._n_epochs[number] = 0
        # Has a TensorBoard that looks on forget what it had read of the former files.
        self._add(number, 1, session_log=SessionLog(status=SessionLog.START))
        self._add_hparams(tracked.trial)
        for epoch, metrics in tracked.epochs():
            self.epoch(number, epoch, metrics)

    def epoch(self, number: int, epoch: int, metrics: Metrics) -> None:
        """See `Tracker`."""
        if epoch <= self._n_epochs[number]:
            return
        self._n_epochs[number] = epoch
        self._add_scalars(number, epoch, metrics)

    def end(self, trial: Trial) -> None:
        """See `Tracker`."""
        from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

        number = trial.number
        if trial.has_ended:
            best = {f"hparam/{name}": trial.metrics.get(name) for name in self._metrics}
            self._add_scalars(number, trial.best_epoch or 0, best)
            self._add_text(number, "state", trial.state)
            if trial.reason:
                self._add_text(number, "reason", trial.reason)
            failed = trial.state == "FAIL"
            status = api_pb2.STATUS_FAILURE if failed else api_pb2.STATUS_SUCCESS
            end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
            self._add_plugin(number, "session_end_info", session_end_info=end)
        self._open.pop(number).close()
        if trial.has_ended:
            (self._root / trial_name(number) / _WHOLE).touch()

    def close(self) -> None:
        """See `Tracker`."""
        for writer in self._open.values():
            writer.close()

    def _add_hparams(self, trial: Trial) -> None:
        """Give the trial a row in the table of hyperparameters."""
        from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

        names = [api_pb2.MetricName(tag=f"hparam/{name}") for name in self._metrics]
        experiment = api_pb2.Experiment(
            hparam_infos=[api_pb2.HParamInfo(name=name) for name in self._parameters],
            metric_infos=[api_pb2.MetricInfo(name=name) for name in names],
        )
        self._add_plugin(trial.number, "experiment", experiment=experiment)
        start = plugin_data_pb2.SessionStartInfo(start_time_secs=time.time())
        for name, value in trial.params.items():
            if isinstance(value, bool):
                start.hparams[name].bool_value = value
            elif isinstance(value, int | float):
                start.hparams[name].number_value = value
            else:
                start.hparams[name].string_value = str(value)
        self._add_plugin(trial.number, "session_start_info", session_start_info=start)

    def _add_plugin(self, number: int, tag: str, **content: Any) -> None:
        from tensorboard.plugins.hparams import metadata, plugin_data_pb2

        data = plugin_data_pb2.HParamsPluginData(**content)
        described = metadata.create_summary_metadata(data)
        self._add_tensor(number, f"_hparams_/{tag}", described, metadata.NULL_TENSOR)

    def _add_text(self, number: int, tag: str, text: str) -> None:
        from tensorboard.compat.proto.summary_pb2 import SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING

        plugin = SummaryMetadata.PluginData(plugin_name="text")
        tensor = TensorProto(dtype=DT_STRING, string_val=[text.encode()])
        self._add_tensor(number, tag, SummaryMetadata(plugin_data=plugin), tensor)

    def _add_tensor(
        self, number: int, tag: str, described: "SummaryMetadata", tensor: "TensorProto"
    ) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        value = Summary.Value(tag=tag, metadata=described, tensor=tensor)
        self._add(number, 0, summary=Summary(value=[value]))

    def _add_scalars(self, number: int, step: int, metrics: Metrics) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        known = {name: value for name, value in metrics.items() if value is not None}
        values = [Summary.Value(tag=name, simple_value=value) for name, value in known.items()]
        self._add(number, step, summary=Summary(value=values))

    def _add(self, number: int, step: int, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._open[number].add_event(Event(wall_time=time.time(), step=step, **content))
