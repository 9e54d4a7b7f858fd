"""How well a trial classifies a split: its confusions, and its accuracy by class.

Shown is the test split of a trial that was evaluated, else the validation split, by the
predictions that the best trial keeps. The title says which.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from search.best_trial.validation import Validation, validation_of
from search.plots.style import (
    BLUE,
    FONT,
    INK,
    SMALL,
    VERMILLION,
    dress,
    new_plot,
    plain,
    sentence_plot,
    shortened,
)
from search.plots.values import add_colour_bar
from search.studies.reader import StudyReader
from search.studies.test_metrics import LARGEST_MATRIX, Evaluation

_LARGEST_WRITTEN = 12
_MOST_NAMES = 40
_MOST_BARS = 30
_Z = 1.959964
"""Of the 95 % interval."""


@dataclass(frozen=True)
class _Classified:
    """A split, `test` or `validation`, as a trial classifies it."""

    trial: int
    split: str
    found: Evaluation


def confusion_matrix(
    study: StudyReader, number: int | None = None, known: Validation | None = None
) -> Figure | None:
    """Draw how often each class is taken for each other: counts, and shares as colours."""
    shown = _classified(study, number, known)
    if shown is None:
        return None
    title = f"Confusions on the {shown.split} split, trial {shown.trial}"
    if shown.found.confusion is None:
        n_classes = len(shown.found.per_class["class"])
        text = f"The matrix is kept for up to {LARGEST_MATRIX} classes; there are {n_classes}."
        return sentence_plot(title, text)
    counts = np.array(shown.found.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = min(5.2, 2.2 + 0.36 * len(counts))
    plot = new_plot(title, height=size, width=size + 1.0)
    axes = plot.add_subplot()
    # By the square root, so that rare confusions can be seen.
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, 0.0, 1.0))
    dress(axes, "predicted class", "true class", grid="")
    if len(counts) <= _LARGEST_WRITTEN:
        _write_cells(axes, counts, shares)
    _name_classes(axes, shown.found.per_class["class"])
    add_colour_bar(plot, axes, image, "share of the true class")
    return plot


def class_accuracy(
    study: StudyReader, number: int | None = None, known: Validation | None = None
) -> Figure | None:
    """Draw the share of each class's images that are recognised, the worst class first."""
    of = _classified(study, number, known)
    if of is None:
        return None
    columns = of.found.per_class
    rows = sorted(zip(columns["recall"], columns["class"], columns["support"], strict=True))
    shown = rows[:_MOST_BARS]
    title = f"Accuracy by class on the {of.split} split, trial {of.trial}"
    plot = new_plot(title, height=1.5 + 0.24 * len(shown), width=6.2)
    axes = plot.add_subplot()
    which = f"the worst {len(shown)} of {len(rows)} classes; " if len(rows) > len(shown) else ""
    dress(axes, f"accuracy (share of the class; {which}lines: 95 % interval)", "", grid="x")
    places = range(len(shown))
    shares = [share for share, _, _ in shown]
    intervals = [wilson_interval(share, support) for share, _, support in shown]
    errors = np.array(
        [[s - low, high - s] for s, (low, high) in zip(shares, intervals, strict=True)]
    )
    axes.barh(places, shares, color=BLUE, height=0.7, alpha=0.85)
    axes.errorbar(shares, places, xerr=np.maximum(errors, 0).T, fmt="none", ecolor=INK, lw=0.9)
    names = [plain(f"{shortened(str(name), 24)} ({n:,})") for _, name, n in shown]
    axes.set_yticks(places, names)
    axes.set_ylabel(f"class ({of.split} images)", fontsize=FONT, color=INK)
    _mark_mean(axes, of.found)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    return plot


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """Compute the 95 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Args:
        share: The share observed, in [0, 1].
        n: Of how many.

    Returns:
        Lower and upper end; the whole of [0, 1] for none.

    Example:
        >>> [round(end, 3) for end in wilson_interval(0.9, 100)]
        [0.826, 0.945]
    """
    if n <= 0:
        return 0.0, 1.0
    middle = share + _Z**2 / (2 * n)
    half = _Z * (share * (1 - share) / n + _Z**2 / (4 * n**2)) ** 0.5
    scale = 1 + _Z**2 / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _classified(
    study: StudyReader, number: int | None, known: Validation | None
) -> _Classified | None:
    """Find what to show of a trial, or of the first evaluated one, else of the best one."""
    trials = study.trials() if number is None else [study.trial(number)]
    tested = next((trial for trial in trials if trial.test), None)
    if tested and tested.test:
        return _Classified(tested.number, "test", tested.test)
    found = known or (validation_of(study, trials[0]) if trials else None)
    return _Classified(found.trial.number, "validation", found.evaluation) if found else None


def _write_cells(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    for row, column in np.argwhere(counts > 0).tolist():
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}\n{100 * share:.0f} %",
            ha="center",
            va="center",
            fontsize=SMALL - 2,
            color="white" if share > 0.3 else INK,
        )


def _name_classes(axes: Axes, classes: Sequence[str]) -> None:
    """Name the classes along both axes, only some of them where there are many."""
    names = [plain(shortened(str(name), 16)) for name in classes]
    step = -(-len(names) // _MOST_NAMES)
    places = range(0, len(names), step)
    small = SMALL if len(names) <= 20 else SMALL - 2
    upright = max(map(len, names)) <= 2 and len(names) <= 20
    axes.set_xticks(places, names[::step], rotation=0 if upright else 90, fontsize=small)
    axes.set_yticks(places, names[::step], fontsize=small)


def _mark_mean(axes: Axes, evaluation: Evaluation) -> None:
    accuracy = evaluation.metrics["accuracy"]
    if accuracy is not None:
        axes.axvline(accuracy, color=VERMILLION, linestyle="--", linewidth=1.2)
        axes.set_title(
            f"all images: {accuracy:.4f} (dashed)", loc="right", fontsize=SMALL, color=VERMILLION
        )
