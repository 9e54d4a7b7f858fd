"""What is done to studies from outside their sessions: listed, given points, stopped, removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from search.api.study import Folder, Study, announce, place_of, studies_folder
from search.best_trial.choice import complete_trials, has_checkpoint, require_complete
from search.best_trial.trained import EVALUATION
from search.errors import SearchError, StudyError
from search.spaces.document import Document, Override
from search.spaces.parameters import Scalar
from search.studies.confirmation import refuse_confirmation
from search.studies.driver import StudyDriver
from search.studies.folder import study_names
from search.studies.lock import Driver, driving, stop_driver
from search.studies.queue import enqueue_point, keep_checkpoints
from search.studies.reader import StudyReader
from search.summaries.layout import Findings
from search.summaries.study import (
    StudyFacts,
    database_facts,
    plain_rows,
    studies_part,
    study_facts,
)
from search.text import listing

if TYPE_CHECKING:
    from pandas import DataFrame

    from search.summaries.side_by_side import SideBySideFacts

open = Study.open


def list_studies(studies: Folder = None, *, storage: str | None = None) -> "DataFrame":
    """List the studies there are; those that cannot be read are left out.

    Args:
        studies: The folder of all studies.
        storage: The URL of a database, whose studies to list instead.

    Returns:
        One row a study: trials by state, best value, metric, last change.
    """
    import pandas as pd

    return pd.DataFrame(show_studies(studies, storage=storage).facts)


def show_studies(
    studies: Folder = None, *, storage: str | None = None, tags: Sequence[str] = ()
) -> Findings[list[StudyFacts]]:
    """Lay out the studies there are, as `search list` does.

    Args:
        studies: The folder of all studies.
        storage: The URL of a database, whose studies to list instead.
        tags: Only studies that have all of these.

    Returns:
        Each study's trials by state, best value, metric, last change.
    """
    there = _readable(studies_folder(studies)) if storage is None else database_facts(storage)
    found = [facts for facts in there if {*tags} <= {*facts.get("tags", [])}]
    return Findings(found, [studies_part(found)], plain_rows(found))


def _readable(folder: Path) -> list[StudyFacts]:
    found = []
    for name in study_names(folder):
        try:
            found.append(study_facts(StudyReader.open(name, folder)))
        except SearchError as error:
            announce(f"left out: {error}")
    return found


def compare_studies(
    names: Sequence[Study | str | Path], *, studies: Folder = None
) -> "Findings[SideBySideFacts]":
    """Compare studies of one metric by their best trials, as `search report A B` does.

    Args:
        names: Two studies or more: each a study, its name, or the path of its folder.
        studies: The folder of all studies.

    Returns:
        Facts: `studies`, best first where there is a `leader`, and in `leads` how far the others
        are behind; without one, `unranked` says why.
    """
    from search.summaries.side_by_side import side_by_side_facts, side_by_side_parts, sides_of

    facts = side_by_side_facts(sides_of(_opened(names, studies)))
    return Findings(facts, side_by_side_parts(facts))


def report_studies(
    names: Sequence[Study | str | Path],
    output: str | Path | None = None,
    *,
    studies: Folder = None,
) -> Path:
    """Write studies of one metric side by side as one HTML page, as `search report A B` does.

    Args:
        names: Two studies or more: each a study, its name, or the path of its folder.
        output: The file; None for `comparison.html` beside the folder of the first one.
        studies: The folder of all studies.

    Returns:
        The file.
    """
    from search.report.comparison import write_comparison

    opened = _opened(names, studies)
    path = Path(output) if output else opened[0].folder.parent / "comparison.html"
    write_comparison(opened, path)
    return path


def _opened(names: Sequence[Study | str | Path], studies: Folder) -> list[StudyReader]:
    return [StudyReader.open(*place_of(name, studies)) for name in names]


def enqueue(
    study: Study | str | Path,
    point: Mapping[str, Scalar] | Sequence[str],
    *,
    studies: Folder = None,
) -> int:
    """Add a point to a running or saved study, to be tried next, as `search enqueue` does.

    Args:
        study: A study, its name, or the path of its folder.
        point: Values of some parameters, also as `["filters=32"]`; the others are sampled.
        studies: The folder of all studies.

    Returns:
        The number of the trial that will try it.
    """
    values = dict(point) if isinstance(point, Mapping) else _values(point)
    opened = StudyReader.open(*place_of(study, studies))
    refuse_confirmation(opened, "it takes no points but those of its candidates (--include TRIAL)")
    return enqueue_point(opened, values)


def _values(assignments: Sequence[str]) -> dict[str, Scalar]:
    point = Document("the point", is_file=False)
    for assignment in assignments:
        point.override(Override(assignment, assignment), example="filters=32")
    return point.data


@dataclass(frozen=True)
class Kept:
    """Which complete trials have a checkpoint.

    Args:
        present: Those that have one, best first.
        named: Those of them that are kept whatever their rank.
    """

    present: list[int]
    named: list[int]


def keep(study: Study | str | Path, trials: Sequence[int] = (), *, studies: Folder = None) -> Kept:
    """Keep the best epoch of some trials whatever their rank, as `search keep` does.

    Args:
        study: A study, its name, or the path of its folder.
        trials: Numbers of complete trials; empty to see which have a checkpoint.
        studies: The folder of all studies.

    Returns:
        Which trials have a checkpoint, and which of them are kept.

    Raises:
        StudyError: If the checkpoint of one of them is gone.
    """
    reader = StudyReader.open(*place_of(study, studies))
    complete = complete_trials(reader, EVALUATION)
    require_complete(trials, complete, reader.name)
    present = [number for number in complete if has_checkpoint(reader, number)]
    gone = [number for number in trials if number not in present]
    if gone:
        checkpoint = "checkpoint of trial" if len(gone) == 1 else "checkpoints of trials"
        is_gone = "is gone" if len(gone) == 1 else "are gone"
        raise StudyError(
            f"{reader.name}: the {checkpoint} {listing(gone)} {is_gone}; those of "
            f"{listing(present)} are left"
        )
    if trials:
        keep_checkpoints(reader, trials)
    return Kept(present, [number for number in reader.named_to_keep() if number in present])


def stop(study: Study | str | Path, *, now: bool = False, studies: Folder = None) -> Driver:
    """End a study's session in another process, as `search stop` does; it can be resumed.

    Args:
        study: A study, its name, or the path of its folder.
        now: Whether not to wait for the running epochs; returns once the process has ended.
        studies: The folder of all studies.

    Returns:
        The process.
    """
    return stop_driver(StudyReader.open(*place_of(study, studies)).folder, now=now)


def remove(study: Study | str | Path, *, studies: Folder = None) -> None:
    """Delete a study with everything recorded of it, as `search remove --yes` does.

    Args:
        study: A study, its name, or the path of its folder.
        studies: The folder of all studies.
    """
    driver = StudyDriver.open(*place_of(study, studies))
    with driving(driver.folder):
        driver.remove()
