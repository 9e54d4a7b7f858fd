"""Whether further trials are worth it: `budget.until: no_gain`.

Makarova et al. 2022, "Automatic termination for hyperparameter optimization", AutoML-Conf: a
search is over once what it may still gain is less than the error with which its best value is
known. Here that is the expected gain of the next trials, in the place of a bound of the regret.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray
from optuna.study import StudyDirection
from optuna.trial import TrialState

from search.spaces.encoding import Encoding
from search.spaces.forest import Drawing
from search.statistics.expected_gain import expected_gain
from search.statistics.paired import standard_error
from search.studies.lead import answers_of, scores_of
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.text import two_digits

N_NEXT = 10
"""Of how many further trials the gain is expected."""
_EVERY = 5
"""After how many ended trials it is looked at again."""
_IN_A_ROW = 3
_FEWEST = 20
"""From how many ended trials on it is told, a quarter of them complete."""
_MOST = 200
"""Of how many ended trials it is told at most: half of them the best, half of them the latest."""
_N_BEST = 8
"""Near how many of the best trials the next ones may lie."""

CANNOT_TELL = (
    "had no effect: the standard error of the best value is not known; the objective must give "
    "answers, or predictions kept with best.pt (see keep), from which the metric follows"
)


@dataclass(frozen=True)
class Gain:
    """What a search may still gain.

    Args:
        expected: The gain of the next `N_NEXT` trials.
        error: The standard error of the best value, by its validation images.
    """

    expected: float
    error: float


class NoGain:
    """Watches a run, and tells when the search is over.

    It looks again after every few trials. That the gain is small must show several times in a
    row: once it may be luck.

    Args:
        study: The study, at the start of the run.

    Attributes:
        cannot_tell: Whether no standard error is known of the best value: the objective gives
            neither answers nor predictions, or none are kept, or the metric does not follow.
    """

    def __init__(self, study: StudyReader) -> None:
        self._study = study
        self._n_looked_at = self._n_ended()
        self._n_in_a_row = 0
        self.cannot_tell = False

    def why_over(self) -> str:
        """Say why the search is over; empty while it is not."""
        n_ended = self._n_ended()
        if n_ended < self._n_looked_at + _EVERY:
            return ""
        self._n_looked_at = n_ended
        gain = self._gain()
        self._n_in_a_row = self._n_in_a_row + 1 if gain and gain.expected < gain.error else 0
        if gain is None or self._n_in_a_row < _IN_A_ROW:
            return ""
        return (
            f"budget.until: {N_NEXT} more trials are expected to gain "
            f"{two_digits(gain.expected)}, less than the standard error of the best value, "
            f"{two_digits(gain.error)}"
        )

    def _gain(self) -> Gain | None:
        study = self._study
        space = study.space.bound_by(study.space.constraints)
        trials = [
            trial
            for trial in study.trials()
            if trial.state in {"COMPLETE", "PRUNED"} and space.contains(trial.params)
        ]
        n_complete = sum(trial.state == "COMPLETE" for trial in trials)
        if len(trials) < _FEWEST or 4 * n_complete < _FEWEST:
            return None
        best = trials[:1]
        known = answers_of(study, best) or scores_of(study, best)
        self.cannot_tell = not known
        if not known:
            return None
        try:
            return Gain(_expected(study, trials), standard_error(known[best[0].number]))
        except np.linalg.LinAlgError:  # values that no process fits; later ones may be others
            return None

    def _n_ended(self) -> int:
        states = (TrialState.COMPLETE, TrialState.PRUNED)
        return len(self._study.optuna_study.get_trials(deepcopy=False, states=states))


def _expected(study: StudyReader, trials: Sequence[Trial]) -> float:
    """Give the expected gain of the next trials, from those that have ended, best first."""
    sign = 1.0 if study.direction == StudyDirection.MAXIMIZE else -1.0
    by_best = study.spec.metric.reduce == "best"
    values = _final_values(trials, sign, by_best=by_best)
    latest = sorted(trials[_MOST // 2 :], key=lambda trial: -trial.number)
    chosen = [*trials[: _MOST // 2], *latest[: _MOST // 2]]
    encoding = Encoding(study.space)
    rng = np.random.default_rng(len(trials))
    candidates = Drawing(study.space, rng, {}).candidates([t.params for t in trials[:_N_BEST]])
    if not candidates:  # the space is tight: nobody knows what might be tried
        return math.inf
    return expected_gain(
        encoding.rows([trial.params for trial in chosen]),
        np.array([values[trial.number] for trial in chosen]),
        encoding.rows(candidates),
        N_NEXT,
        seed=len(trials),
    )


def _final_values(trials: Sequence[Trial], sign: float, *, by_best: bool) -> dict[int, float]:
    """Give the value of each trial, higher is better, by number.

    That of a pruned one is raised by what complete ones gained after its last epoch, on average,
    but not above a middling one of them: it was behind.
    """
    curves = {t.number: _curve(t, sign, by_best) for t in trials if t.state == "COMPLETE"}
    values = {trial.number: sign * (trial.value or 0.0) for trial in trials}
    middle = median(values[number] for number in curves)
    for trial in trials:
        if trial.state == "PRUNED":
            gains = [
                c[-1] - c[trial.n_epochs - 1] for c in curves.values() if len(c) >= trial.n_epochs
            ]
            own = values[trial.number]
            values[trial.number] = max(own, min(own + fmean(gains or [0.0]), middle))
    return values


def _curve(trial: Trial, sign: float, by_best: bool) -> NDArray[np.float64]:
    values = np.array([sign * value for _, value in sorted(trial.values.items())])
    curve: NDArray[np.float64] = np.maximum.accumulate(values) if by_best else values
    return curve
