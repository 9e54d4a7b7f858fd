"""Draws the metric of trials over their epochs into one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from search.errors import SearchError, StudyError, listing
from search.record import TrialRecord

SUFFIXES = (".png", ".svg")
"""Kinds of pictures."""


def check_picture(path: Path) -> None:
    """Refuse a file that is no picture we can draw.

    Args:
        path: The file.

    Raises:
        SearchError: If it has another suffix.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SearchError(
            f"--plot: a file of a known kind must be given, got {str(path)!r}; "
            f"valid: {listing(SUFFIXES)}"
        )


def draw_curves(trials: Mapping[str, TrialRecord], metrics: Sequence[str], path: Path) -> None:
    """Draw a line for each trial, its best epoch marked.

    Args:
        trials: The trials by the name that the legend shows.
        metrics: What the values of their studies are.
        path: The file to write, of one of `SUFFIXES`.

    Raises:
        StudyError: If it cannot be written.
    """
    import matplotlib.figure
    from matplotlib.ticker import MaxNLocator

    # Not by pyplot, which keeps figures and looks for a display.
    figure = matplotlib.figure.Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name, record in trials.items():
        epochs = sorted(record.values)
        values = [record.values[epoch] for epoch in epochs]
        (line,) = axes.plot(epochs, values, marker=".", label=name)
        if record.best_epoch is not None and record.value is not None:
            axes.plot(record.best_epoch, record.value, "o", color=line.get_color())
    axes.set_xlabel("epoch")
    axes.set_ylabel(" / ".join(dict.fromkeys(metrics)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(title="dot: best epoch")
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise StudyError(f"{path}: the file must be writable, got {error}") from None
