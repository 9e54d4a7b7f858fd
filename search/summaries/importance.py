"""How much each parameter mattered, by fANOVA over the complete trials of a study.

Functional ANOVA (Hutter, Hoos and Leyton-Brown 2014): the share of the variance of the metric
that a forest of regression trees puts down to each parameter alone. It says nothing of
parameters that only some of the trials have, which are named apart.
"""

import random
from typing import Any
from weakref import WeakKeyDictionary

import optuna
from optuna.trial import FrozenTrial, TrialState

from search.spaces.optuna_logs import quiet_optuna
from search.studies.reader import StudyReader
from search.studies.trials import has_begun

FEWEST_TRIALS = 10
"""Complete trials below which no importance is told: it would be noise."""
MOST_TRIALS = 300
"""Complete trials above which so many are drawn: fANOVA takes 20 s for 1,000 of ten parameters."""

_told: WeakKeyDictionary[StudyReader, tuple[list[FrozenTrial], list[dict[str, Any]]]] = (
    WeakKeyDictionary()
)
"""The last answer of each study, as a report asks three times and fANOVA takes seconds."""


def importance_facts(study: StudyReader) -> list[dict[str, Any]]:
    """Tell how much each parameter mattered for each metric.

    Args:
        study: The study.

    Returns:
        For each metric its name, the number of trials behind it, of how many complete ones, the
        seed, the importance of each parameter (they sum to 1), the parameters that could not be
        judged with the number of trials that have them, and a note where there is nothing to
        tell.
    """
    states = [TrialState.COMPLETE]
    own = filter(has_begun, study.optuna_study.get_trials(deepcopy=False, states=states))
    trials = list(own)
    if study not in _told or _told[study][0] != trials:
        _told[study] = (trials, _facts(study, trials))
    return _told[study][1]


def _facts(study: StudyReader, trials: list[FrozenTrial]) -> list[dict[str, Any]]:
    searched = [name for name, kind in study.space.distributions.items() if not kind.single()]
    counts = {name: sum(name in trial.params for trial in trials) for name in searched}
    common = [name for name, n in counts.items() if n == len(trials)]
    drawn = trials
    if len(trials) > MOST_TRIALS:
        drawn = random.Random(study.spec.sampler.seed).sample(trials, MOST_TRIALS)
    return [
        {
            "metric": metric,
            "n_trials": len(drawn),
            "n_complete": len(trials),
            "seed": study.spec.sampler.seed,
            **_importances(study, drawn, common, place),
            "only_in": {name: n for name, n in counts.items() if n < len(trials)},
        }
        for place, metric in enumerate(study.directions)
    ]


def _importances(
    study: StudyReader, trials: list[FrozenTrial], names: list[str], place: int
) -> dict[str, Any]:
    """Judge the parameters that all trials have, for one metric."""
    note = ""
    if len(trials) < FEWEST_TRIALS:
        note = f"at least {FEWEST_TRIALS} complete trials are needed, there are {len(trials)}"
    elif len({trial.values[place] for trial in trials}) == 1:
        note = "all complete trials have the same value"
    elif not names:
        note = "no parameter of several values exists in all complete trials"
    if note:
        return {"importances": {}, "note": note}
    # It imports scikit-learn for its forest, which takes longer than all else of a summary.
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    # Apart from the study's record, which may also hold trials of other studies.
    with quiet_optuna():
        apart = optuna.create_study(directions=study.optuna_study.directions)
    apart.add_trials(trials)
    found = get_param_importances(
        apart,
        evaluator=FanovaImportanceEvaluator(seed=study.spec.sampler.seed),
        params=names,
        target=lambda trial: float(trial.values[place]),
    )
    return {
        "importances": {name: round(float(share), 6) for name, share in found.items()},
        "note": "",
    }
