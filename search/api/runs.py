"""Running searches, and listing studies, from a notebook or a script."""

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from search.api.places import Folder, studies_folder
from search.api.study import Study
from search.errors import SearchError
from search.progress.watching import run_watched
from search.running.engines import engine_module
from search.running.session import extend_study
from search.spaces.space_file import import_folders, load_space_file
from search.studies.driver import StudyDriver
from search.studies.lock import driving
from search.studies.storage import cut_torn_line
from search.studies.study_folder import study_names
from search.summaries.study import study_facts

if TYPE_CHECKING:
    from pandas import DataFrame


def run(  # noqa: PLR0913  as the flags of the verb
    space: str | Path | Mapping[str, Any],
    overrides: Sequence[str] = (),
    *,
    studies: Folder = None,
    engine: str = "ray",
    address: str | None = None,
    quiet: bool = False,
) -> Study:
    """Run a search, as `search run` does.

    Args:
        space: A space file, or what one holds.
        overrides: Assignments to its keys, such as `budget.trials=10`.
        studies: The folder of all studies.
        engine: `ray`, or `inline` for one trial after another in this process.
        address: A Ray cluster to join; None for one on this machine.
        quiet: Whether to show no progress.

    Returns:
        The study.

    Raises:
        SearchError: If the space file does not hold, the study exists, the run could not go
            on, was interrupted, or no trial completed; what has run is saved.
    """
    module = engine_module(engine, overrides=overrides)
    source = Path(space) if isinstance(space, str) else space
    spec = load_space_file(source, list(overrides))
    recorded = StudyDriver.create(spec, studies_folder(studies), import_folders(source))
    try:
        with driving(recorded.folder), _signals_restored():
            run_watched(recorded, module, address, Console(stderr=True), quiet=quiet)
    finally:
        recorded.discard_if_empty()
    return Study(recorded)


def resume(  # noqa: PLR0913  as the flags of the verb
    name: str,
    trials: int | str | None = None,
    *,
    studies: Folder = None,
    engine: str = "ray",
    address: str | None = None,
    quiet: bool = False,
) -> Study:
    """Go on with a study, as `search resume` does.

    Args:
        name: The study.
        trials: Trials in all, or how many more than the budget, as `"+20"`; None leaves it as
            it is.
        studies: The folder of all studies.
        engine: `ray`, or `inline` for one trial after another in this process.
        address: A Ray cluster to join; None for one on this machine.
        quiet: Whether to show no progress.

    Returns:
        The study.

    Raises:
        SearchError: If there is no such study, another process runs it, or as with `run`.
    """
    module = engine_module(engine)
    recorded = StudyDriver.open(name, studies_folder(studies))
    with driving(recorded.folder), _signals_restored():
        cut_torn_line(recorded.folder, recorded.spec.storage)
        wanted = None if trials is None else str(trials)
        recorded = extend_study(recorded, wanted, [])
        run_watched(recorded, module, address, Console(stderr=True), quiet=quiet)
    return Study(recorded)


def list_studies(studies: Folder = None) -> "DataFrame":
    """List the studies there are; those that cannot be read are left out.

    Args:
        studies: The folder of all studies.

    Returns:
        One row a study: trials by state, best value, metric, last change.
    """
    import pandas as pd

    rows, folder = [], studies_folder(studies)
    for name in study_names(folder):
        with suppress(SearchError):
            rows.append(study_facts(StudyDriver.open(name, folder)))
    return pd.DataFrame(rows)


@contextmanager
def _signals_restored() -> Iterator[None]:
    """Undo what a run does to signals for good, as its process is expected to end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
