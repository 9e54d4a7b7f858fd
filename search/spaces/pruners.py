"""The pruners a space file can name: a table of ours, and classes of other people's.

Every pruner is a decision over the recorded intermediate values: what one keeps in mind it
rebuilds from the storage, so that it survives a resume. `min_epochs` is the one option all of
them share.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from optuna import Study, create_study
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PercentilePruner,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from search.spaces.document import Problem
from search.spaces.halving import Halving
from search.spaces.optuna_privates import (
    Notes,
    find_trial,
    quiet_optuna,
    study_for_pruner,
    trial_id,
)
from search.spaces.plugins import (
    PluginError,
    is_plugin,
    load_class,
    option_problems,
    option_types,
    useless_options,
)

_CAN_WIN = (TrialState.COMPLETE, TrialState.RUNNING)
_USUAL_EPOCHS = 27  # hyperband's longest trial where nothing says how long one is


def _hyperband(low: int, high: int, reduction_factor: int = 3, **options: Any) -> BasePruner:
    # Optuna divides by its logarithm, and looks at it no earlier than at the first epoch.
    if reduction_factor < 2:
        raise ValueError(f"reduction_factor must be at least 2, got {reduction_factor}")
    return HyperbandPruner(low, high, reduction_factor, **options)


@dataclass(frozen=True)
class PrunerKind:
    """One row of the table.

    Args:
        doc: One line on what it does.
        build: Makes it from `min_epochs`, the epochs of a full trial and further options.
        options: What a space file can set beside `name` and `min_epochs`, with the types.
        also: What other systems, papers and people call it, by letters and digits.
    """

    doc: str
    build: Callable[[int, int, dict[str, Any]], BasePruner]
    options: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()


PRUNERS: dict[str, PrunerKind] = {
    "asha": PrunerKind(
        "asynchronous successive halving (Li et al. 2020, arXiv:1810.05934)",
        lambda low, _, options: Halving(low, **options),
        option_types(Halving, {"min_resource"}),
        also=("successivehalving", "sha", "halving", "earlystopping"),
    ),
    "hyperband": PrunerKind(
        "several brackets of successive halving (Li et al. 2018, arXiv:1603.06560)",
        lambda low, high, options: _hyperband(low, high, **options),
        option_types(HyperbandPruner, {"min_resource", "max_resource"}),
        also=("bohb", "hb"),
    ),
    "median": PrunerKind(
        "stops a trial below the median of the earlier ones at the same epoch",
        lambda low, _, options: MedianPruner(n_warmup_steps=low, **options),
        option_types(MedianPruner, {"n_warmup_steps"}),
    ),
    "percentile": PrunerKind(
        "stops a trial outside the best `percentile` of the earlier ones at the same epoch",
        lambda low, _, options: PercentilePruner(
            n_warmup_steps=low, **{"percentile": 50.0, **options}
        ),
        option_types(PercentilePruner, {"n_warmup_steps"}),
    ),
    "none": PrunerKind(
        "every trial runs to its end",
        lambda *_: NopPruner(),
        also=("nop", "off", "false", "no", "null"),
    ),
}


def pruner_kind(name: str) -> PrunerKind:
    """Find a pruner.

    Args:
        name: A key of `PRUNERS`, or `package.module:name` of a subclass of Optuna's
            `BasePruner`. Such a class is not asked before `min_epochs`, and sees of each trial
            the best value so far where trials are ranked by their best epoch.

    Returns:
        Its row of the table.
    """
    if not is_plugin(name):
        return PRUNERS[name]
    owner = load_class(name, BasePruner)
    return PrunerKind(
        "a class of the user's",
        lambda low, _, options: _FromEpoch(low, owner(**options)),
        option_types(owner),
    )


class _FromEpoch(BasePruner):
    """Asks another pruner from some epoch on."""

    def __init__(self, epoch: int, pruner: BasePruner) -> None:
        self._epoch = epoch
        self._pruner = pruner

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """See Optuna."""
        return (trial.last_step or 0) >= self._epoch and bool(self._pruner.prune(study, trial))


def make_pruner(
    name: str, min_epochs: int, epochs: int | None, options: Mapping[str, Any]
) -> BasePruner:
    """Build a pruner.

    Args:
        name: As for `pruner_kind`.
        min_epochs: No trial is pruned before this epoch, at least 1.
        epochs: Epochs of a full trial; only `hyperband` needs them.
        options: The pruner's own options, already checked.

    Returns:
        An Optuna pruner.
    """
    return pruner_kind(name).build(min_epochs, epochs or _USUAL_EPOCHS, dict(options))


def pruner_problems(name: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what is wrong with a pruner and its options.

    Args:
        name: As for `pruner_kind`.
        options: The keys beside `name` and `min_epochs`.

    Yields:
        Each mistake.
    """
    try:
        types = pruner_kind(name).options
    except PluginError as error:
        yield Problem(("pruner", "name"), str(error))
        return
    problems = [*option_problems("pruner", name, options, types, ("name", "min_epochs"))]
    yield from problems
    if not problems:
        try:
            _try_out(make_pruner(name, 1, 9, options))
        except Exception as error:  # noqa: BLE001  it may be the user's class
            yield Problem(("pruner",), useless_options(name, error), at_key=True)


def _try_out(pruner: BasePruner) -> None:
    """Let a pruner decide once; some look at their options no earlier."""
    with quiet_optuna():
        study = create_study(pruner=pruner)
    trial = study.ask()
    trial.report(0.0, 1)
    trial.should_prune()


class Judge:
    """Asks a study's pruner about trials, and shows it what they are ranked by.

    Where a trial is ranked by its best epoch, the pruner sees of each trial the best value so
    far in place of each epoch's; the storage keeps what was reported. Of what pruners noted in
    the storage, older studies hold values of single epochs: these are no better than the trial's
    best, so they end nothing that is ahead, and stay as they are.

    Args:
        by_best: Whether trials are ranked by their best epoch, not by their last one.
    """

    def __init__(self, by_best: bool) -> None:
        self._by_best = by_best
        self._ended: dict[int, FrozenTrial] = {}
        self._ahead: int | None = None

    def verdict(self, study: Study, trial: FrozenTrial) -> tuple[bool, Notes]:
        """Ask about a trial, without letting the pruner write into the storage.

        Args:
            study: The study; it is not changed.
            trial: A running trial that has reported.

        Returns:
            Whether to stop the trial, never true of one that would win were all to end now; and
            what the pruner wants noted of it.
        """
        notes: Notes = []
        view = study_for_pruner(study, self._as_ranked, notes)
        seen = self._as_ranked(trial, view.direction)
        return study.pruner.prune(view, seen) and not self._leads(view, seen), notes

    def withdraw(self, study: Study, trial: FrozenTrial) -> None:
        """Let a trial that has failed compete with nobody."""
        if isinstance(study.pruner, Halving):
            study.pruner.withdraw(trial)

    def _leads(self, study: Study, trial: FrozenTrial) -> bool:
        """Tell whether no other trial that can still win is ahead of a running one."""
        sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
        own = sign * _last_value(trial)
        if math.isnan(own):
            return False

        def is_ahead(rival: FrozenTrial) -> bool:
            return rival.state in _CAN_WIN and sign * _last_value(rival) > own

        # Who was ahead of the trial before mostly still is: that spares reading all of them.
        known = None if self._ahead is None else find_trial(study, self._ahead)
        if known and is_ahead(self._as_ranked(known, study.direction)):
            return False
        rivals = study.get_trials(deepcopy=False, states=_CAN_WIN)
        self._ahead = next((rival.number for rival in rivals if is_ahead(rival)), None)
        return self._ahead is None

    def _as_ranked(self, trial: FrozenTrial, direction: StudyDirection) -> FrozenTrial:
        """Show a trial with its best value so far at each epoch; those of ended ones are kept."""
        if not self._by_best:
            return trial
        seen = self._ended.get(trial_id(trial))
        if seen is None:
            seen = _with_running_best(trial, direction)
            if trial.state.is_finished():
                self._ended[trial_id(trial)] = seen
        return seen


def _with_running_best(trial: FrozenTrial, direction: StudyDirection) -> FrozenTrial:
    better = max if direction == StudyDirection.MAXIMIZE else min
    best, values = math.nan, {}
    for epoch, value in sorted(trial.intermediate_values.items()):
        if not math.isnan(value):
            best = value if math.isnan(best) else better(best, value)
        values[epoch] = best
    if values == trial.intermediate_values:
        return trial
    seen = copy.copy(trial)
    seen.intermediate_values = values
    return seen


def _last_value(trial: FrozenTrial) -> float:
    values = trial.intermediate_values
    return values[max(values)] if values else math.nan
