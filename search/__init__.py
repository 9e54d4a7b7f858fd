"""Hyperparameter search for image classifiers: Ray Tune runs, Optuna proposes, ASHA prunes.

`run`, `resume` and `retry` make a study grow, `confirm` trains its best trials again, `open` opens
one to look into, `list_studies` says which there are; what else a command does is a function here
or a method of `Study`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from search.errors import InfeasibleError, SearchError, SpaceError, StudyError

if TYPE_CHECKING:
    from search.api.confirming import confirm
    from search.api.outputs import schema
    from search.api.sessions import resume, retry, run
    from search.api.spaces import check, try_epoch
    from search.api.studies import (
        enqueue,
        keep,
        list_studies,
        open,
        remove,
        show_studies,
        stop,
    )
    from search.api.study import Study
    from search.studies.trials import Trial as Trial

_LATER = {
    "Study": "study",
    "Trial": "study",
    "check": "spaces",
    "confirm": "confirming",
    "enqueue": "studies",
    "keep": "studies",
    "list_studies": "studies",
    "open": "studies",
    "remove": "studies",
    "resume": "sessions",
    "retry": "sessions",
    "run": "sessions",
    "schema": "outputs",
    "show_studies": "studies",
    "stop": "studies",
    "try_epoch": "spaces",
}
"""Names that are loaded when they are asked for: an objective must not wait for all of them."""

__all__ = [
    "InfeasibleError",
    "SearchError",
    "SpaceError",
    "Study",
    "StudyError",
    "Trial",
    "check",
    "confirm",
    "enqueue",
    "keep",
    "list_studies",
    "open",
    "remove",
    "resume",
    "retry",
    "run",
    "schema",
    "show_studies",
    "stop",
    "try_epoch",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"search.api.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
