"""A study to look into: `Study`, what the other functions give and take."""

import importlib
import operator
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from rich.console import Console

from search.errors import MissingExtraError, StudyError
from search.studies.checkpoint_store import shown_location
from search.studies.confirmation import open_confirmation, read_plan
from search.studies.export import format_of, history_frame, leaderboard_frame, write_leaderboard
from search.studies.folder import usual_studies
from search.studies.lead import lead_of
from search.studies.leaderboard import Row, leaderboard_rows
from search.studies.lock import find_driver
from search.studies.reader import StudyReader
from search.studies.trials import Trial as Trial
from search.summaries.layout import Findings, Part
from search.summaries.leaderboard import leaderboard_findings
from search.summaries.study import (
    StudyFacts,
    ahead_lines,
    counts_text,
    failure_lines,
    study_facts,
    study_parts,
)
from search.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from search.api.outputs import ResultFacts
    from search.best_trial.model_file import ModelFacts
    from search.best_trial.prediction import Classified as Classified
    from search.best_trial.trained import Use
    from search.summaries.comparison import ComparisonFacts
    from search.summaries.confirmation import ConfirmationFacts
    from search.summaries.evaluation import EvaluationFacts
    from search.summaries.ladder import LadderFacts
    from search.summaries.summary import SummaryFacts
    from search.summaries.trial import WholeTrialFacts

Folder = str | Path | None
"""The folder of all studies; None stands for `$SEARCH_STUDIES`, else for `studies`."""

_N_SHOWN = 5
"""How many rows of the leaderboard a notebook shows of a study."""

_NEEDS = {
    "curves": "a trial of two epochs",
    "slices": "a parameter that differs between trials",
    "importance": "two parameters that vary",
    "contour": "two parameters that differ between complete trials",
    "front": "several metrics",
    "parallel": "two parameters that differ between complete trials",
    "confirmation": "a confirmation, see confirm",
    "learning_rate": "a complete trial whose reported learning_rate changes",
    "confusion_matrix": "test metrics, see evaluate, or predictions in a best.pt, see keep",
    "class_accuracy": "test metrics, see evaluate, or predictions in a best.pt, see keep",
}
"""What a plot is drawn from, where a study may have none of it."""


def announce(text: str) -> None:
    """Tell the user something that is no result, on stderr."""
    sys.stderr.write(f"{printable(text)}\n")


def studies_folder(studies: Folder) -> Path:
    """Find the folder of all studies."""
    return Path(studies) if studies else usual_studies()


def place_of(study: "Study | str | Path", studies: Folder) -> tuple[str, Path]:
    """Give the name of a study, or the path of its folder, and the folder of all studies."""
    if isinstance(study, Study):
        return study.name, study.folder.parent
    return str(study), studies_folder(studies)


class Study:
    """A study, to look into; made by `open`, `run`, `resume` or `retry`.

    Args:
        reader: The study as the other modules know it.
    """

    def __init__(self, reader: StudyReader) -> None:
        self.reader = reader

    @classmethod
    def open(cls, name: str | Path, studies: Folder = None) -> "Study":
        """Open a study that exists; nothing in it is changed or executed.

        Args:
            name: Its name, or the path of its folder.
            studies: The folder of all studies.

        Returns:
            The study; it also shows what a run that goes on adds to it.

        Example:
            >>> Study.open("smal_cnn", "no_such_folder")
            Traceback (most recent call last):
            search.errors.StudyError: no_such_folder/smal_cnn: there is no such study; in ...
        """
        return cls(StudyReader.open(str(name), studies_folder(studies)))

    @property
    def name(self) -> str:
        """The study's name."""
        return self.reader.name

    @property
    def folder(self) -> Path:
        """Where it is saved."""
        return self.reader.folder

    @property
    def confirms(self) -> str | None:
        """The study that this one confirms; None of any other."""
        plan = read_plan(self.reader)
        return plan.study if plan else None

    @property
    def trials(self) -> list[Trial]:
        """All trials that have begun, best first."""
        return self.reader.trials()

    @property
    def best(self) -> Trial:
        """The best complete trial; without one, a `StudyError`."""
        trials = self.trials
        if not trials or trials[0].state != "COMPLETE":
            raise StudyError(
                f"{self.name}: a complete trial must exist, got {counts_text(trials)}"
            )
        return trials[0]

    @property
    def is_running(self) -> bool:
        """Whether a process runs its trials."""
        return find_driver(self.folder) is not None

    def trial(self, number: int) -> Trial:
        """Read one trial.

        Args:
            number: From 0.

        Returns:
            Its parameters, state, value, metrics at the best epoch, and test metrics.

        Raises:
            StudyError: If it is no number.
        """
        try:
            return self.reader.trial(operator.index(number))
        except TypeError:
            raise StudyError(
                f"{self.name}: a trial or its number must be given, got {number!r}"
            ) from None

    def tied(self) -> list[Trial]:
        """List the trials that cannot be told from the best one.

        Each complete trial is compared with it on the same validation images, adjusted by Holm, at
        5 %: of an accuracy by McNemar's exact test, of a loss, F1 or AUROC by a bootstrap, and
        then only trials that keep `best.pt`.

        Returns:
            Trials, best first, the best one included; empty where nothing is known by image.
        """
        tied = lead_of(self.reader).tied
        return [trial for trial in self.trials if trial.number in tied]

    def leaderboard(self, top: int | None = None, sort: str = "rank") -> "DataFrame":
        """Make the table of all trials, best first.

        Args:
            top: How many rows; None for every trial.
            sort: A column; a leading `-` turns the order round.

        Returns:
            One row a trial, with the columns that `search export` writes.
        """
        return leaderboard_frame(leaderboard_rows(self.reader, top, sort))

    def export(
        self,
        output: str | Path | BinaryIO,
        format_: str | None = None,
        trial: Trial | int | None = None,
    ) -> int:
        """Write the table of all trials, as `search export` does.

        Args:
            output: A file, by its path or open for bytes.
            format_: One of csv, json, md, latex and parquet; None to tell it by the path's
                ending, or for csv.
            trial: A trial or its number, to write its epochs instead; None for all trials.

        Returns:
            The number of rows.
        """
        output = Path(output) if isinstance(output, str) else output
        format_ = format_ or (format_of(output) if isinstance(output, Path) else "csv")
        rows: list[Row] = (
            leaderboard_rows(self.reader)
            if trial is None
            else self.reader.history(self._number(trial))
        )
        write_leaderboard(rows, format_, output)
        return len(rows)

    def history(self, trial: Trial | int | None = None) -> "DataFrame":
        """Make the table of a trial's epochs.

        Args:
            trial: A trial or its number; None for the best one.

        Returns:
            One row an epoch; empty if the trial has reported none.
        """
        return history_frame(self.reader.history(self._number(trial)))

    def outcome(self) -> str:
        """Count the trials by state; below, the commonest failures and who is ahead unfinished."""
        trials = self.trials
        lines = [counts_text(trials), *failure_lines(trials), *ahead_lines(self.reader)]
        return "\n".join(lines)

    def result(self) -> "ResultFacts":
        """Tell what a session has come to, as `search run --json` does."""
        from search.summaries.trial import trial_facts

        trials, verdict = self.trials, self.confirmation() if self.confirms else None
        is_complete = bool(trials) and trials[0].state == "COMPLETE"
        return {
            "study": study_facts(self.reader),
            "folder": str(self.folder),
            "best": trial_facts(trials[0]) if is_complete else None,
            "confirmation": verdict.facts if verdict else None,
        }

    def place_elsewhere(self) -> str | None:
        """Name the place of its checkpoints if that is not its folder, without keys."""
        given = self.reader.spec.storage_path
        return None if given is None else shown_location(self.reader.checkpoints.location)

    def has_unfinished_leader(self) -> bool:
        """Tell whether an interrupted trial is ahead of all complete ones."""
        return bool(ahead_lines(self.reader))

    def show(self) -> Findings[StudyFacts]:
        """Describe the study, as `search show` does.

        Returns:
            Its trials counted; what is searched, what came of it, its best trials.
        """
        return Findings(study_facts(self.reader), study_parts(self.reader))

    def show_trial(
        self, trial: Trial | int, *, layers: bool = False
    ) -> "Findings[WholeTrialFacts]":
        """Describe a trial with every epoch, as `search show` does.

        Args:
            trial: A trial or its number.
            layers: Whether the objective is imported and asked for the network's layers.

        Returns:
            Its parameters, its end, its epochs, its test metrics.
        """
        from search.summaries.trial import trial_layers, trial_parts, whole_trial_facts

        shown = self.trial(_number_of(trial))
        facts = whole_trial_facts(self.reader, shown)
        parts = trial_parts(self.reader, shown)
        if layers:
            facts["layers"] = trial_layers(self.reader, shown)
            parts.append(Part("Layers", verbatim=facts["layers"]))
        return Findings(facts, parts)

    def show_leaderboard(
        self, top: int | None = None, sort: str = "rank", *, noted: bool = False
    ) -> Findings[list[Row]]:
        """Lay out the trials, best first, as `search leaderboard` does.

        Args:
            top: How many; None for every trial.
            sort: A column; a leading `-` turns the order round.
            noted: Whether only trials with a note.

        Returns:
            The rows of `leaderboard`, and which trials cannot be told from the best.
        """
        return leaderboard_findings(self.reader, top, sort, noted=noted)

    def summary(
        self, top: int = 10, columns: Sequence[str] | None = None
    ) -> "Findings[SummaryFacts]":
        """Sum the study up, as `search summary` does.

        Args:
            top: How many trials of the leaderboard.
            columns: Columns of the leaderboard; None for a choice of them.

        Returns:
            Facts: `best`, `trust`, `importance`, `edges`, `endings`, `savings` and more.
        """
        from search.summaries.summary import summary_facts, summary_parts

        facts = summary_facts(self.reader, top, columns)
        return Findings(facts, summary_parts(facts))

    def compare(
        self,
        trial: Trial | int,
        other: Trial | int | None = None,
        of: "Study | None" = None,
        *,
        plot: str | Path | None = None,
    ) -> "Findings[ComparisonFacts]":
        """Compare two trials, as `search compare` does.

        Args:
            trial: A trial of this study or its number.
            other: The second one; None for the best one.
            of: The study of the second one; None for this one.
            plot: A file to draw both learning curves into, .png, .svg or .pdf.

        Returns:
            Facts: what differs between the `trials`; a difference is that of the second less the
            first, and `paired` says whether there is one (None where nothing tells).
        """
        from search.summaries.comparison import comparison_facts, comparison_parts, side_names

        second = of or self
        a = (self.reader, self.trial(_number_of(trial)))
        b = (second.reader, second.trial(second._number(other)))
        facts = comparison_facts(a, b)
        if plot is not None:
            from search.plots.curves import write_curves

            drawn = dict(zip(side_names(facts).values(), (a[1], b[1]), strict=True))
            write_curves(drawn, [study.spec.metric.name for study, _ in (a, b)], Path(plot))
        return Findings(facts, comparison_parts(facts))

    def ladder(self, trials: Sequence[Trial | int]) -> "Findings[LadderFacts]":
        """Show trials as steps, as `search ladder` does.

        Args:
            trials: Trials or their numbers, in the order of the steps.

        Returns:
            Facts: the `steps`, each with what it changed from the one before.
        """
        from search.summaries.ladder import ladder_facts, ladder_part

        facts = ladder_facts(self.reader, [self._number(trial) for trial in trials])
        return Findings(facts, [ladder_part(facts)])

    def confirm(self, **options: Any) -> "Findings[ConfirmationFacts]":
        """Train the best trials again with new seeds, as `search confirm` does.

        Args:
            **options: Those of `search.confirm`, as `top=5, seeds=6`.

        Returns:
            What has been shown so far: each candidate, who is tied, which one to take.
        """
        # By name, as that module needs this one.
        confirming = importlib.import_module("search.api.confirming")
        found: Findings[ConfirmationFacts] = confirming.confirm(self, **options).confirmation()
        return found

    def confirmation(self) -> "Findings[ConfirmationFacts] | None":
        """Tell what the study's confirmation has shown, or this one itself; None without one."""
        from search.summaries.confirmation import confirmation_facts
        from search.summaries.verdict import confirmation_part

        confirmation = open_confirmation(self.reader)
        facts = confirmation_facts(confirmation) if confirmation else None
        return Findings(facts, [confirmation_part(facts)]) if facts else None

    def has_checkpoint(self, trial: Trial | int) -> bool:
        """Tell whether a trial's best epoch is kept, so that it can be evaluated and used.

        Args:
            trial: A trial or its number.

        Returns:
            Whether there is a file of it.
        """
        from search.best_trial.choice import has_checkpoint

        return has_checkpoint(self.reader, self._number(trial))

    def evaluate(
        self,
        trials: Trial | int | Iterable[Trial | int] = (),
        *,
        top: int = 1,
        again: bool = False,
    ) -> "Findings[list[EvaluationFacts]]":
        """Compute the test metrics of trials, as `search evaluate` does: once.

        Args:
            trials: A complete trial or its number, or several; none for the best ones.
            top: How many of the best ones.
            again: Whether to do it once more where it has been done.

        Returns:
            Facts of each: `trial`, `best_epoch`, the metrics of each split, `per_class`,
            `confusion`, `worst` and the `seconds` of the test pass.
        """
        from search.best_trial.evaluation import choose_trials, evaluate_trials
        from search.progress.trackers.tracking import track_evaluated
        from search.summaries.evaluation import evaluation_facts, evaluation_parts

        several = trials if isinstance(trials, Iterable) else [trials]
        numbers = [_number_of(trial) for trial in several]
        chosen = choose_trials(self.reader, numbers, top)
        evaluated = evaluate_trials(
            self.reader, chosen, again=again, skip=not numbers, say=announce
        )
        track_evaluated(self.reader, evaluated, announce)
        parts = [part for trial in evaluated for part in evaluation_parts(self.name, trial)]
        return Findings([evaluation_facts(trial) for trial in evaluated], parts)

    def predict(
        self, images: str | Path | Sequence[str | Path], trial: Trial | int | None = None
    ) -> "DataFrame":
        """Classify image files, as `search predict` does.

        Args:
            images: A file, or several.
            trial: A complete trial or its number; None for the best one that has a checkpoint.

        Returns:
            The probability of each class, one row an image; files that are no images are left
            out, and named on stderr.
        """
        import pandas as pd

        files = [images] if isinstance(images, str | Path) else images
        if not files:
            return pd.DataFrame()
        _, found = self.classify([Path(image) for image in files], trial)
        rows = {str(one.path): dict(sorted(one.classes)) for one in found}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("image")

    def classify(
        self, images: Sequence[Path], trial: Trial | int | None = None
    ) -> "tuple[Trial, list[Classified]]":
        """Classify image files, each with its classes in the order of their probability.

        Args:
            images: The files, at least one.
            trial: A complete trial or its number; None for the best one that has a checkpoint.

        Returns:
            The trial, and what it says of each image.
        """
        from search.best_trial.prediction import classify_files
        from search.best_trial.trained import CLASSIFICATION

        chosen = self._with_checkpoint(trial, CLASSIFICATION)
        return chosen, classify_files(self.reader, chosen, images, announce)

    def watch(self, interval: float = 1.0, *, plain: bool = True) -> bool:
        """Follow a session of another process until it ends, as `search watch` does.

        Args:
            interval: Seconds between two looks at the study.
            plain: Whether a terminal shows a table in place, not the screen that takes all of it.

        Returns:
            False if a screen was left while the session goes on.
        """
        from search.progress.beside import has_keyboard
        from search.progress.watching import watch_study

        console = Console(stderr=True, markup=False, emoji=False)
        if not plain and has_keyboard(console):
            # By name, as that module needs this one.
            watching = importlib.import_module("search.api.watching")
            watching.watch_on_screen(self, interval)
            if self.is_running:
                return False
        watch_study(self.reader, console, interval)
        return True

    def demo(
        self,
        trial: Trial | int | None = None,
        port: int = 7860,
        *,
        show: bool = False,
        tell: Callable[[str], None] = announce,
    ) -> None:
        """Serve a page to try a trial on, as `search demo` does, until it is interrupted.

        Args:
            trial: A complete trial or its number; None for the best one that has a checkpoint.
            port: The first free port from here on is taken; 0 takes any.
            show: Whether to open the page in the browser.
            tell: Given the page's address.

        Raises:
            MissingExtraError: If Flask is not installed.
        """
        from search.best_trial.trained import CLASSIFICATION

        try:
            from search.demo.server import serve_demo
        except ModuleNotFoundError as error:
            raise MissingExtraError("demo", error, "demo") from None
        chosen = self._with_checkpoint(trial, CLASSIFICATION)
        serve_demo(self.reader, chosen, port, show=show, tell=tell, say=announce)

    def dashboard(
        self,
        port: int | None = None,
        *,
        show: bool = False,
        tell: Callable[[str], None] = announce,
    ) -> None:
        """Serve optuna-dashboard, as `search dashboard` does, until it is interrupted.

        Args:
            port: A port; 0 takes any, None 8080 or, where that is taken, any other.
            show: Whether to open the page in the browser.
            tell: Given the page's address.
        """
        from search.report.dashboard import serve_dashboard

        serve_dashboard(self.reader, port, show=show, tell=tell, say=announce)

    def export_model(self, output: str | Path, trial: Trial | int | None = None) -> "ModelFacts":
        """Write the network of a trial to a file that runs without this project.

        Args:
            output: The file, of PyTorch (.pt2) or ONNX (.onnx).
            trial: A complete trial or its number; None for the best one that has a checkpoint.

        Returns:
            The facts that stand in the file: study, trial, classes, shape of an image, metrics.
        """
        from search.best_trial.model_file import require_model_name, write_model
        from search.best_trial.trained import EXPORT

        path = Path(output)
        require_model_name(path)
        return write_model(self.reader, self._with_checkpoint(trial, EXPORT), path)

    def report(self, output: str | Path | None = None, *, ask: bool = True) -> Path:
        """Write the study as one HTML page.

        Args:
            output: The file; None for `report.html` in the study's folder.
            ask: Whether the objective may be imported and asked for classes, layers and images.

        Returns:
            The file.
        """
        from search.report.page import write_report

        path = Path(output) if output else self.folder / "report.html"
        with _offline():
            write_report(self.reader, path, ask=ask)
        return path

    def live_report(
        self,
        port: int | None = None,
        *,
        ask: bool = True,
        show: bool = False,
        tell: Callable[[str], None] = announce,
    ) -> None:
        """Serve the report and keep it current, as `search report --live` does, until interrupted.

        Args:
            port: A port; 0 takes any, None 8090 or, where that is taken, any other.
            ask: Whether the objective may be imported and asked for classes, layers and images.
            show: Whether to open the page in the browser.
            tell: Given the page's address.
        """
        from search.report.live import serve_live

        def open_study() -> StudyReader:
            return StudyReader.open(self.name, self.folder.parent)

        with _offline():
            serve_live(open_study, port, ask=ask, show=show, tell=tell, say=announce)

    def write_plots(self, folder: str | Path) -> list[Path]:
        """Write every plot that the study has data for.

        Args:
            folder: Where they go, as PNG and SVG; made if it is missing.

        Returns:
            The files.
        """
        from search.plots.catalogue import write_plots

        return write_plots(self.reader, Path(folder))

    def plot_history(self) -> "Figure":
        """Draw the value of each trial, and the best so far."""
        return self._plot("history")

    def plot_curves(self) -> "Figure":
        """Draw the learning curves of the best and of the pruned trials."""
        return self._plot("curves")

    def plot_slices(self) -> "Figure":
        """Draw the value over each parameter."""
        return self._plot("slices")

    def plot_parallel(self) -> "Figure":
        """Draw trials as lines over all parameters, of which there must be two."""
        return self._plot("parallel")

    def plot_importance(self) -> "Figure":
        """Draw how much each parameter mattered."""
        return self._plot("importance")

    def plot_contour(self) -> "Figure":
        """Draw the value over the two numeric parameters that mattered most."""
        return self._plot("contour")

    def plot_front(self) -> "Figure":
        """Draw the Pareto front of a study of several metrics."""
        return self._plot("front")

    def plot_confirmation(self) -> "Figure":
        """Draw the candidates of the study's confirmation, each mean with its interval."""
        return self._plot("confirmation")

    def plot_timeline(self) -> "Figure":
        """Draw which trial ran when."""
        return self._plot("timeline")

    def plot_learning_rate(self, trial: Trial | int | None = None) -> "Figure":
        """Draw the learning rates of a trial (the best one) and when its backbone was frozen."""
        return self._plot("learning_rate", self._number(trial))

    def plot_confusion_matrix(self, trial: Trial | int | None = None) -> "Figure":
        """Draw a trial's confusion matrix, of the test split if evaluated, else validation."""
        return self._plot("confusion_matrix", None if trial is None else self._number(trial))

    def plot_class_accuracy(self, trial: Trial | int | None = None) -> "Figure":
        """Draw a trial's accuracy by class, of the test split if evaluated, else validation."""
        return self._plot("class_accuracy", None if trial is None else self._number(trial))

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

    def _with_checkpoint(self, trial: Trial | int | None, use: "Use") -> Trial:
        from search.best_trial.choice import choose_best_trial

        number = None if trial is None else _number_of(trial)
        return choose_best_trial(self.reader, number, use, announce)

    def _plot(self, name: str, number: int | None = None) -> "Figure":
        from search.plots.catalogue import PLOTS, TRIAL_PLOTS

        if number is None:
            figure = PLOTS[name](self.reader)
        else:
            figure = TRIAL_PLOTS[name](self.reader, number)
        if figure is None:
            of = self.name if number is None else f"{self.name}: trial {number}"
            raise StudyError(f"{of}: for this plot there must be {_NEEDS[name]}")
        return figure


def _number_of(trial: Trial | int) -> int:
    return trial.number if isinstance(trial, Trial) else trial


@contextmanager
def _offline() -> Iterator[None]:
    """Have the image classifier use what this machine has, unless the user says otherwise."""
    if "SEARCH_DOWNLOAD" in os.environ:
        yield
        return
    os.environ["SEARCH_DOWNLOAD"] = "0"
    try:
        yield
    finally:
        del os.environ["SEARCH_DOWNLOAD"]
