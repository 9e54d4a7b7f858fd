"""Sessions of a study: `run` begins one, `resume` and `retry` go on with it.

Options have the names of the command line's flags, and messages call them so.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import gethostname
from typing import Any

from rich.console import Console

from search.api.driving import driver_of, overrides_of
from search.api.spaces import Space, find
from search.api.steering import set_values, unpause
from search.api.study import Folder, Study, announce, place_of, studies_folder
from search.errors import ObjectiveError, SearchError, StudyError
from search.objective.probing import describe, may_describe
from search.progress.events import Tell
from search.progress.watching import Audience, run_watched
from search.running.engines import Place, engine_module
from search.running.session import extend_study, wanted_trials
from search.spaces.space_file import import_folders, load_space_file
from search.spaces.spec import Spec
from search.studies.confirmation import refuse_confirmation
from search.studies.database import DatabaseError, without_password
from search.studies.driver import StudyDriver
from search.studies.folder import study_command, study_names
from search.studies.lock import driving, find_driver
from search.studies.notes import write_tags
from search.studies.queue import n_waiting, retry_trials
from search.studies.queue import warm_start as inform
from search.studies.reader import StudyReader
from search.studies.space_change import change_space, n_informing, space_diff
from search.studies.trials import FAILURE_KINDS
from search.text import did_you_mean, listing, parse_duration

Ended = Callable[[Study], object]
"""Called with the study when its session has ended, whether or not by an error."""

_PASSWORD_NOTE = (
    "the password of its database is not kept; later commands find it in PGPASSWORD or ~/.pgpass, "
    "or as ${NAME} in the URL of `storage`"
)


@contextmanager
def signals_restored() -> Iterator[None]:
    """Undo what a session does to signals for good, as its process is expected to end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@signals_restored()
def run(  # noqa: PLR0913  the flags of `search run`
    space: Space,
    overrides: Sequence[str] = (),
    *,
    name: str | None = None,
    trials: int | None = None,
    time: str | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    pruner: str | None = None,
    workers: int | None = None,
    warm_start: str | None = None,
    tags: Sequence[str] = (),
    studies: Folder = None,
    engine: str = "ray",
    address: str | None = None,
    wait_for_workers: str | None = None,
    quiet: bool = False,
    plain: bool = True,
    on_event: Tell | None = None,
    ended: Ended = lambda _: None,
) -> Study:
    """Run a search, as `search run` does.

    An error of the session, an interruption too, is a `SearchError`; what has run is saved.

    Args:
        space: A space file, the name of a shipped one, or what one holds.
        overrides: Assignments to its keys, such as `budget.trials=10`.
        name: Name of the study; None leaves this and the following to the space file.
        trials: Number of trials.
        time: Time budget, as `1h30m`.
        seed: The study's seed.
        sampler: Name of the sampler.
        pruner: Name of the pruner.
        workers: Number of parallel trials.
        warm_start: A study whose trials inform the sampler; None for none.
        tags: Words to find the study by.
        studies: The folder of all studies.
        engine: `ray`, or `inline` for one trial after another in this process.
        address: A Ray cluster to join; None for one on this machine.
        wait_for_workers: How long to wait for a node of it, as `10m`, where no trial fits on any.
        quiet: Whether to show no progress.
        plain: Whether a terminal shows a table in place, not the screen that takes all of it.
        on_event: Called with each event of the session, a dict, as `--events` prints it.
        ended: Called with the study at the end, whether or not by an error.

    Returns:
        The study.
    """
    place = place_to_run(engine_module(engine, workers, overrides), address, wait_for_workers)
    source = find(space)
    options = overrides_of(
        name=name,
        trials=trials,
        time=time,
        seed=seed,
        sampler=sampler,
        pruner=pruner,
        workers=workers,
    )
    spec = load_space_file(source, [*overrides, *options])
    _say_notes(spec)
    folder = studies_folder(studies)
    other = StudyReader.open(warm_start, folder) if warm_start else None
    driver = StudyDriver.create(spec, folder, import_folders(source))
    if without_password(spec.storage) != spec.storage:
        announce(f"{driver.name}: {_PASSWORD_NOTE}")
    try:
        with driving(driver.folder):
            if tags:
                write_tags(driver, tags)
            if other:
                of = f"{inform(driver, other)} of {len(other.trials())} trials of {other.name}"
                announce(f"{driver.name}: {of} inform the sampler")
            audience = audience_of(driver, quiet, plain, on_event)
            return run_session(driver, place, audience, ended)
    finally:
        with suppress(DatabaseError):
            driver.discard_if_empty()


@signals_restored()
def resume(  # noqa: PLR0913  the flags of `search resume`
    study: Study | str | Path,
    trials: int | str | None = None,
    *,
    time: str | None = None,
    sampler: str | None = None,
    pruner: str | None = None,
    workers: int | None = None,
    space: Space | None = None,
    studies: Folder = None,
    engine: str = "ray",
    address: str | None = None,
    wait_for_workers: str | None = None,
    quiet: bool = False,
    plain: bool = True,
    on_event: Tell | None = None,
    ended: Ended = lambda _: None,
) -> Study:
    """Go on with a study, as `search resume` does: interrupted trials first.

    A study that another process runs and has paused goes on there; this returns at once.

    Args:
        study: A study, its name, or the path of its folder.
        trials: Trials in all, or how many more than the budget, as `"+20"`; None leaves this
            and the following as they are.
        time: Time budget, as `1h30m`.
        sampler: Name of the sampler.
        pruner: Name of the pruner.
        workers: Number of parallel trials.
        space: A changed space to go on in: a space file, or what one holds.
        studies: The folder of all studies.
        engine: `ray`, or `inline` for one trial after another in this process.
        address: A Ray cluster to join; None for one on this machine.
        wait_for_workers: How long to wait for a node of it, as `10m`, where no trial fits on any.
        quiet: Whether to show no progress.
        plain: Whether a terminal shows a table in place, not the screen that takes all of it.
        on_event: Called with each event of the session, a dict, as `--events` prints it.
        ended: Called with the study at the end, whether or not by an error.

    Returns:
        The study.
    """
    place = place_to_run(engine_module(engine, workers), address, wait_for_workers)
    options = overrides_of(time=time, sampler=sampler, pruner=pruner, workers=workers)
    paused = _paused(study, studies)
    if paused and space is None:
        return _go_on_there(paused, trials, [option.assignment for option in options])
    with driver_of(study, studies) as driver:
        if (space, sampler, pruner) != (None, None, None):
            refuse_confirmation(driver, "its space, sampler and pruner must stay")
        if space is not None:
            driver = _change_space(driver, find(space))
        extend_study(driver, None if trials is None else str(trials), options)
        audience = audience_of(driver, quiet, plain, on_event)
        return run_session(driver, place, audience, ended)


@signals_restored()
def retry(  # noqa: PLR0913  the flags of `search retry`
    study: Study | str | Path,
    trials: Sequence[int] = (),
    *,
    kind: str | None = None,
    workers: int | None = None,
    studies: Folder = None,
    engine: str = "ray",
    address: str | None = None,
    wait_for_workers: str | None = None,
    quiet: bool = False,
    plain: bool = True,
    on_event: Tell | None = None,
    ended: Ended = lambda _: None,
) -> Study:
    """Run failed trials again, each as a new trial, as `search retry` does.

    Args:
        study: A study, its name, or the path of its folder.
        trials: Numbers of failed trials; empty for all that have not been tried again yet and
            did not fail twice of the same.
        kind: Only failures of this kind; None for all but infeasible ones.
        workers: Number of parallel trials; None leaves it as it is.
        studies: The folder of all studies.
        engine: `ray`, or `inline` for one trial after another in this process.
        address: A Ray cluster to join; None for one on this machine.
        wait_for_workers: How long to wait for a node of it, as `10m`, where no trial fits on any.
        quiet: Whether to show no progress.
        plain: Whether a terminal shows a table in place, not the screen that takes all of it.
        on_event: Called with each event of the session, a dict, as `--events` prints it.
        ended: Called with the study at the end, whether or not by an error.

    Returns:
        The study.

    Raises:
        SearchError: If there is no such kind of failure.
        StudyError: If there are no failed trials to retry.
    """
    place = place_to_run(engine_module(engine, workers), address, wait_for_workers)
    if kind is not None and kind not in FAILURE_KINDS:
        hint = did_you_mean(kind, FAILURE_KINDS)
        valid = listing(FAILURE_KINDS)
        raise SearchError(
            f"--kind: a kind of failure must be given, got {kind!r}{hint}; valid: {valid}"
        )
    with driver_of(study, studies) as driver:
        chosen = retry_trials(driver, trials, kind)
        if not chosen:
            raise StudyError(
                f"{driver.name}: no failed trials to retry; a trial that failed twice for the "
                "same reason, or was retried before, must be named by its number"
            )
        announce(f"{driver.name}: retrying {listing(chosen)}")
        wanted = len(driver.trials()) + n_waiting(driver)
        more = str(wanted) if wanted > (driver.spec.budget.trials or wanted) else None
        extend_study(driver, more, overrides_of(workers=workers))
        audience = audience_of(driver, quiet, plain, on_event)
        return run_session(driver, place, audience, ended)


def place_to_run(engine: str, address: str | None, wait_for_workers: str | None) -> Place:
    """Read where trials are to run, as `--address` and `--wait-for-workers` say."""
    try:
        wait_s = 0.0 if wait_for_workers is None else parse_duration(wait_for_workers)
    except ValueError as error:
        raise SearchError(f"--wait-for-workers: {error}") from None
    if wait_s and address is None:
        raise SearchError("--wait-for-workers: a cluster must be joined, by --address HOST:PORT")
    return Place(engine, address, wait_s)


def run_session(
    driver: StudyDriver, place: Place, audience: Audience, ended: Ended = lambda _: None
) -> Study:
    """Run a session of a study that this process drives."""
    _say_other_sessions(driver)
    study = Study(driver)
    try:
        run_watched(driver, place, Console(stderr=True), audience)
    except BaseException:
        with suppress(DatabaseError):  # the error that ended the session says more
            ended(study)
        raise
    ended(study)
    return study


def audience_of(
    driver: StudyDriver, quiet: bool, plain: bool, on_event: Tell | None = None
) -> Audience:
    """Gather who sees a session; no module in the user's folder can replace the screen."""
    screen = (sys.executable, "-P", "-m", "search.api.watching", str(driver.folder.resolve()))
    return Audience(quiet, () if plain else screen, on_event)


def _paused(study: Study | str | Path, studies: Folder) -> StudyReader | None:
    """Open a study whose session another process has paused; None if it is not so."""
    reader = StudyReader.open(*place_of(study, studies))
    return reader if reader.paused_since() else None


def _go_on_there(
    reader: StudyReader, trials: int | str | None, assignments: Sequence[str]
) -> Study:
    """Let the process that has paused a study go on with it."""
    study = Study(reader)
    wanted = [] if trials is None else [f"budget.trials={wanted_trials(reader, str(trials))}"]
    if changes := [*wanted, *assignments]:
        announce(f"{study.name}: {set_values(study, changes)}")
    follow = study_command(study.folder, "watch")
    announce(f"{study.name}: {unpause(study)} by {find_driver(study.folder)}; see `{follow}`")
    return study


def _change_space(driver: StudyDriver, space: Path | Mapping[str, Any]) -> StudyDriver:
    spec = load_space_file(space)
    differences = space_diff(driver.spec, spec)
    if not differences:
        given = space if isinstance(space, Path) else "what was given"
        announce(f"{driver.name}: {given} is the space it has")
        return driver
    changed = change_space(driver, spec, import_folders(space))
    announce("\n".join(differences))
    fitting = f"{n_informing(changed)} of {n_informing(driver)} finished trials"
    announce(f"{driver.name}: version {changed.version} of its space, {fitting} fit")
    return changed


def _say_notes(spec: Spec) -> None:
    """Say what is odd about the images, where the objective can tell; a trial tells of errors."""
    if not may_describe(spec.objective):
        return  # importing an objective takes seconds, and is its workers' business
    with suppress(ObjectiveError):
        for note in describe(spec.objective, spec.settings).notes():
            announce(f"note: {note}")


def _say_other_sessions(driver: StudyDriver) -> None:
    """Say which other studies run on this machine, as their trials share its cores."""
    folders = [driver.folder.parent / name for name in study_names(driver.folder.parent)]
    others = {folder.name: find_driver(folder) for folder in folders if folder != driver.folder}
    here = [name for name, other in others.items() if other and other.host == gethostname()]
    if here:
        runs = "also runs" if len(here) == 1 else "also run"
        text = f"{listing(here)} {runs} on this machine; use --workers to share its cores"
        announce(f"{driver.name}: {text}")
