"""Drives one objective through its epochs: the same code under every engine.

It runs in the worker. What happens to a trial leaves here as events, failures included: an
exception in an objective ends its trial and never the worker. What an objective yields is
checked here and nowhere else; whoever gets an `Epoch` can rely on it.
"""

import inspect
import math
import numbers
import time
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from search.columns import metric_name_problem
from search.errors import Interrupt, ObjectiveError
from search.objective.contract import (
    TOLD_OF_A_TRIAL,
    Metrics,
    ObjectiveFactory,
    ResumableObjective,
)
from search.objective.generators import generator_states, restore_generators, seed_generators
from search.objective.loading import load_objective
from search.running.raised import NonFiniteError, failure_of, text_of
from search.running.surroundings import Surroundings
from search.running.worker import (
    Environment,
    limit_threads,
    prepare_process,
    release_gpu_memory,
)
from search.studies.answers import pack_answers
from search.studies.checkpoint_store import open_store
from search.studies.checkpoints import (
    BEST_CHECKPOINT,
    LAST_CHECKPOINT,
    Checkpoint,
    checkpoint_name,
    load_checkpoint,
    save_checkpoint,
)
from search.studies.durable import make_folder
from search.studies.folder import ERROR_FILE
from search.studies.predictions import Predictions, are_too_many, as_predictions
from search.studies.reader import StudyReader
from search.studies.trials import End, Epoch, Event, Trial
from search.studies.workers import announced
from search.text import did_you_mean, listing


@dataclass(frozen=True)
class Assignment:
    """All that a worker needs to run one trial.

    Args:
        number: The trial.
        params: Its parameters.
        seed: Its seed.
        objective: Import path of the objective.
        settings: Handed to the objective as they are.
        metrics: What every epoch must report as a number; the study optimises it.
        checkpoints: Where the study's checkpoints lie; one of this trial is gone on from.
        folder: The trial's own folder, absolute; on another node it may not exist.
        time_limit_s: Seconds it may take in all, or None.
        environment: Where it runs.
        split_seed: The seed of its training and validation split; None for the usual split.
        is_strict: Whether an epoch that does not report all of `metrics` fails the trial.
    """

    number: int
    params: dict[str, Any]
    seed: int
    objective: str
    settings: dict[str, Any]
    metrics: tuple[str, ...]
    checkpoints: str
    folder: str
    time_limit_s: float | None
    environment: Environment
    split_seed: int | None = None
    is_strict: bool = True

    @property
    def error_file(self) -> Path:
        """Where to write what the trial was doing when its time was up."""
        return Path(self.folder) / ERROR_FILE


def assign(study: StudyReader, trial: Trial, environment: Environment) -> Assignment:
    """Gather all that a worker needs to run a trial of a study."""
    spec = study.spec
    return Assignment(
        number=trial.number,
        params=trial.params,
        seed=trial.seed,
        objective=spec.objective,
        settings=spec.settings,
        metrics=tuple(metric.name for metric in spec.metrics),
        checkpoints=study.checkpoints.location,
        folder=str(study.trial_folder(trial.number).resolve()),
        time_limit_s=spec.budget.trial_time,
        environment=environment,
        split_seed=trial.split_seed,
    )


def run_trial(assignment: Assignment) -> Iterator[Event]:
    """Run one trial, or what is left of it, an epoch at a time.

    Yields an `Epoch` after each epoch and one `End`, whatever the objective raises; only a real
    Ctrl-C passes. A trial that goes on from a checkpoint first reports the checkpoint's epoch
    once more: its driver may have ended before it recorded that. Closing the iterator stops the
    trial and closes its objective. Between two events the process is as it was before the trial.
    """
    with announced(Path(assignment.folder).parent.parent, assignment.number):
        yield from _events(assignment)


def _events(assignment: Assignment) -> Iterator[Event]:
    surroundings, clock = Surroundings(), _Clock()
    epochs = _epochs(assignment, clock)
    try:
        while True:
            try:
                with surroundings.of_the_objective():
                    event = next(epochs)
            except StopIteration:
                yield End(clock.elapsed_s(), stop_reason=clock.stop_reason)
                return
            except Interrupt:
                raise
            except BaseException as error:  # noqa: BLE001  the objective is the user's code
                yield End(clock.elapsed_s(), failure_of(error))
                return
            yield event
    finally:
        with surroundings.of_the_objective():
            epochs.close()
        surroundings.close()
        release_gpu_memory()


@dataclass
class _Clock:
    """When the objective of a trial began, and why it ended early if it says so."""

    started: float = field(default_factory=time.perf_counter)
    stop_reason: str = ""

    def elapsed_s(self) -> float:
        return time.perf_counter() - self.started


def _epochs(assignment: Assignment, clock: _Clock) -> Generator[Epoch, None, None]:
    """Run an objective to its end; what it raises is raised here."""
    objective: Iterable[Metrics] | None = None
    try:
        import_objective(assignment)
        clock.started = time.perf_counter()  # what the import took is the worker's start-up
        objective = make_objective(assignment)
        resumed = _resume(objective, assignment)
        if resumed:
            clock.started -= resumed.elapsed_s
            yield resumed
        epoch_started = time.perf_counter()
        first = resumed.number + 1 if resumed else 1
        for number, reported in enumerate(objective, start=first):
            now = time.perf_counter()
            metrics = _checked(reported, number, assignment)
            settling = bool(getattr(objective, "settling", False))
            answers = _answers(objective, number)
            elapsed_s = now - clock.started
            epoch = Epoch(number, metrics, now - epoch_started, elapsed_s, settling, answers)
            _save(objective, epoch, _predictions(objective, number), assignment)
            yield epoch
            epoch_started = time.perf_counter()
        clock.stop_reason = str(getattr(objective, "stop_reason", ""))
    finally:
        close_objective(objective)


def make_objective(assignment: Assignment) -> Iterable[Metrics]:
    """Build a trial's objective, not yet trained, in prepared and seeded surroundings."""
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
    """Import a trial's objective in prepared surroundings; seconds where it brings torch."""
    prepare_process(assignment.environment)
    return load_objective(assignment.objective)


def close_objective(objective: Iterable[Metrics] | None) -> None:
    """Let an objective, if it was made at all, give back what it holds."""
    close = getattr(objective, "close", None)
    if not callable(close):
        return
    try:
        close()
    except Interrupt:
        raise
    except BaseException as error:  # noqa: BLE001  the trial is over, and this is the user's code
        warnings.warn(f"closing the objective: {text_of(error)}", RuntimeWarning, stacklevel=2)


def metric_problem(
    names: Sequence[str], number: int, metrics: Mapping[str, float | int | None]
) -> tuple[int, str] | None:
    """Say which of the searched metrics, by its place, an epoch lacks, and what must hold."""
    for place, name in enumerate(names):
        if name not in metrics:
            return place, (
                f"a metric that the objective reports must be given, got {name!r}"
                f"{did_you_mean(name, metrics)}; it reports {listing(sorted(metrics))}"
            )
        if metrics[name] is None:
            return place, f"{name} must be a number, got None at epoch {number}"
    return None


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
    epoch = checkpoint.epoch
    if not epoch.answers:
        return epoch
    # The driver records answers when a trial ends: those of an earlier epoch went with it.
    best = load_checkpoint(store, checkpoint_name(assignment.number, BEST_CHECKPOINT))
    earlier = best.epoch.answers if best else {}
    return replace(epoch, answers={**earlier, **epoch.answers})


def _save(
    objective: Iterable[Metrics],
    epoch: Epoch,
    predictions: Predictions | None,
    assignment: Assignment,
) -> None:
    state = objective.state_dict() if isinstance(objective, ResumableObjective) else None
    if state is not None:
        checkpoint = Checkpoint(epoch, state, generator_states())
        store = open_store(assignment.checkpoints)
        name = checkpoint_name(assignment.number, LAST_CHECKPOINT)
        save_checkpoint(store, name, checkpoint, predictions)


def _accepted_settings(factory: ObjectiveFactory, assignment: Assignment) -> dict[str, Any]:
    """Add what of the trial is asked for, and refuse settings that the objective lacks."""
    settings = dict(assignment.settings)
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # a callable written in C
        return settings
    for name in TOLD_OF_A_TRIAL & signature.parameters.keys() - settings.keys():
        settings[name] = _told(name, assignment)
    if "split_seed" in signature.parameters and assignment.split_seed is not None:
        settings["split_seed"] = assignment.split_seed
    try:
        signature.bind(assignment.params, **settings)
    except TypeError as error:
        raise ObjectiveError(
            f"settings: {assignment.objective} must accept them, it takes {signature}: {error}"
        ) from None
    return settings


def _told(name: str, assignment: Assignment) -> object:
    """Tell an objective something of its trial, see `TOLD_OF_A_TRIAL`; its folder then exists."""
    match name:
        case "seed":
            return assignment.seed
        case "trial_number":
            return assignment.number
        case "trial_folder":
            make_folder(Path(assignment.folder))
            return assignment.folder
    return assignment.metrics


def _checked(
    reported: object, number: int, assignment: Assignment
) -> dict[str, float | int | None]:
    """Turn what an objective yielded into plain finite numbers, the searched ones among them."""
    if not isinstance(reported, Mapping):
        raise ObjectiveError(
            "objective: each item must be one epoch's metrics, as {'val_accuracy': 0.97}, got "
            f"{reported!r:.80}"
        )
    metrics = {str(name): _plain_number(str(name), value) for name, value in reported.items()}
    for name in metrics:
        if problem_text := metric_name_problem(name):
            raise ObjectiveError(f"objective: {problem_text}")
    known = {name: value for name, value in metrics.items() if value is not None}
    wrong = [f"{name} is {value}" for name, value in known.items() if not math.isfinite(value)]
    if wrong:
        raise NonFiniteError(f"epoch {number}: {', '.join(wrong)}")
    names = assignment.metrics
    problem = metric_problem(names, number, metrics) if assignment.is_strict else None
    if problem:
        place, text = problem
        key = "metric.name" if len(names) == 1 else f"metrics[{place}].name"
        raise ObjectiveError(f"{key}: {text}")
    return metrics


def _plain_number(name: str, value: object) -> float | int | None:
    """Make a number of what is one, or an array or a tensor of one element."""
    if value is None:
        return None
    try:
        one: Any = value.item() if hasattr(value, "item") else value
        return int(one) if isinstance(one, numbers.Integral) else float(one)
    except (OverflowError, TypeError, ValueError, RuntimeError):
        raise ObjectiveError(
            f"objective: the metric {name} must be a number or None, got {value!r:.80}"
        ) from None


def _answers(objective: Iterable[Metrics], number: int) -> dict[int, str]:
    """Pack the answers that an objective gives of an epoch, if any."""
    given = getattr(objective, "answers", None)
    if given is None:
        return {}
    try:
        answers = np.asarray(given)
    except (TypeError, ValueError, RuntimeError):  # rows of several lengths, a tensor on a GPU
        answers = np.asarray(None)
    plain = answers.ndim == 1 and answers.size > 0 and answers.dtype.kind in "biuf"
    if not plain or not np.isin(answers, (0, 1)).all():
        raise ObjectiveError(
            "objective: answers must be one boolean for each validation image, as [True, False], "
            f"on the CPU, got {' '.join(repr(given).split()):.80} at epoch {number}"
        )
    return {number: pack_answers(answers.astype(np.bool_))}


def _predictions(objective: Iterable[Metrics], number: int) -> Predictions | None:
    """Take the predictions that an objective gives of an epoch, if any."""
    given = getattr(objective, "predictions", None)
    if given is None or are_too_many(given):
        return None
    found = as_predictions(given)
    if found is None:
        raise ObjectiveError(
            "objective: predictions must be probabilities (N, K) whose rows sum to 1 and labels "
            "(N,) from 0 to K - 1 of the validation images, on the CPU, got "
            f"{' '.join(repr(given).split()):.80} at epoch {number}"
        )
    return found
