"""Runs trials in parallel under Ray Tune.

Ray moves work and nothing else: our searcher hands out a run's assignments, our scheduler
passes each event to the run and stops a trial when the run says so. Ray's own OptunaSearch
and ASHAScheduler are not used: the first tells Optuna that stopped trials are COMPLETE and
drops the epoch that stopped them, the second never stops a NaN.

Ray's defaults that are changed here, and why:

- Actors are reused between trials; starting one takes about a second.
- Experiment snapshots and result loggers are off; all of that is in the study.
- No trial is asked for before a worker is free, so a sampler sees all there is to see.
- All workers start at the same time, and none that is still starting is given up because
  another became free; else short trials would all run on the first worker.
- The run says how many trials there may be at a time, which can change; a worker that it has no
  trial for is ended, so that others can have its GPU. While a run is paused, Tune is over.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from socket import gethostname
from typing import Any

from search.running.engines import ray_privates
from search.running.engines.ray_cluster import Cluster, Share, connect, is_lost
from search.running.run import Run
from search.running.trial import Assignment, import_objective, run_trial
from search.running.worker import Environment, ended_after, environment_here
from search.studies.trials import Epoch, Event, Failure, FailureKind

ray_privates.set_environment()

import ray  # noqa: E402  Ray reads its environment while it is imported
from ray import tune  # noqa: E402
from ray.tune.schedulers import FIFOScheduler, TrialScheduler  # noqa: E402
from ray.tune.search import Searcher  # noqa: E402

_KERNEL_COUNTERS = Path("/proc/vmstat")
_MANY = 10_000
_MISSING = (
    *("FileNotFoundError", "ModuleNotFoundError", "ImportError"),
    *("objective: the module", "data.root:", "data.name:"),
)
"""How failures begin that another node may be without."""


class TrialActor(tune.Trainable):
    """A worker: runs one trial after another, one epoch per step."""

    def setup(self, config: dict[str, Any]) -> None:
        """See Ray: a new actor takes its first trial."""
        self._assignment: Assignment = config["assignment"]
        # Before the trial's time begins to run; what cannot be imported fails the trial later.
        with suppress(Exception):
            import_objective(self._assignment)
        self._events: Iterator[Event] = run_trial(self._assignment)
        self._elapsed_s = 0.0

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """See Ray: the actor takes another trial."""
        self.cleanup()
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Event | str]:
        """See Ray: one epoch, or the end of the trial."""
        limit_s = self._assignment.time_limit_s
        left_s = None if limit_s is None else limit_s - self._elapsed_s
        with ended_after(left_s, self._assignment.error_file):
            event = next(self._events)
        self._elapsed_s = event.elapsed_s
        return {"event": self._named(event), "node": ray.get_runtime_context().get_node_id()}

    def _named(self, event: Event) -> Event:
        """Say on which node something is missing, where there are several."""
        failure = None if isinstance(event, Epoch) else event.failure
        if isinstance(event, Epoch) or not failure:
            return event
        if not self._assignment.environment.is_joined:
            return event
        if not failure.reason.startswith(_MISSING):
            return event
        reason = f"{failure.reason} (on node {gethostname()}, {ray.util.get_node_ip_address()})"
        return replace(event, failure=replace(failure, reason=reason))

    def cleanup(self) -> None:
        """See Ray: closes the objective of a trial that was stopped."""
        self._events.close()  # type: ignore[attr-defined]  # run_trial is a generator


class RunSearcher(Searcher):
    """Hands out a run's assignments, to workers in an environment; `look_round` counts nodes."""

    def __init__(self, run: Run, environment: Environment, look_round: Callable[[], None]) -> None:
        super().__init__()
        self._run = run
        self._environment = environment
        self._look_round = look_round

    def suggest(self, trial_id: str) -> dict[str, Assignment] | None:
        """See Ray: called when a worker is free; None: ask again; FINISHED: that was all."""
        self._look_round()
        self._run.take_requests()
        if self._run.must_wait():
            return None
        assignment = self._run.next_trial(self._environment)
        if assignment:
            return {"assignment": assignment}
        finished: Any = Searcher.FINISHED
        return None if self._run.running() else finished

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """See Ray: nothing to do, the scheduler has passed everything on."""

    def save(self, checkpoint_path: str) -> None:
        """See Ray: nothing to save, all of it is in the study."""

    def __getstate__(self) -> dict[str, Any]:
        """See Ray: it pickles what it holds; a study stays here."""
        return {}


class RunScheduler(FIFOScheduler):
    """Passes events to a run, which records and decides, and stops trials when it says so."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run
        self._nodes: dict[int, str] = {}
        self._n_oom_kills = _count_oom_kills()

    def on_trial_result(self, controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """See Ray: called with every event, the last one of a trial included."""
        self._nodes[_number(trial)] = result["node"]
        over = self._run.handle(_number(trial), result["event"])
        return TrialScheduler.STOP if over else TrialScheduler.CONTINUE

    def choose_trial_to_run(self, controller: Any) -> Any:
        """See Ray: called again and again, when a worker may take a trial."""
        if self._run.is_full():
            ray_privates.release_idle(controller)
        if not self._run.n_fitting:
            for trial in ray_privates.take_back_waiting(controller):
                self._run.take_back(_number(trial))
        return ray_privates.newest_waiting(controller)

    def on_trial_error(self, controller: Any, trial: Any) -> None:
        """See Ray: a worker is gone; exceptions in objectives never come here."""
        text, out_of_memory = ray_privates.error_of(trial)
        reason = (text.strip().splitlines() or ["its worker died"])[0]
        before, self._n_oom_kills = self._n_oom_kills, _count_oom_kills()
        kind: FailureKind = "worker_died"
        if self._n_oom_kills > before:
            kind, reason = "out_of_memory", "the kernel killed its worker"
        elif out_of_memory:
            kind = "out_of_memory"
        number = _number(trial)
        lost_node = is_lost(self._nodes.get(number))
        self._run.fail(number, Failure(kind, reason, text), lost_node=lost_node)

    def __getstate__(self) -> dict[str, Any]:
        """See `RunSearcher`."""
        return {}


def run_trials(run: Run, address: str | None = None, wait_s: float = 0.0) -> None:
    """Run a study's trials in parallel until its run hands out no more.

    Joins the Ray cluster at an address; without one, starts one on this machine and ends it. Where
    no node is there that a trial fits on, it waits for one so long.
    """
    ray_privates.keep_quiet()
    cluster = Cluster(run.study.spec.resources, address, wait_s)
    try:
        with ray_privates.undisturbed():
            note = connect(run.study.spec.resources, address, run.study.import_folders)
        n_fitting = cluster.wait_for_first(run)
        share = cluster.share()
        environment = environment_here(
            run.study.import_folders, share.cpus, share.gpus, is_joined=address is not None
        )
        run.start(n_fitting)
        if note:
            run.say(note)
        _fit(run, environment, cluster, share)
        while run.wait_while_paused() or cluster.wait_for_more(run, share):
            _fit(run, environment, cluster, share)
    finally:
        run.end()
        with ray_privates.undisturbed():
            cluster.leave()
            ray.shutdown()
            shutil.rmtree(run.study.folder / ".ray", ignore_errors=True)


def _fit(run: Run, environment: Environment, cluster: Cluster, share: Share) -> None:
    per_trial = {"cpu": share.cpus, "gpu": share.gpus}
    tuner = tune.Tuner(
        tune.with_resources(TrialActor, per_trial),
        tune_config=tune.TuneConfig(
            search_alg=RunSearcher(run, environment, lambda: cluster.follow(run, share)),
            scheduler=RunScheduler(run),
            num_samples=-1,
            max_concurrent_trials=_MANY,  # the run holds back
            reuse_actors=True,
            trial_name_creator=_name,
            trial_dirname_creator=_name,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=str((run.study.folder / ".ray").resolve()),
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            verbose=0,
        ),
    )
    tuner.fit()


def _count_oom_kills() -> int:
    """Count the processes that the kernel has killed to free memory since this machine started."""
    if not _KERNEL_COUNTERS.exists():  # as on macOS
        return 0
    counters = dict(line.split() for line in _KERNEL_COUNTERS.read_text().splitlines())
    return int(counters.get("oom_kill", 0))


def _number(trial: Any) -> int:
    return ray_privates.assignment_of(trial).number


def _name(trial: Any) -> str:
    return f"{_number(trial):04d}"
