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
from search.studies.study import Study

FIGURES: dict[str, Callable[[Study], Figure | None]] = {
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
"""Figures of a study by name, in the order of a report; None where it has no such data."""

TRIAL_FIGURES: dict[str, Callable[[Study, int], Figure | None]] = {
    "learning_rate": learning_rate,
    "confusion_matrix": confusion_matrix,
    "class_accuracy": class_accuracy,
}
"""Figures of one trial by name; in `FIGURES` they are of the best one."""
