"""The pruners a space file can name: a table from name to Optuna pruner.

Every pruner is a decision over the recorded intermediate values, so it needs no state of
its own and survives a resume. `min_epochs` is the one option all of them share.
"""

import copy
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
    SuccessiveHalvingPruner,
)
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from search.spaces.optuna_logs import quiet_optuna
from search.spaces.signatures import Problem, option_problems, option_types, worded


@dataclass(frozen=True)
class PrunerKind:
    """One row of the table.

    Args:
        doc: One line on what it does.
        build: Makes it from `min_epochs`, the epochs of a full trial and further options.
        options: What a space file can set beside `name` and `min_epochs`, with the types.
    """

    doc: str
    build: Callable[[int, int, dict[str, Any]], BasePruner]
    options: Mapping[str, str] = field(default_factory=dict)


PRUNERS: dict[str, PrunerKind] = {
    "asha": PrunerKind(
        "asynchronous successive halving (Li et al. 2020, arXiv:1810.05934)",
        lambda low, _, options: SuccessiveHalvingPruner(
            min_resource=low, **{"reduction_factor": 3, **options}
        ),
        option_types(SuccessiveHalvingPruner, {"min_resource"}),
    ),
    "hyperband": PrunerKind(
        "several brackets of asha (Li et al. 2018, arXiv:1603.06560)",
        lambda low, high, options: HyperbandPruner(min_resource=low, max_resource=high, **options),
        option_types(HyperbandPruner, {"min_resource", "max_resource"}),
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
    "none": PrunerKind("every trial runs to its end", lambda *_: NopPruner()),
}


def pruner_problems(name: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what is wrong with a pruner's options.

    Args:
        name: A key of `PRUNERS`.
        options: The keys beside `name` and `min_epochs`.

    Yields:
        The option (empty for the pruner as a whole) and what must hold.
    """
    types, beside = PRUNERS[name].options, ("name", "min_epochs")
    problems = list(option_problems(options, types, f"the pruner {name}", beside))
    yield from problems
    if not problems:
        try:
            _try_out(make_pruner(name, 1, 9, options))
        except (TypeError, ValueError) as error:
            yield "", worded(error)


def _try_out(pruner: BasePruner) -> None:
    """Let a pruner decide once; some look at their options no earlier."""
    with quiet_optuna():
        study = create_study(pruner=pruner)
    trial = study.ask()
    trial.report(0.0, 1)
    trial.should_prune()


def judge(study: Study, trial: FrozenTrial) -> tuple[bool, list[tuple[str, Any]]]:
    """Ask a study's pruner about a trial, without letting it write into the record.

    The pruner sees a study of one metric, the first: intermediate values are of that one, and
    Optuna's pruners know no study of several.

    Args:
        study: The study; it is not changed.
        trial: A running trial that has reported.

    Returns:
        Whether to stop the trial, and what the pruner wants noted of it.
    """
    view = copy.copy(study)
    notes: list[tuple[str, Any]] = []
    view._storage = _NotingStorage(study._storage, notes)  # type: ignore[assignment]
    view._directions = study.directions[:1]
    return study.pruner.prune(view, trial), notes


class _NotingStorage:
    """Reads from a storage as if of one metric, and keeps what a pruner would write."""

    def __init__(self, storage: BaseStorage, notes: list[tuple[str, Any]]) -> None:
        self._storage = storage
        self._notes = notes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self._storage.get_study_directions(study_id)[:1]

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._notes.append((key, value))


def make_pruner(
    name: str, min_epochs: int, epochs: int | None, options: Mapping[str, Any]
) -> BasePruner:
    """Build a pruner.

    Args:
        name: A key of `PRUNERS`.
        min_epochs: No trial is pruned before this epoch, at least 1.
        epochs: Epochs of a full trial; only `hyperband` needs them (27 where unknown).
        options: The pruner's own options, already checked.

    Returns:
        An Optuna pruner.
    """
    return PRUNERS[name].build(min_epochs, epochs or 27, dict(options))
