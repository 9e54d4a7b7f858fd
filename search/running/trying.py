"""Tries a search before it runs: one epoch of one point, in this process, without a study."""

import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.errors import SearchError
from search.objective.loading import COMMAND
from search.objective.probing import classifier_of
from search.running.trial import (
    Assignment,
    close_objective,
    make_objective,
    metric_problem,
    run_trial,
)
from search.running.worker import environment_here
from search.spaces.document import KeyPath
from search.spaces.point_sampler import trial_seed
from search.spaces.sampling import sample_points
from search.spaces.space import Params, Space
from search.spaces.spec import Spec
from search.studies.checkpoint_store import open_store
from search.studies.folder import trial_folder
from search.studies.trials import Epoch, Failure
from search.text import format_duration, listing, number_text, shown, value_text

_FURTHER_POINTS = 10  # drawn where the objective finds the ones before infeasible

_ABILITIES = {
    "predict": "can be evaluated",
    "classify": "can classify pictures",
    "deployable": "can be exported",
}


@dataclass(frozen=True)
class Tried:
    """What one epoch of one point has shown.

    Args:
        params: The point.
        epoch: Its first epoch.
        abilities: What the objective can do besides training, in words.
        problem: Which key of the space file names a metric that is not there, and what must
            hold; None if all are.
    """

    params: Params
    epoch: Epoch
    abilities: tuple[str, ...]
    problem: tuple[KeyPath, str] | None

    @property
    def set_up_s(self) -> float:
        """Time before the first epoch."""
        return self.epoch.elapsed_s - self.epoch.seconds

    def lines(self, spec: Spec) -> Iterator[str]:
        """Say to people what one epoch has shown."""
        epoch = self.epoch
        values = listing(f"{name}={value_text(value)}" for name, value in self.params.items())
        metrics = listing(f"{name} {number_text(value)}" for name, value in epoch.metrics.items())
        set_up, first = format_duration(self.set_up_s), format_duration(epoch.seconds)
        yield f"tried       {values}"
        yield f"took        {set_up} to set up, {first} for the first epoch"
        if spec.epochs:
            training = f"about {format_duration(spec.epochs * epoch.seconds)} of training"
            yield f"a trial     {training} if all {spec.epochs} epochs take as long"
        yield f"metrics     {metrics}"
        yield f"objective   {listing(self.abilities)}"


def try_first_epoch(spec: Spec, folders: Sequence[str]) -> Tried:
    """Run one epoch of the first point of `start_from`, or of a drawn one.

    An objective that fails is a `SearchError` with the place in its own file.
    """
    with tempfile.TemporaryDirectory(prefix="search-") as folder:
        for params in _points(spec):
            assignment = _assignment(spec, params, folders, folder)
            event = next(run_trial(assignment))
            if isinstance(event, Epoch):
                return Tried(params, event, _abilities(assignment), _problem(spec, event))
            failure = event.failure or Failure("error", "no epoch was reported")
            if failure.kind != "infeasible":
                break
    values = listing(f"{name}={shown(value)}" for name, value in params.items())
    raise SearchError(
        f"{spec.objective}: one epoch must run, got {failure.reason}, at {values}"
        + _place_in_file(spec.objective, failure.traceback)
    )


def _points(spec: Spec) -> Iterator[Params]:
    space = Space.of(spec)
    first = spec.start_from[0] if spec.start_from else {}
    yield from sample_points(space, 1, spec.sampler.seed, fixed=first)
    yield from sample_points(space, _FURTHER_POINTS, spec.sampler.seed)


def _assignment(
    spec: Spec, params: dict[str, Any], folders: Sequence[str], folder: str
) -> Assignment:
    return Assignment(
        number=0,
        params=params,
        seed=trial_seed(spec.sampler.seed, 0),
        objective=spec.objective,
        settings=spec.settings,
        metrics=tuple(metric.name for metric in spec.metrics),
        checkpoints=folder,
        folder=str(trial_folder(Path(folder), 0)),
        time_limit_s=None,
        environment=environment_here(
            folders, spec.resources.cpus_per_trial, spec.resources.gpus_per_trial
        ),
        is_strict=False,  # what is missing is told of at its place in the space file
    )


def _problem(spec: Spec, epoch: Epoch) -> tuple[KeyPath, str] | None:
    names = [metric.name for metric in spec.metrics]
    problem = metric_problem(names, epoch.number, epoch.metrics)
    if problem is None:
        return None
    place, text = problem
    return (("metric", "name") if len(names) == 1 else ("metrics", place, "name")), text


def _abilities(assignment: Assignment) -> tuple[str, ...]:
    objective = make_objective(assignment)
    classifier = classifier_of(objective, assignment.objective)
    close_objective(objective)
    return (
        "goes on from its last epoch"
        if open_store(assignment.checkpoints).names()  # its first epoch left one there
        else "runs again from its first epoch after an interruption",
        *(text for name, text in _ABILITIES.items() if hasattr(classifier, name)),
    )


def _place_in_file(objective: str, traceback: str) -> str:
    """Cut a traceback down to what the objective's own file or script says."""
    if objective == COMMAND:
        return "\n" + traceback if traceback else ""
    module = sys.modules.get(objective.partition(":")[0])
    file = getattr(module, "__file__", None)
    frames = re.split(r'(?m)^(?=  File ")', traceback)
    own = [frame for frame in frames if file and frame.startswith(f'  File "{file}"')]
    if not own:
        return ""
    lines = [line for line in own[-1].splitlines() if line.startswith("  ")]
    return "\n" + "\n".join(lines)
