"""The candidates of a confirmation: each mean with its interval, and what the search said."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots.rendering import tell_marks
from search.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    VERMILLION,
    dress,
    legend_above,
    new_plot,
    sentence_plot,
)
from search.plots.values import value_label, with_margin
from search.studies.confirmation import open_confirmation
from search.studies.reader import StudyReader
from search.summaries.confirmation import CandidateFacts, confirmation_facts, shown_name

_TITLE = "Confirmation with new seeds"


def confirmation_plot(study: StudyReader) -> Figure | None:
    """Draw each candidate's repetitions, their mean and its 95 % interval, the best on top."""
    confirmation = open_confirmation(study)
    facts = confirmation_facts(confirmation) if confirmation else None
    if facts is None:
        return None
    shown = [one for one in facts["candidates"] if one["mean"] is not None]
    if not shown:
        return sentence_plot(_TITLE, "No repetition is complete yet.")
    plot = new_plot(_TITLE, height=1.6 + 0.3 * len(shown))
    axes = plot.subplots()
    for row, one in enumerate(shown):
        _draw_candidate(axes, row, one, _colour(one, facts["recommended"]))
    _name_marks(axes)
    axes.set_yticks(range(len(shown)), [f"trial {shown_name(one)}" for one in shown])
    axes.invert_yaxis()
    axes.set_xlim(*_limits(shown))
    dress(axes, value_label(study), "", grid="x")
    legend_above(axes)
    if confirmation is not study:  # there a trial's number is that of a repetition
        places = [(one["trial"], (one["mean"], row)) for row, one in enumerate(shown)]
        tell_marks(axes, [(n, [(x or 0.0, y)]) for n, (x, y) in places if n is not None])
    return plot


def _limits(shown: Sequence[CandidateFacts]) -> tuple[float, float]:
    """Take in all but the ends of the long intervals of those with two or three seeds."""
    points = [value for one in shown for value in one["values"]]
    points += [one["said"] for one in shown if one["said"] is not None]
    for one in shown:
        if one["low"] is not None and one["high"] is not None and not one["dropped_after"]:
            points += [one["low"], one["high"]]
    return with_margin(min(points), max(points))


def _colour(one: CandidateFacts, recommended: str | None) -> str:
    if recommended is not None and shown_name(one) == recommended:
        return VERMILLION
    return BLUE if one["tied"] else GREY


def _draw_candidate(axes: Axes, row: int, one: CandidateFacts, colour: str) -> None:
    above = [row - 0.2] * len(one["values"])
    axes.scatter(one["values"], above, s=9, c=colour, alpha=0.5, lw=0)
    if one["low"] is not None and one["high"] is not None:
        axes.plot([one["low"], one["high"]], [row, row], color=colour, linewidth=1.6, zorder=3)
    axes.scatter([one["mean"] or 0.0], [row], s=34, c=colour, lw=0, zorder=4)
    if one["said"] is not None:
        axes.scatter(
            [one["said"]], [row], s=36, marker="D", facecolors="none", edgecolors=ORANGE, zorder=5
        )


def _name_marks(axes: Axes) -> None:
    """Have the legend tell colours and marks, whether or not each of them is there."""
    for colour, label in ((VERMILLION, "recommended"), (BLUE, "tied"), (GREY, "behind")):
        axes.plot([], [], "o-", color=colour, markersize=5, linewidth=1.6, label=label)
    axes.plot([], [], "D", color=ORANGE, markerfacecolor="none", markersize=5, label="search said")
