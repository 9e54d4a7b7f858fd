"""How much each parameter mattered, by fANOVA over the complete trials of a study.

Functional ANOVA (Hutter, Hoos and Leyton-Brown 2014): the share of the variance of the metric
that a forest of regression trees puts down to each parameter alone. It says nothing of
parameters that only some of the trials have, which are named apart.
"""

import random
from weakref import WeakKeyDictionary

import optuna
from optuna.trial import FrozenTrial, TrialState
from typing_extensions import TypedDict

from search.spaces.optuna_privates import quiet_optuna
from search.studies.reader import StudyReader
from search.studies.trials import has_begun
from search.summaries.layout import Grid, Part
from search.text import percent

FEWEST_TRIALS = 10
"""Complete trials below which no importance is told: it would be noise."""
MOST_TRIALS = 300
"""Complete trials that fANOVA is given at most: it takes 20 s for 1,000 of ten parameters."""


class ImportanceFacts(TypedDict):
    """How much each parameter mattered for a metric, of how many trials this is told, and how.

    The importances sum to 1; `only_in` counts the trials of parameters that not all have, and
    `note` says why there is nothing to tell.
    """

    metric: str
    n_trials: int
    n_complete: int
    seed: int
    importances: dict[str, float]
    note: str
    only_in: dict[str, int]


_told: WeakKeyDictionary[StudyReader, tuple[list[FrozenTrial], list[ImportanceFacts]]] = (
    WeakKeyDictionary()
)
"""The last answer of each study, as a report asks three times and fANOVA takes seconds."""


def importance_facts(study: StudyReader) -> list[ImportanceFacts]:
    """Tell how much each parameter mattered, for each metric of a study.

    Where there are many complete trials, `MOST_TRIALS` of them are drawn by the study's seed.
    """
    states = [TrialState.COMPLETE]
    own = filter(has_begun, study.optuna_study.get_trials(deepcopy=False, states=states))
    trials = list(own)
    if study not in _told or _told[study][0] != trials:
        _told[study] = (trials, _facts(study, trials))
    return _told[study][1]


def _facts(study: StudyReader, trials: list[FrozenTrial]) -> list[ImportanceFacts]:
    searched = [name for name, kind in study.space.distributions.items() if not kind.single()]
    counts = {name: sum(name in trial.params for trial in trials) for name in searched}
    common = [name for name, n in counts.items() if n == len(trials)]
    drawn, seed = trials, study.spec.sampler.seed
    if len(trials) > MOST_TRIALS:
        drawn = random.Random(seed).sample(trials, MOST_TRIALS)
    found: list[ImportanceFacts] = []
    for place, metric in enumerate(study.directions):
        note = _problem(drawn, common, place)
        found.append(
            {
                "metric": metric,
                "n_trials": len(drawn),
                "n_complete": len(trials),
                "seed": seed,
                "importances": {} if note else _importances(study, drawn, common, place),
                "note": note,
                "only_in": {name: n for name, n in counts.items() if n < len(trials)},
            }
        )
    return found


def _problem(trials: list[FrozenTrial], names: list[str], place: int) -> str:
    """Say why no importance can be told, if it cannot."""
    if len(trials) < FEWEST_TRIALS:
        return f"at least {FEWEST_TRIALS} complete trials are needed, there are {len(trials)}"
    if len({trial.values[place] for trial in trials}) == 1:
        return "all complete trials have the same value"
    return "" if names else "no parameter of several values exists in all complete trials"


def _importances(
    study: StudyReader, trials: list[FrozenTrial], names: list[str], place: int
) -> dict[str, float]:
    """Judge the parameters that all trials have, for one metric."""
    # It imports scikit-learn for its forest, which takes longer than all else of a summary.
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    # Apart from the study's storage, which may also hold trials of other studies.
    with quiet_optuna():
        apart = optuna.create_study(directions=study.optuna_study.directions)
    apart.add_trials(trials)
    found = get_param_importances(
        apart,
        evaluator=FanovaImportanceEvaluator(seed=study.spec.sampler.seed),
        params=names,
        target=lambda trial: float(trial.values[place]),
    )
    return {name: round(float(share), 6) for name, share in found.items()}


def importance_part(facts: ImportanceFacts) -> Part:
    """Put the importances for a metric into words."""
    name = f"What mattered for {facts['metric']}"
    if facts["note"]:
        return Part(name, [f"not estimated: {facts['note']}"])
    drawn = facts["n_trials"] < facts["n_complete"]
    of = f"{facts['n_trials']} of {facts['n_complete']:,}" if drawn else facts["n_trials"]
    lines = [f"fANOVA over {of} complete trials, seed {facts['seed']}"]
    if facts["only_in"]:
        only = ", ".join(f"{parameter} ({n})" for parameter, n in facts["only_in"].items())
        lines.append(f"not judged, as only some of these trials have it: {only}")
    rows = [[parameter, percent(share)] for parameter, share in facts["importances"].items()]
    return Part(name, lines, Grid(["parameter", "importance"], rows, ["parameter"]))
