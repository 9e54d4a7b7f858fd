"""Drives one objective through its epochs: the same code under every engine.

It runs in the worker. What happens to a trial leaves here as events, failures included: an
exception in an objective ends its trial and never the worker.
"""

import gc
import inspect
import math
import numbers
import os
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from search.errors import ObjectiveError
from search.objective.contract import Metrics, ObjectiveFactory, ResumableObjective
from search.objective.loading import extend_import_path, load_objective
from search.running.generators import generator_states, restore_generators, seed_generators
from search.studies.checkpoint_store import StoreError, open_store
from search.studies.checkpoints import (
    LAST_CHECKPOINT,
    Checkpoint,
    checkpoint_name,
    load_checkpoint,
    save_checkpoint,
)
from search.studies.trials import End, Epoch, Event, Failure, FailureKind


@dataclass(frozen=True)
class Environment:
    """The surroundings that every trial of a run shares.

    Args:
        folders: Where objectives may lie, absolute.
        working_folder: The folder in which relative paths of settings start.
        n_threads: Threads of one trial, at least 1.
        hide_gpus: Whether the objective must see no GPU.
    """

    folders: tuple[str, ...]
    working_folder: str
    n_threads: int = 1
    hide_gpus: bool = False


@dataclass(frozen=True)
class Assignment:
    """All that a worker needs to run one trial.

    Args:
        number: The trial.
        params: Its parameters.
        seed: Its seed.
        objective: Import path of the objective.
        settings: Handed to the objective as they are.
        checkpoints: Where the study's checkpoints lie; one of this trial is gone on from.
        error_file: Where to write what the trial was doing when its time was up.
        time_limit_s: Seconds it may take in all, or None.
        environment: Where it runs.
    """

    number: int
    params: dict[str, Any]
    seed: int
    objective: str
    settings: dict[str, Any]
    checkpoints: str
    error_file: str
    time_limit_s: float | None
    environment: Environment


def run_trial(assignment: Assignment) -> Iterator[Event]:
    """Run one trial, or what is left of it, an epoch at a time.

    A trial that goes on from a checkpoint first reports the checkpoint's epoch once more:
    its driver may have ended before it recorded that. Closing the iterator stops the trial
    and closes its objective.

    Args:
        assignment: Which trial.

    Yields:
        A `Epoch` after each epoch and one `End`, also when the objective fails.
    """
    started = time.perf_counter()
    objective: Iterable[Metrics] | None = None
    try:
        import_objective(assignment)
        started = time.perf_counter()  # what the import took is the worker's start-up
        objective = make_objective(assignment)
        resumed = _resume(objective, assignment)
        if resumed:
            started -= resumed.elapsed_s
            yield resumed
        epoch_started = time.perf_counter()
        first = resumed.number + 1 if resumed else 1
        for number, metrics in enumerate(objective, start=first):
            now = time.perf_counter()
            numbers_ = _plain_metrics(metrics)
            failure = _non_finite(number, numbers_)
            if failure:
                yield End(now - started, failure)
                return
            settling = bool(getattr(objective, "settling", False))
            epoch = Epoch(number, numbers_, now - epoch_started, now - started, settling)
            _save(objective, epoch, assignment)
            yield epoch
            epoch_started = time.perf_counter()
        stop_reason = str(getattr(objective, "stop_reason", ""))
        yield End(time.perf_counter() - started, stop_reason=stop_reason)
    except Exception as error:  # noqa: BLE001  the objective is the user's code
        yield End(time.perf_counter() - started, _failure(error))
    finally:
        close_objective(objective)
        del objective
        release_gpu_memory()


def make_objective(assignment: Assignment) -> Iterable[Metrics]:
    """Build a trial's objective in prepared and seeded surroundings.

    Args:
        assignment: Which trial.

    Returns:
        The objective, not yet trained.

    Raises:
        ObjectiveError: If it cannot be loaded or is not iterable.
    """
    factory = import_objective(assignment)
    limit_threads(assignment.environment.n_threads)
    seed_generators(assignment.seed)
    settings = _accepted_settings(factory, assignment)
    objective = factory(dict(assignment.params), **settings)
    if isinstance(objective, Mapping):
        raise ObjectiveError(
            f"objective: {assignment.objective} must yield the metrics of each epoch, it returned "
            "one mapping of them; write `yield` in the place of `return`"
        )
    if not isinstance(objective, Iterable):
        raise ObjectiveError(
            f"objective: {assignment.objective} must return an iterable of metrics, got "
            f"{type(objective).__name__}"
        )
    return objective


def import_objective(assignment: Assignment) -> ObjectiveFactory:
    """Import a trial's objective in prepared surroundings; seconds where it brings torch.

    Args:
        assignment: Which trial.

    Returns:
        What makes the objective.

    Raises:
        ObjectiveError: If it cannot be loaded.
    """
    prepare(assignment.environment)
    return load_objective(assignment.objective)


def close_objective(objective: Iterable[Metrics] | None) -> None:
    """Let an objective that can be closed give back what it holds.

    Args:
        objective: One that is not used any more, or None if it could not be made.
    """
    close = getattr(objective, "close", None)
    if callable(close):
        close()


def prepare(environment: Environment) -> None:
    """Make this process fit for objectives, before they are imported.

    Args:
        environment: What it must look like.
    """
    extend_import_path(environment.folders)
    if os.path.isdir(environment.working_folder):
        os.chdir(environment.working_folder)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(environment.n_threads)
    if environment.hide_gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def limit_threads(n_threads: int) -> None:
    """Keep torch, where an objective has loaded it, from using more cores than it was given.

    Args:
        n_threads: At least 1.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(n_threads)


def release_gpu_memory() -> None:
    """Give back what a trial held on a GPU, for the next one and for other processes."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()


def _resume(objective: Iterable[Metrics], assignment: Assignment) -> Epoch | None:
    """Put an objective where its checkpoint left it, and give the epoch that was."""
    if not isinstance(objective, ResumableObjective):
        return None
    store = open_store(assignment.checkpoints)
    checkpoint = load_checkpoint(store, checkpoint_name(assignment.number, LAST_CHECKPOINT))
    if checkpoint is None:
        return None
    objective.load_state_dict(dict(checkpoint.objective))
    restore_generators(checkpoint.generators)
    return checkpoint.epoch


def _save(objective: Iterable[Metrics], epoch: Epoch, assignment: Assignment) -> None:
    if isinstance(objective, ResumableObjective):
        checkpoint = Checkpoint(epoch, objective.state_dict(), generator_states())
        store = open_store(assignment.checkpoints)
        save_checkpoint(store, checkpoint_name(assignment.number, LAST_CHECKPOINT), checkpoint)


def _accepted_settings(factory: ObjectiveFactory, assignment: Assignment) -> dict[str, Any]:
    """Add the seed where it is wanted, and refuse settings that the objective lacks."""
    settings = dict(assignment.settings)
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # a callable written in C
        return settings
    if "seed" in signature.parameters:
        settings.setdefault("seed", assignment.seed)
    try:
        signature.bind(assignment.params, **settings)
    except TypeError as error:
        raise ObjectiveError(
            f"settings: {assignment.objective} must accept them, it takes {signature}: {error}"
        ) from None
    return settings


def _plain_metrics(metrics: object) -> dict[str, float | int | None]:
    """Turn what an objective yielded into plain numbers."""
    if not isinstance(metrics, Mapping):
        raise ObjectiveError(
            "objective: each item must be one epoch's metrics, as {'val_accuracy': 0.97}, got "
            f"{metrics!r:.80}"
        )
    return {str(name): _plain_number(str(name), value) for name, value in metrics.items()}


def _plain_number(name: str, value: object) -> float | int | None:
    if value is None:
        return None
    if isinstance(value, numbers.Integral):
        return int(value)
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise ObjectiveError(
            f"objective: the metric {name} must be a number or None, got {value!r:.80}"
        ) from None


def _non_finite(epoch: int, metrics: Mapping[str, float | int | None]) -> Failure | None:
    wrong = [f"{k} is {v}" for k, v in metrics.items() if v is not None and not math.isfinite(v)]
    return Failure("non_finite", f"epoch {epoch}: {', '.join(wrong)}") if wrong else None


def _failure(error: Exception) -> Failure:
    if isinstance(error, StoreError):  # not the trial's fault
        return Failure("interrupted", str(error), fatal=True)
    kind: FailureKind = "error"
    if getattr(error, "infeasible", False):
        kind = "infeasible"
    elif isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        kind = "out_of_memory"
    first_line = (str(error).strip().splitlines() or ["no message"])[0]
    if kind == "infeasible":
        return Failure(kind, first_line)
    if getattr(error, "fatal", False):
        return Failure(kind, first_line, traceback.format_exc(), fatal=True)
    return Failure(kind, f"{type(error).__name__}: {first_line}", traceback.format_exc())
