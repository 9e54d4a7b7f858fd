"""Writes trials for MLflow: a run for each, in the study's database or on the user's server."""

import os
import tempfile
import time
from pathlib import Path

from search.columns import TEST_PREFIX
from search.errors import SearchError
from search.objective.contract import Metrics
from search.progress.trackers.tracker import TrackedTrial
from search.studies.checkpoints import BEST_CHECKPOINT, checkpoint_name
from search.studies.reader import StudyReader
from search.studies.trials import Trial

DATABASE = "mlflow.db"
"""In the study's folder, unless MLFLOW_TRACKING_URI says otherwise."""
ARTIFACTS = "mlflow_artifacts"
"""Beside it: the best models."""
_IDENTITY, _STATE, _EVALUATED = "search.identity", "state", "evaluated"
_STATUS = {
    **{"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"},
    "INTERRUPTED": "SCHEDULED",
}
"""MLflow's word for each state; RUNNING is what a run has left for a later one."""
# Neither reports to MLflow's makers nor tells of the tables it makes, nor tries a server that is
# not there for minutes.
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


class MlflowTracker:
    """Writes an experiment that is named as the study."""

    def __init__(self, study: StudyReader) -> None:
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        from mlflow.tracking import MlflowClient

        folder = study.folder.resolve()
        own = os.environ.get("MLFLOW_TRACKING_URI")
        if not own and {"?", "%"} & set(str(folder)):
            raise SearchError(f"the study's path must contain neither ? nor %, got {folder}")
        self._client = MlflowClient(tracking_uri=own or f"sqlite:///{folder / DATABASE}")
        self._study = study
        self._metrics = [metric.name for metric in study.spec.metrics]
        found = self._client.get_experiment_by_name(study.name)
        artifacts = None if own else (folder / ARTIFACTS).as_uri()
        self._experiment: str = (
            found.experiment_id
            if found
            else self._client.create_experiment(study.name, artifact_location=artifacts)
        )
        self._runs: dict[str, str] = {}
        self._states: dict[str, str] = {}
        self._evaluated: set[str] = set()
        self._read_runs()
        self._run_of: dict[int, str] = {}
        self._completed: dict[int, str] = {}
        self._n_epochs: dict[int, int] = {}

    def knows(self, tracked: TrackedTrial) -> bool:
        """See `Tracker`."""
        trial = tracked.trial
        known = self._states.get(tracked.identity) == trial.state
        known = known and (trial.test is None or tracked.identity in self._evaluated)
        if known and trial.state == "COMPLETE":
            self._completed[trial.number] = self._runs[tracked.identity]
        return known

    def begin(self, tracked: TrackedTrial) -> None:
        """See `Tracker`."""
        number = tracked.trial.number
        if number in self._run_of:
            return
        written: set[int] = set()
        run = self._runs.get(tracked.identity)
        if run is None:
            run = self._create(tracked)
        else:
            history = self._client.get_metric_history(run, self._metrics[0])
            written = {metric.step for metric in history}
            self._client.update_run(run, status="RUNNING")
        self._run_of[number] = run
        self._n_epochs[number] = 0
        for epoch, metrics in tracked.epochs():
            if epoch not in written:
                self.epoch(number, epoch, metrics)
            self._n_epochs[number] = epoch

    def epoch(self, number: int, epoch: int, metrics: Metrics) -> None:
        """See `Tracker`."""
        if epoch > self._n_epochs[number]:
            self._n_epochs[number] = epoch
            self._log(number, metrics, epoch)

    def end(self, trial: Trial) -> None:
        """See `Tracker`."""
        best = {f"best_{name}": trial.metrics.get(name) for name in self._metrics}
        tags = {_STATE: trial.state, "reason": trial.reason}
        if trial.has_ended and trial.best_epoch is not None:
            tags["best_epoch"] = str(trial.best_epoch)
            self._log(trial.number, best, trial.best_epoch)
            self._log_test(trial)
        run = self._run_of.pop(trial.number)
        for name, value in tags.items():
            self._client.set_tag(run, name, value)
        if trial.has_ended:
            self._client.set_terminated(run, _STATUS[trial.state])
        else:
            self._client.update_run(run, status=_STATUS[trial.state])
        if trial.state == "COMPLETE":
            self._completed[trial.number] = run

    def evaluated(self, tracked: TrackedTrial) -> None:
        """See `Tracker`: add the test metrics to a trial's run, if it has one."""
        number, run = tracked.trial.number, self._runs.get(tracked.identity)
        if run is not None:  # what is lacking is written whole by the next session
            self._run_of[number] = run
            self._log_test(tracked.trial)
            del self._run_of[number]

    def close(self) -> None:
        """Add the best models that the study keeps."""
        store = self._study.checkpoints.store
        kept = set(store.names())
        for number, run in self._completed.items():
            name = checkpoint_name(number, BEST_CHECKPOINT)
            if name not in kept or self._client.list_artifacts(run):
                continue
            content = store.read(name)
            if content is None:
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, BEST_CHECKPOINT)
                path.write_bytes(content)
                self._client.log_artifact(run, str(path))

    def _read_runs(self) -> None:
        """Find the runs that are there, by the trials they are of."""
        token = None
        while True:
            page = self._client.search_runs([self._experiment], page_token=token)
            for run in page:
                identity = run.data.tags.get(_IDENTITY, "")
                self._runs[identity] = run.info.run_id
                self._states[identity] = run.data.tags.get(_STATE, "")
                if _EVALUATED in run.data.tags:
                    self._evaluated.add(identity)
            token = page.token
            if not token:
                return

    def _create(self, tracked: TrackedTrial) -> str:
        from mlflow.entities import Param

        trial, spec = tracked.trial, self._study.spec
        tags = {
            _IDENTITY: tracked.identity,
            "study": self._study.name,
            "objective": spec.objective,
            "sampler": spec.sampler.name,
            "pruner": spec.pruner.name,
            "space": str(trial.space_version),
            "trial": str(trial.number),
            "seed": str(trial.seed),
            _STATE: "RUNNING",
        }
        run = self._client.create_run(
            self._experiment, tags=tags, run_name=f"trial {trial.number}"
        )
        params = [Param(name, str(value)) for name, value in trial.params.items()]
        self._client.log_batch(run.info.run_id, params=params)
        self._runs[tracked.identity] = str(run.info.run_id)
        return self._runs[tracked.identity]

    def _log_test(self, trial: Trial) -> None:
        """Write the test metrics of a trial that has been evaluated."""
        if trial.test is None or trial.best_epoch is None:
            return
        metrics = {f"{TEST_PREFIX}{name}": value for name, value in trial.test.metrics.items()}
        self._log(trial.number, {**metrics}, trial.best_epoch)
        self._client.set_tag(self._run_of[trial.number], _EVALUATED, "true")

    def _log(self, number: int, metrics: Metrics, step: int) -> None:
        from mlflow.entities import Metric

        now_ms = int(time.time() * 1000)
        known = {name: value for name, value in metrics.items() if value is not None}
        batch = [Metric(name, float(value), now_ms, step) for name, value in known.items()]
        self._client.log_batch(self._run_of[number], metrics=batch)
