"""The project for notebooks and scripts: run a search, look into a study.

Everything here only puts what other modules do within reach, under names that stay.

Example:
    >>> import tempfile
    >>> import search
    >>> folder = tempfile.mkdtemp()
    >>> small = ["budget.trials=3", "pruner.name=none", "settings.epochs=2"]
    >>> study = search.run("spaces/small_cnn.yaml", small, studies=folder,
    ...                    engine="inline", quiet=True)
    >>> study
    <Study small_cnn, 3 trials: 3 complete>
    >>> int(study.leaderboard()["trial"][0]) == study.best.number
    True
    >>> study.history()["epoch"].tolist()
    [1, 2]
    >>> study.plot_history().axes[0].get_xlabel()
    'trial (number)'
    >>> search.list_studies(folder)["trials"].tolist()
    [3]
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from search.errors import SearchError, StudyError
from search.plots.catalogue import FIGURES, TRIAL_FIGURES
from search.running.engines import engine_module
from search.running.sitting import extend_study, run_study
from search.spaces.space_file import import_folders, load_space_file
from search.studies.export import leaderboard_frame
from search.studies.history import history_frame
from search.studies.leaderboard import leaderboard_rows
from search.studies.lock import driving
from search.studies.record import TrialRecord as Trial
from search.studies.study import Study as RecordedStudy
from search.studies.study_folder import study_names
from search.summaries.best_trials import summary_facts
from search.summaries.facts import study_facts
from search.summaries.summary import counts_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

Folder = str | Path | None
"""The folder of all studies; None stands for `$SEARCH_STUDIES`, else for `studies`."""

_N_SHOWN = 5
"""So many rows of a leaderboard are shown where a study is shown."""
_NEEDS = {
    "contour": "two numeric parameters that vary",
    "front": "several metrics",
    "parallel": "two parameters",
    "learning_rate": "a complete trial that reported learning_rate",
    "confusion_matrix": "test figures, which `search evaluate` makes",
    "class_accuracy": "test figures, which `search evaluate` makes",
}
"""What a figure is drawn from, where a study may have none of it."""


class Study:
    """A study, to look into; made by `Study.open`, `run` or `resume`.

    Args:
        recorded: The study as the other modules know it.
    """

    def __init__(self, recorded: RecordedStudy) -> None:
        self._recorded = recorded

    @classmethod
    def open(cls, name: str, studies: Folder = None) -> "Study":
        """Open a study that exists; nothing in it is changed or executed.

        Args:
            name: Its name, or the path of its folder.
            studies: The folder of all studies.

        Returns:
            The study; it also shows what a run that goes on adds to it.

        Raises:
            StudyError: If there is no such study.

        Example:
            >>> Study.open("smal_cnn", "no_such_folder")
            Traceback (most recent call last):
            search.errors.StudyError: no_such_folder/smal_cnn: a study must exist; in ...
        """
        return cls(RecordedStudy.open(name, _folder(studies)))

    @property
    def name(self) -> str:
        """The study's name."""
        return self._recorded.name

    @property
    def folder(self) -> Path:
        """Where it is saved."""
        return self._recorded.folder

    @property
    def trials(self) -> list[Trial]:
        """All trials that have begun, best first."""
        return self._recorded.records()

    @property
    def best(self) -> Trial:
        """The best complete trial.

        Raises:
            StudyError: If none is complete.
        """
        trials = self.trials
        if not trials or trials[0].state != "COMPLETE":
            raise StudyError(
                f"{self.name}: a complete trial must exist, got {counts_text(trials)}"
            )
        return trials[0]

    def trial(self, number: int) -> Trial:
        """Read one trial.

        Args:
            number: From 0.

        Returns:
            Its parameters, state, value, metrics at the best epoch, and test figures.

        Raises:
            StudyError: If there is no such trial.
        """
        return self._recorded.record(number)

    def leaderboard(self, top: int | None = None, sort: str = "rank") -> "DataFrame":
        """Make the table of all trials, best first.

        Args:
            top: Only so many rows; None for every trial.
            sort: A column; a leading `-` turns the order round.

        Returns:
            One row a trial, with the columns that `search export` writes.

        Raises:
            StudyError: If there is no such column.
        """
        return leaderboard_frame(leaderboard_rows(self._recorded, top, sort))

    def history(self, trial: Trial | int | None = None) -> "DataFrame":
        """Make the table of a trial's epochs.

        Args:
            trial: A trial or its number; None for the best one.

        Returns:
            One row an epoch; empty if the trial has reported none.

        Raises:
            StudyError: If there is no such trial.
        """
        return history_frame(self._recorded.trial_folder(self._number(trial)))

    def summary(self) -> dict[str, Any]:
        """Gather what `search summary` tells.

        Returns:
            Plain data: `best`, `importance`, `edges`, `endings`, `savings` and more.
        """
        return summary_facts(self._recorded)

    def plot_history(self) -> "Figure":
        """Draw the value of each trial, and the best so far."""
        return self._figure("history")

    def plot_curves(self) -> "Figure":
        """Draw the learning curves of the best and of the pruned trials."""
        return self._figure("curves")

    def plot_slices(self) -> "Figure":
        """Draw the value over each parameter."""
        return self._figure("slices")

    def plot_parallel(self) -> "Figure":
        """Draw trials as lines over all parameters.

        Returns:
            The figure.

        Raises:
            StudyError: If there is one parameter only.
        """
        return self._figure("parallel")

    def plot_importance(self) -> "Figure":
        """Draw how much each parameter mattered."""
        return self._figure("importance")

    def plot_contour(self) -> "Figure":
        """Draw the value over the two numeric parameters that mattered most.

        Returns:
            The figure.

        Raises:
            StudyError: If fewer than two vary.
        """
        return self._figure("contour")

    def plot_front(self) -> "Figure":
        """Draw the Pareto front.

        Returns:
            The figure.

        Raises:
            StudyError: If there is one metric only.
        """
        return self._figure("front")

    def plot_timeline(self) -> "Figure":
        """Draw which trial ran when."""
        return self._figure("timeline")

    def plot_learning_rate(self, trial: Trial | int | None = None) -> "Figure":
        """Draw a trial's learning rates and the epochs in which its backbone was frozen.

        Args:
            trial: A trial or its number; None for the best one.

        Returns:
            The figure.

        Raises:
            StudyError: If there is no such trial, or it reported no learning rate.
        """
        return self._figure("learning_rate", self._number(trial))

    def plot_confusion_matrix(self, trial: Trial | int | None = None) -> "Figure":
        """Draw the confusion matrix of an evaluated trial.

        Args:
            trial: A trial or its number; None for the best one that is evaluated.

        Returns:
            The figure.

        Raises:
            StudyError: If there is no such trial, or it has no test figures.
        """
        return self._figure("confusion_matrix", None if trial is None else self._number(trial))

    def plot_class_accuracy(self, trial: Trial | int | None = None) -> "Figure":
        """Draw the accuracy of an evaluated trial by class.

        Args:
            trial: A trial or its number; None for the best one that is evaluated.

        Returns:
            The figure.

        Raises:
            StudyError: If there is no such trial, or it has no test figures.
        """
        return self._figure("class_accuracy", None if trial is None else self._number(trial))

    def __repr__(self) -> str:
        """Name the study and count its trials."""
        return f"<Study {self.name}, {counts_text(self.trials)}>"

    def _repr_html_(self) -> str:
        """Show the study in a notebook: its trials counted and the best of them."""
        frame = self.leaderboard(_N_SHOWN).dropna(axis="columns", how="all")
        table = frame.to_html(index=False, float_format=lambda number: f"{number:.4g}", border=0)
        return f"<p><b>{escape(self.name)}</b>, {counts_text(self.trials)}</p>{table}"

    def _number(self, trial: Trial | int | None) -> int:
        if trial is None:
            return self.best.number
        return self.trial(trial if isinstance(trial, int) else trial.number).number

    def _figure(self, name: str, number: int | None = None) -> "Figure":
        if number is None:
            figure = FIGURES[name](self._recorded)
        else:
            figure = TRIAL_FIGURES[name](self._recorded, number)
        if figure is None:
            of = self.name if number is None else f"{self.name}: trial {number}"
            raise StudyError(f"{of}: for this figure there must be {_NEEDS[name]}")
        return figure


def run(  # noqa: PLR0913  as the flags of the verb
    space: str | Path,
    overrides: Sequence[str] = (),
    *,
    studies: Folder = None,
    engine: str = "ray",
    address: str | None = None,
    quiet: bool = False,
) -> Study:
    """Run a search, as `search run` does.

    Args:
        space: A space file.
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
    module, path = engine_module(engine), Path(space)
    spec = load_space_file(path, list(overrides))
    recorded = RecordedStudy.create(spec, _folder(studies), import_folders(path))
    try:
        with driving(recorded.folder):
            run_study(recorded, module, address, Console(stderr=True), quiet=quiet)
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
        trials: Trials in all, or how many more, as `"+20"`; None leaves the budget as it is.
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
    recorded = RecordedStudy.open(name, _folder(studies))
    with driving(recorded.folder):
        recorded.cut_torn_record()
        wanted = None if trials is None else str(trials)
        recorded = extend_study(recorded, wanted, [])
        run_study(recorded, module, address, Console(stderr=True), quiet=quiet)
    return Study(recorded)


def list_studies(studies: Folder = None) -> "DataFrame":
    """List the studies there are; those that cannot be read are left out.

    Args:
        studies: The folder of all studies.

    Returns:
        One row a study: trials by state, best value, metric, last change.
    """
    import pandas as pd

    rows, folder = [], _folder(studies)
    for name in study_names(folder):
        with suppress(SearchError):
            rows.append(study_facts(RecordedStudy.open(name, folder)))
    return pd.DataFrame(rows)


def _folder(studies: Folder) -> Path:
    return Path(studies or os.environ.get("SEARCH_STUDIES") or "studies")
