"""Hyperparameter search for image classifiers: Ray Tune runs, Optuna proposes, ASHA prunes."""

from search.errors import InfeasibleError, SearchError

__all__ = ["InfeasibleError", "SearchError"]
