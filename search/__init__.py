"""Hyperparameter search for image classifiers: Ray Tune runs, Optuna proposes, ASHA prunes.

`Study` opens a study, `run` and `resume` make one grow, `list_studies` says which there are.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from search.errors import InfeasibleError, SearchError, SpaceError, StudyError

if TYPE_CHECKING:
    from search.notebook import Study, list_studies, resume, run
    from search.studies.record import TrialRecord as Trial

__all__ = [
    "InfeasibleError",
    "SearchError",
    "SpaceError",
    "Study",
    "StudyError",
    "Trial",
    "list_studies",
    "resume",
    "run",
]


def __getattr__(name: str) -> Any:
    # An objective that imports InfeasibleError must not wait for all the rest.
    if name in __all__:
        return getattr(import_module("search.notebook"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
