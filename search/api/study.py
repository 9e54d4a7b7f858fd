"""A study to look into, from a notebook or a script."""

import operator
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.api.places import Folder, studies_folder
from search.best_trial.choice import choose_best_trial
from search.best_trial.classification import classify_files
from search.best_trial.evaluation import choose_trials, evaluate_trials
from search.best_trial.trained import CLASSIFICATION
from search.errors import StudyError
from search.plots.catalogue import PLOTS, TRIAL_PLOTS
from search.studies.export import leaderboard_frame
from search.studies.history import history_frame
from search.studies.leaderboard import leaderboard_rows
from search.studies.reader import StudyReader
from search.studies.trials import Trial as Trial
from search.summaries.evaluation import evaluation_facts
from search.summaries.study import counts_text
from search.summaries.summary import summary_facts

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

_N_SHOWN = 5
"""So many rows of a leaderboard are shown where a study is shown."""
_NEEDS = {
    "curves": "a trial of two epochs",
    "slices": "a parameter that differs between trials",
    "importance": "two parameters that vary",
    "contour": "two parameters that differ between complete trials",
    "front": "several metrics",
    "parallel": "two parameters that differ between complete trials",
    "learning_rate": "a complete trial that reported learning_rate, and not one throughout",
    "confusion_matrix": "test figures, see evaluate",
    "class_accuracy": "test figures, see evaluate",
}
"""What a figure is drawn from, where a study may have none of it."""


class Study:
    """A study, to look into; made by `Study.open`, `run` or `resume`.

    Args:
        recorded: The study as the other modules know it.
    """

    def __init__(self, recorded: StudyReader) -> None:
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
        return cls(StudyReader.open(name, studies_folder(studies)))

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
        return self._recorded.trials()

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
        try:
            return self._recorded.trial(operator.index(number))
        except TypeError:
            raise StudyError(
                f"{self.name}: a trial or its number must be given, got {number!r}"
            ) from None

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
        return dict(summary_facts(self._recorded))

    def evaluate(self, trial: Trial | int | None = None) -> dict[str, Any]:
        """Give a trial its figures on the test split, as `search evaluate` does: once.

        Args:
            trial: A trial or its number; None for the best one.

        Returns:
            Plain data, as `search evaluate --json` prints it: `trial`, `best_epoch`, the metrics
            of each split, `per_class`, `confusion`, `worst` and the `seconds` of the test pass.

        Raises:
            SearchError: If it is not complete, its checkpoint is gone, its objective cannot
                predict, or another process runs the study.
        """
        chosen = choose_trials(self._recorded, [self._number(trial)], top=1)
        evaluate_trials(self._recorded, chosen, again=False, skip=False, say=_say_nothing)
        return dict(evaluation_facts(self.trial(chosen[0].number)))

    def predict(
        self, images: str | Path | Sequence[str | Path], trial: Trial | int | None = None
    ) -> "DataFrame":
        """Classify image files, as `search predict` does.

        Args:
            images: A file, or several.
            trial: A trial or its number; None for the best one that has a checkpoint.

        Returns:
            The probability of each class, one row an image; files that are no images are left
            out.

        Raises:
            SearchError: If no file is an image, or as with `evaluate`.
        """
        import pandas as pd

        number = None if trial is None else self._number(trial)
        winner = choose_best_trial(self._recorded, number, CLASSIFICATION, _say_nothing)
        files = [images] if isinstance(images, str | Path) else images
        paths = [Path(image) for image in files]
        if not paths:
            return pd.DataFrame()
        found = classify_files(self._recorded, winner, paths, _say_nothing)
        rows = {str(one.path): dict(sorted(one.classes)) for one in found}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("image")

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
        return trial.number if isinstance(trial, Trial) else self.trial(trial).number

    def _figure(self, name: str, number: int | None = None) -> "Figure":
        if number is None:
            figure = PLOTS[name](self._recorded)
        else:
            figure = TRIAL_PLOTS[name](self._recorded, number)
        if figure is None:
            of = self.name if number is None else f"{self.name}: trial {number}"
            raise StudyError(f"{of}: for this figure there must be {_NEEDS[name]}")
        return figure


def _say_nothing(text: str) -> None:
    pass
