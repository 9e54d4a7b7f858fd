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
    from search.api.spaces import check, init, try_epoch
    from search.api.steering import note, pause, set_values, stop_trials, tag, unpause
    from search.api.studies import (
        compare_studies,
        enqueue,
        keep,
        list_studies,
        open,
        remove,
        report_studies,
        show_studies,
        stop,
    )
    from search.api.study import Study
    from search.objective.handover import TrialStopped
    from search.objective.reporting import Report, reporting
    from search.studies.trials import Trial as Trial

_LATER = {
    "Report": "objective.reporting",
    "Study": "api.study",
    "Trial": "api.study",
    "TrialStopped": "objective.handover",
    "check": "api.spaces",
    "compare_studies": "api.studies",
    "confirm": "api.confirming",
    "enqueue": "api.studies",
    "init": "api.spaces",
    "keep": "api.studies",
    "list_studies": "api.studies",
    "note": "api.steering",
    "open": "api.studies",
    "pause": "api.steering",
    "remove": "api.studies",
    "report_studies": "api.studies",
    "reporting": "objective.reporting",
    "resume": "api.sessions",
    "retry": "api.sessions",
    "run": "api.sessions",
    "schema": "api.outputs",
    "set_values": "api.steering",
    "show_studies": "api.studies",
    "stop": "api.studies",
    "stop_trials": "api.steering",
    "tag": "api.steering",
    "try_epoch": "api.spaces",
    "unpause": "api.steering",
}
"""Names that are loaded when they are asked for: an objective must not wait for all of them."""

__all__ = [
    "InfeasibleError",
    "Report",
    "SearchError",
    "SpaceError",
    "Study",
    "StudyError",
    "Trial",
    "TrialStopped",
    "check",
    "compare_studies",
    "confirm",
    "enqueue",
    "init",
    "keep",
    "list_studies",
    "note",
    "open",
    "pause",
    "remove",
    "report_studies",
    "reporting",
    "resume",
    "retry",
    "run",
    "schema",
    "set_values",
    "show_studies",
    "stop",
    "stop_trials",
    "tag",
    "try_epoch",
    "unpause",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"search.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
