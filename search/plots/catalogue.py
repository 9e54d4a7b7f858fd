"""The table of all figures by name."""

from collections.abc import Callable

from matplotlib.figure import Figure

from search.plots.classes import class_accuracy, confusion_matrix
from search.plots.contour import contour
from search.plots.curves import learning_curves
from search.plots.front import pareto_plot
from search.plots.history import optimization_history
from search.plots.importance import importance
from search.plots.parallel import parallel_coordinates
from search.plots.rates import learning_rate
from search.plots.slices import slices
from search.plots.timeline import timeline
from search.studies.reader import StudyReader

PLOTS: dict[str, Callable[[StudyReader], Figure | None]] = {
    "history": optimization_history,
    "curves": learning_curves,
    "slices": slices,
    "parallel": parallel_coordinates,
    "importance": importance,
    "contour": contour,
    "front": pareto_plot,
    "timeline": timeline,
    "learning_rate": learning_rate,
    "confusion_matrix": confusion_matrix,
    "class_accuracy": class_accuracy,
}
"""Plots of a study by name, in the order of a report; None where it has no such data."""

TRIAL_PLOTS: dict[str, Callable[[StudyReader, int], Figure | None]] = {
    "learning_rate": learning_rate,
    "confusion_matrix": confusion_matrix,
    "class_accuracy": class_accuracy,
}
"""Plots of one trial by name; in `PLOTS` they are of the best one."""
