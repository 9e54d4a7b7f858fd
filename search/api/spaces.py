"""A space file before it runs: found, written, checked, described and tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from search.api.study import announce
from search.errors import ObjectiveError, SearchError, SpaceError
from search.objective.contract import ClassCounts
from search.objective.probing import describe
from search.running.trying import Tried, try_first_epoch
from search.spaces.first_space import write_first_space
from search.spaces.shipped_spaces import find_space
from search.spaces.space_file import import_folders, load_space_file, problem_in
from search.spaces.spec import Spec
from search.summaries.layout import Part
from search.summaries.space import (
    CheckFacts,
    TriedFacts,
    class_part,
    notes_part,
    space_facts,
    space_part,
)
from search.summaries.space import wrong_space_facts as wrong_space_facts
from search.text import listing

Space = str | Path | Mapping[str, Any]
"""A space file, the name of one that comes with this program, or what one holds."""


@dataclass(frozen=True)
class Checked:
    """A valid search, and what its objective says of its images without training.

    Args:
        spec: The search.
        class_counts: Images by class and split, if the objective counts them.
        notes: What is odd about the images.
        problem: Why no trial can run yet; empty if nothing speaks against it.
        declares: Whether the objective names what it reports, so that there is less to try.
    """

    spec: Spec
    class_counts: ClassCounts | None = None
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    declares: bool = False

    @property
    def facts(self) -> CheckFacts:
        """The same as plain data, as `search check --json` prints it."""
        counts = self.class_counts
        return {
            **space_facts(self.spec),
            "classes": None if counts is None else {name: dict(counts[name]) for name in counts},
            "notes": list(self.notes),
            "problem": self.problem,
        }

    @property
    def parts(self) -> list[Part]:
        """What `search check` prints: the search, its images by class, what is odd of them."""
        parts = [space_part(self.spec)]
        parts += [class_part(self.class_counts)] if self.class_counts else []
        return [*parts, notes_part(self.notes)] if self.notes else parts


def init(folder: str | Path = ".", *, space: str | None = None, objective: bool = False) -> Path:
    """Write a commented space file that runs, as `search init` does.

    Args:
        folder: Where to; it is made if it is missing.
        space: A space that comes with this program, to be copied; None for a short one.
        objective: Whether to write an objective of one's own as well.

    Returns:
        The space file.

    Raises:
        SearchError: If both are asked for, or a file is there already.
    """
    if space and objective:
        raise SearchError(
            "--from: a space that comes with search must be copied without --objective"
        )
    first, *others = write_first_space(Path(folder), space, objective)
    announce(f"wrote {listing([first, *others])}")
    return first


def find(space: Space) -> Path | Mapping[str, Any]:
    """Find a space file by its path, else by its name among those that come with this program.

    Args:
        space: A space file or its name; what one holds is given back as it is.

    Returns:
        The file that is there; if it is one that comes with this program, this is said.
    """
    if isinstance(space, Mapping):
        return space
    found = find_space(Path(space))
    if found != Path(space):
        announce(f"{space}: the space of this name that comes with search, {found}")
    return found


def check(space: Space, overrides: Sequence[str] = (), *, ask: bool = True) -> Checked:
    """Validate a space file and describe its search, as `search check` does.

    Args:
        space: A space file, the name of a shipped one, or what one holds.
        overrides: Assignments to its keys, such as `budget.trials=10`.
        ask: Whether objective and plug-ins may be imported and asked; without that, nothing that
            the file names is executed, and what only they could tell is not checked.

    Returns:
        The search, and what its objective says of its images.

    Example:
        >>> check("spaces/small_cnn.yaml", ["budget.trials=7"]).spec.budget.trials
        7
    """
    source = find(space)
    spec = load_space_file(source, overrides, probe=ask, ask=ask)
    if not ask:
        return Checked(spec)
    try:
        description = describe(spec.objective, spec.settings)
        return Checked(
            spec,
            description.class_counts(),
            description.notes(),
            declares=description.parameters() is not None,
        )
    except ObjectiveError as error:
        return Checked(spec, problem=str(error))


def try_epoch(space: Space, overrides: Sequence[str] = ()) -> Tried:
    """Run one epoch of one point without a study, as `search check --try` does.

    Args:
        space: A space file, the name of a shipped one, or what one holds.
        overrides: Assignments to its keys, such as `settings.epochs=2`.

    Returns:
        The point, its epoch, and what the objective can do besides training.

    Raises:
        SpaceError: If the epoch lacks a metric of the search.
    """
    source = find(space)
    spec = load_space_file(source, overrides)
    tried = try_first_epoch(spec, import_folders(source))
    if tried.problem:
        raise SpaceError([problem_in(source, overrides, *tried.problem)])
    return tried


def tried_facts(tried: Tried) -> TriedFacts:
    """Give what one epoch has shown as plain data."""
    return {
        "params": tried.params,
        "metrics": tried.epoch.metrics,
        "set_up_s": tried.set_up_s,
        "epoch_s": tried.epoch.seconds,
        "abilities": list(tried.abilities),
    }
