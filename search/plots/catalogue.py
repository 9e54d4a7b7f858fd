"""The table of all plots by name, and their files."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from search.errors import StudyError
from search.plots.classes import class_accuracy, confusion_matrix
from search.plots.confirmation import confirmation_plot
from search.plots.contour import contour
from search.plots.curves import learning_curves
from search.plots.front import pareto_plot
from search.plots.history import optimization_history, timeline
from search.plots.parallel import parallel_coordinates
from search.plots.rates import learning_rate
from search.plots.rendering import PLOT_FORMATS, write_plot
from search.plots.slices import importance, slices
from search.studies.reader import StudyReader
from search.text import did_you_mean, listing

PLOTS: dict[str, Callable[[StudyReader], Figure | None]] = {
    "history": optimization_history,
    "curves": learning_curves,
    "slices": slices,
    "parallel": parallel_coordinates,
    "importance": importance,
    "contour": contour,
    "front": pareto_plot,
    "confirmation": confirmation_plot,
    "timeline": timeline,
    "learning_rate": learning_rate,
    "confusion_matrix": confusion_matrix,
    "class_accuracy": class_accuracy,
}
"""Plots of a study by name, in the order of a report: a sentence where there is too little to
draw, None where there is no such data."""

TRIAL_PLOTS: dict[str, Callable[[StudyReader, int], Figure | None]] = {
    "learning_rate": learning_rate,
    "confusion_matrix": confusion_matrix,
    "class_accuracy": class_accuracy,
}
"""Plots of one trial by name; in `PLOTS` they are of the best one."""


def write_plots(
    study: StudyReader,
    folder: Path,
    formats: Sequence[str] = ("png", "svg"),
    names: Iterable[str] | None = None,
) -> list[Path]:
    """Write a study's plots as `NAME.FORMAT`, by default all that it has data for."""
    wanted = list(PLOTS if names is None else names)
    _require("plot", wanted, PLOTS)
    _require("format", formats, PLOT_FORMATS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"{folder}: the folder must be writable, got {error}") from None
    written = []
    for name in wanted:
        plot = PLOTS[name](study)
        if plot is not None:
            written += [write_plot(plot, folder / f"{name}.{kind}") for kind in formats]
    return written


def _require(what: str, given: Iterable[str], valid: Iterable[str]) -> None:
    known = list(valid)
    for word in given:
        if word not in known:
            hint = did_you_mean(word, known)
            raise StudyError(
                f"a {what} must be given, got {word!r}{hint}; valid: {listing(known)}"
            )
