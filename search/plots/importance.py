"""How much each parameter mattered for reaching the best values."""

import math

import optuna
from matplotlib.figure import Figure
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.optuna_logs import quiet_optuna
from search.plots.style import (
    BLUE,
    INK,
    SMALL,
    dress,
    new_figure,
    plain,
    sentence_figure,
    shortened,
)
from search.record import CARRIED_FROM
from search.study import Study

TITLE = "Importance of parameters"
LEAST_TRIALS = 10
"""Complete trials below which an importance would be an accident."""
_LEAST_GOOD_TRIALS = 5


def importances(study: Study) -> dict[str, float]:
    """Compute how much each parameter mattered for the study's (first) metric.

    PED-ANOVA (Watanabe et al. 2023, arXiv:2304.10255): how unlike its distribution in all
    complete trials a parameter's distribution is in the best tenth of them (at least five).

    Args:
        study: The study.

    Returns:
        Shares that add up to 1, the greatest first; empty below `LEAST_TRIALS` complete trials
        or where no parameter varies.
    """
    complete = _complete(study)
    if len(complete) < LEAST_TRIALS:
        return {}
    with quiet_optuna():
        copied = optuna.create_study(direction=study.direction)
    copied.add_trials([_of_first_value(trial) for trial in complete])
    quantile = max(0.1, _LEAST_GOOD_TRIALS / len(complete))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=quantile)
    found = get_param_importances(copied, evaluator=evaluator)
    known = {n: float(v) for n, v in found.items() if math.isfinite(v)}
    return dict(sorted(known.items(), key=lambda item: -item[1]))


def importance(study: Study) -> Figure:
    """Draw the importance of each parameter as a bar.

    Args:
        study: The study.

    Returns:
        The figure; a sentence if there are too few complete trials.
    """
    found = importances(study)
    n_complete = len(_complete(study))
    if not found:
        return sentence_figure(
            TITLE,
            f"At least {LEAST_TRIALS} complete trials are needed to tell which parameters "
            f"matter; there {'is' if n_complete == 1 else 'are'} {n_complete}.",
        )
    figure = new_figure(TITLE, height=1.1 + 0.28 * len(found))
    axes = figure.add_subplot()
    dress(axes, f"importance (share; PED-ANOVA of {n_complete:,} complete trials)", "", grid="x")
    bars = axes.barh(range(len(found)), list(found.values()), color=BLUE, height=0.65)
    texts = [f"{share:.2f}" for share in found.values()]
    axes.bar_label(bars, texts, padding=3, fontsize=SMALL, color=INK)
    axes.set_yticks(range(len(found)), [plain(shortened(name, 30)) for name in found])
    axes.set_xlim(0, 1.12 * max(*found.values(), 0.01))
    axes.set_ylim(len(found) - 0.4, -0.6)
    return figure


def _complete(study: Study) -> list[FrozenTrial]:
    """List the study's own complete trials that lie in its present space."""
    states = [TrialState.COMPLETE]
    trials = study.optuna_study.get_trials(deepcopy=False, states=states)
    return [trial for trial in trials if CARRIED_FROM not in trial.user_attrs]


def _of_first_value(trial: FrozenTrial) -> FrozenTrial:
    return create_trial(
        value=trial.values[0], params=trial.params, distributions=trial.distributions
    )
