"""Samplers and pruners that are tried on the judge; what wins goes into `search.spaces`."""

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import linregress, t

Numbers = NDArray[np.float64]


class Extrapolation(BasePruner):
    """Stops a trial whose curve has hardly a chance to end above the best.

    Where it will end is predicted by a line through the complete trials: their last values over
    those at the same epoch. Domhan et al. 2015, "Speeding up automatic hyperparameter optimization
    of deep neural networks by extrapolation of learning curves", stop by the same chance.
    """

    def __init__(self, chance: float = 0.05, n_startup: int = 5) -> None:
        self._chance = chance
        self._n_startup = n_startup

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """See Optuna."""
        epoch = trial.last_step
        assert epoch is not None
        sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
        curves = [
            other.intermediate_values
            for other in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
            if epoch in other.intermediate_values
        ]
        if len(curves) < self._n_startup:
            return False
        now = np.array([sign * curve[epoch] for curve in curves])
        last = np.array([sign * curve[max(curve)] for curve in curves])
        mean, std = _predict(now, last, sign * trial.intermediate_values[epoch])
        return bool(t.sf((last.max() - mean) / max(std, 1e-9), len(curves) - 2) < self._chance)


def _predict(xs: Numbers, ys: Numbers, x: float) -> tuple[float, float]:
    """Predict a further value by a line through others, and the standard error of that."""
    if np.ptp(xs) == 0:
        return float(ys.mean()), float(ys.std(ddof=1) * (1 + 1 / len(ys)) ** 0.5)
    line = linregress(xs, ys)
    noise = ys - line.intercept - line.slope * xs
    spread = np.square(xs - xs.mean()).sum()
    share = 1 + 1 / len(xs) + (x - xs.mean()) ** 2 / spread
    std = (np.square(noise).sum() / (len(xs) - 2) * share) ** 0.5
    return float(line.intercept + line.slope * x), float(std)
