"""Hyperparameter search for image classifiers: Ray Tune runs, Optuna proposes, ASHA prunes.

`Study` opens a study, `run` and `resume` make one grow, `list_studies` says which there are.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from search.errors import InfeasibleError, SearchError, SpaceError, StudyError

if TYPE_CHECKING:
    from search.api.runs import list_studies, resume, run
    from search.api.study import Study
    from search.studies.trials import Trial as Trial

_LATER = {
    "Study": "search.api.study",
    "Trial": "search.api.study",
    "list_studies": "search.api.runs",
    "resume": "search.api.runs",
    "run": "search.api.runs",
}
"""Names that are loaded when they are asked for: an objective must not wait for all of them."""

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
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
