"""The metric of a few chosen trials over their epochs, in one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from search.errors import SearchError
from search.plots.files import FORMATS, plot_bytes
from search.plots.style import LINES, SMALL, dress, new_plot, plain
from search.studies.disk import write_whole
from search.studies.trials import Trial
from search.text import listing


def check_picture(path: Path) -> None:
    """Refuse a file that is no picture we can draw.

    Args:
        path: The file.

    Raises:
        SearchError: If it has another suffix than one of `FORMATS`.
    """
    suffixes = [f".{name}" for name in FORMATS]
    if path.suffix.lower() not in suffixes:
        raise SearchError(
            f"--plot: a file of a known kind must be given, got {str(path)!r}; "
            f"valid: {listing(suffixes)}"
        )


def write_curves(trials: Mapping[str, Trial], metrics: Sequence[str], path: Path) -> None:
    """Draw a line for each trial into a file.

    Args:
        trials: The trials by the name that the legend shows.
        metrics: What the values of their studies are.
        path: The file to write.

    Raises:
        SearchError: If it is no picture or cannot be written.
    """
    check_picture(path)
    figure = curves_of(trials, metrics)
    write_whole(path, plot_bytes(figure, path.suffix.lower().removeprefix(".")))


def curves_of(trials: Mapping[str, Trial], metrics: Sequence[str]) -> Figure:
    """Draw a line for each trial, its best epoch marked.

    Args:
        trials: The trials by the name that the legend shows.
        metrics: What the values of their studies are.

    Returns:
        The figure.
    """
    figure = new_plot("Learning curves")
    axes = figure.add_subplot()
    dress(axes, "epoch (number)", " / ".join(dict.fromkeys(metrics)))
    for place, (name, record) in enumerate(trials.items()):
        colour = LINES[place % len(LINES)]
        epochs = sorted(record.values)
        values = [record.values[epoch] for epoch in epochs]
        axes.plot(epochs, values, marker=".", color=colour, label=plain(name))
        if record.best_epoch is not None and record.value is not None:
            axes.plot(record.best_epoch, record.value, "o", color=colour)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(title="dot: best epoch", fontsize=SMALL, title_fontsize=SMALL)
    return figure
