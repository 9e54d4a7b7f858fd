"""Everything here that leans on names of Optuna's which it does not promise to keep.

Optuna's samplers and pruners take a `Study` and reach into it. Ours have to show them another
study than the one on disk, and Optuna offers no public way to do so; nor for some of what is
read from a storage and written to it. Each such name is used in this module only, with its
reason; `tests/test_optuna_privates.py` and `tests/test_optuna_views.py` fail when a release of
Optuna moves one.
"""

import copy
import math
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import optuna
from optuna import Study, logging
from optuna.storages import BaseStorage
from optuna.storages.journal._file import BaseJournalFileLock
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy as FrozenStudy
from optuna.trial import FrozenTrial, TrialState

JournalFileLock = BaseJournalFileLock
"""The base of a lock that `JournalFileBackend` takes; it has no public name, and `FrozenStudy`,
which a storage lists, has none either."""
RUNG_NOTES = "completed_rung_"
"""How the keys begin, before the number of the rung, under which successive halving notes in a
trial with what value it came there; studies on disk have them from Optuna's own."""
FIXED_PARAMS = "fixed_params"
"""The key under which a waiting trial has the values that `enqueue_trial` was given."""

STORAGE_CALLS = (
    *sorted(BaseStorage.__abstractmethods__),
    *("_create_new_trial", "_get_trials", "_set_trial_param"),
    "get_trial_id_from_study_id_trial_number",
)
"""All that Optuna asks of a database's storage, through its cache, which uses names of its own."""

Ranks = Callable[[Sequence[FrozenTrial], StudyDirection], Iterable[float]]
"""Gives trials, of a study that goes in a direction, other values than theirs."""

Show = Callable[[FrozenTrial, StudyDirection], FrozenTrial]
"""Turns a recorded trial into the one that a pruner is to see."""

Notes = list[tuple[str, Any]]
"""What a pruner wants to have noted of a trial: system attributes by key."""


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keep Optuna from announcing studies; warnings still pass."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def trial_id(trial: FrozenTrial) -> int:
    """Name a trial across all studies of its storage; a number is unique in its study only."""
    return trial._trial_id


def fixed_params(trial: FrozenTrial) -> dict[str, Any]:
    """Read the values that a queued trial was given, which `Study.enqueue_trial` notes so."""
    return dict(trial.system_attrs.get(FIXED_PARAMS, {}))


def study_with_earlier(
    study: Study, earlier: Sequence[FrozenTrial], renumbered: dict[int, FrozenTrial]
) -> Study:
    """Show a sampler some earlier trials as the first ones of a study.

    Args:
        study: The study; it is not changed.
        earlier: Ended trials, numbered from 0. The study's own get the numbers after theirs.
        renumbered: Keeps the study's ended trials with those numbers from one call to the next.

    Returns:
        What a sampler may read of it, in the place of the study.
    """
    return cast("Study", _StudyWithEarlier(study, earlier, renumbered))


class _StudyWithEarlier:
    """A study as samplers see it.

    It has the first metric's direction wherever Optuna asks for only one: its TPE does so to
    compare pruned trials, which never occur in a study of several metrics of Optuna's own.
    """

    def __init__(
        self, study: Study, earlier: Sequence[FrozenTrial], renumbered: dict[int, FrozenTrial]
    ) -> None:
        self._study = study
        self._earlier = earlier
        self._renumbered = renumbered
        self.direction = study.directions[0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        return self._after_earlier(self._study.get_trials(deepcopy, states), states)

    def _get_trials(  # Optuna's own samplers ask so, for its cache
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        return self._after_earlier(self._study._get_trials(deepcopy, states, use_cache), states)

    def _after_earlier(
        self, own: list[FrozenTrial], states: Container[TrialState] | None
    ) -> list[FrozenTrial]:
        if not self._earlier:
            return own
        before = [t for t in self._earlier if states is None or t.state in states]
        return [*before, *map(self._renumber, own)]

    def _renumber(self, trial: FrozenTrial) -> FrozenTrial:
        """Number an own trial after the earlier ones: Optuna takes numbers to be positions."""
        seen = self._renumbered.get(trial_id(trial))
        if seen is None:
            seen = copy.copy(trial)
            seen.number += len(self._earlier)
            if trial.state.is_finished():
                self._renumbered[trial_id(trial)] = seen
        return seen


def study_of_ranks(study: Study, ranks: Ranks) -> Study:
    """Show a sampler a study of one metric in which all that have reported are complete.

    Args:
        study: The study; it is not changed.
        ranks: Gives the value of each trial, higher is better; NaN where it has not reported.

    Returns:
        What a sampler may read of it, in the place of the study. Failed trials have the value 0,
        but for those without a point, which do not count.
    """
    return cast("Study", _StudyOfRanks(study, ranks))


class _StudyOfRanks:
    """A study as samplers see it."""

    def __init__(self, study: Study, ranks: Ranks) -> None:
        self._study = study
        self.direction = StudyDirection.MAXIMIZE
        self.directions = [StudyDirection.MAXIMIZE]
        trials = study.get_trials(deepcopy=False)
        self._trials = [
            _completed(trial, value)
            for trial, value in zip(trials, ranks(trials, study.directions[0]), strict=True)
        ]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        return [trial for trial in self._trials if states is None or trial.state in states]

    def _get_trials(  # Optuna's own samplers ask so, for its cache
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        return self.get_trials(deepcopy, states)


def _completed(trial: FrozenTrial, value: float) -> FrozenTrial:
    failed = trial.state is TrialState.FAIL
    if (math.isnan(value) and not failed) or not trial.params:
        return trial
    seen = copy.copy(trial)
    seen.state, seen.values = TrialState.COMPLETE, [0.0 if failed else value]
    return seen


def study_for_pruner(study: Study, show: Show, notes: Notes) -> Study:
    """Show a pruner a study of one metric, the first, and keep it from writing.

    Optuna's pruners know no study of several metrics; intermediate values are of the first.

    Args:
        study: The study; it is not changed.
        show: Applied to each trial that the pruner reads.
        notes: Takes what the pruner would have written.

    Returns:
        What to hand to the pruner.
    """
    view = copy.copy(study)
    view._storage = _NotingStorage(study._storage, show, notes)  # type: ignore[assignment]
    view._directions = study.directions[:1]
    return view


def note_of_rung(study: Study, trial: FrozenTrial, rung: int, value: float) -> None:
    """Note that a trial has come to a rung; `study` is one of `study_for_pruner`, or Optuna's."""
    study._storage.set_trial_system_attr(trial._trial_id, f"{RUNG_NOTES}{rung}", value)


class _NotingStorage:
    """Reads from a storage as if of one metric, and keeps what a pruner would write."""

    def __init__(self, storage: BaseStorage, show: Show, notes: Notes) -> None:
        self._storage = storage
        self._show = show
        self._notes = notes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self._storage.get_study_directions(study_id)[:1]

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        (direction,) = self.get_study_directions(study_id)
        trials = self._storage.get_all_trials(study_id, deepcopy=deepcopy, states=states)
        return [self._show(trial, direction) for trial in trials]

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._notes.append((key, value))


def every_trial(study: Study) -> list[FrozenTrial]:
    """Read all trials of a study, also of one of which Optuna shows a bracket of hyperband's."""
    return study._storage.get_all_trials(study._study_id, deepcopy=False)


def storage_of(study: optuna.Study) -> BaseStorage:
    """Give a study's storage: a study does not name it, and the others beside it need it."""
    return study._storage


def study_id(study: optuna.Study | FrozenStudy) -> int:
    """Give the number by which a storage knows a study; its methods take no other name."""
    return study._study_id


def take_up(study: optuna.Study, trial: FrozenTrial) -> optuna.Trial:
    """Make a handle of a trial that another process began; Optuna's own are made by `ask`."""
    return optuna.Trial(study, trial._trial_id)


def find_trial(study: optuna.Study, number: int) -> FrozenTrial | None:
    """Read a trial by its number; in public, only by reading all of them."""
    try:
        found = study._storage.get_trial_id_from_study_id_trial_number(study._study_id, number)
    except KeyError:
        return None
    return study._storage.get_trial(found)


def stored_trial(trial: optuna.Trial) -> FrozenTrial:
    """Read a trial by its handle: the public ways copy every trial, or none of the attributes."""
    return trial.storage.get_trial(trial._trial_id)


def set_intermediate_value(trial: optuna.Trial, step: int, value: float) -> None:
    """Report a value: `Trial.report` refuses to where a study has several metrics."""
    trial.storage.set_trial_intermediate_value(trial._trial_id, step, value)


def set_system_attr(trial: optuna.Trial, key: str, value: Any) -> None:
    """Note something that Optuna's dashboard does not list; `Trial.set_system_attr` is to go."""
    trial.storage.set_trial_system_attr(trial._trial_id, key, value)
