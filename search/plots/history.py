"""The optimisation history: the value of each trial, and the best so far."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from search.plots.labels import value_label
from search.plots.limits import cut_text
from search.plots.marks import tell_marks
from search.plots.style import BLACK, MARKS, dress, legend_above, new_plot, note, sentence_plot
from search.plots.trials import by_number, of_state, value_limits, value_of
from search.studies.reader import StudyReader
from search.studies.trials import Trial

TITLE = "Optimisation history"


def optimization_history(study: StudyReader) -> Figure:
    """Draw the value of each trial by number, and the best complete one so far as a step line.

    The axis of values is that of the complete trials; others beyond it stand at its edge, and
    so do failed ones, as their values do not count.

    Args:
        study: The study.

    Returns:
        The figure; a sentence if no trial has begun.
    """
    records = by_number(study)
    if not records:
        return sentence_plot(TITLE, "No trial has begun yet.")
    figure = new_plot(TITLE)
    axes = figure.add_subplot()
    dress(axes, "trial (number)", value_label(study))
    shown = of_state(records, "COMPLETE", "PRUNED", "RUNNING", "INTERRUPTED")
    limits = value_limits(shown, study.direction) if shown else (0.0, 1.0)
    axes.set_ylim(*limits)
    for state in MARKS:
        _draw_state(axes, state, [r for r in records if r.state == state], study)
    _draw_best(axes, of_state(records, "COMPLETE"), records[-1].number, study)
    note(axes, cut_text(map(value_of, shown), limits, study.direction))
    if not shown:
        axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    room = 0.5 + 0.02 * len(records)
    axes.set_xlim(records[0].number - room, records[-1].number + room)
    legend_above(axes)
    return figure


def _draw_state(axes: Axes, state: str, records: Sequence[Trial], study: StudyReader) -> None:
    """Draw the trials of a state; of the others, only those that have reported."""
    failed = state == "FAIL"
    drawn = [record for record in records if failed or record.value is not None]
    if not drawn:
        return
    mark = MARKS[state]
    low, high = axes.get_ylim()
    edge = low if study.direction.name == "MAXIMIZE" else high
    values = [edge if failed else min(max(value_of(r), low), high) for r in drawn]
    tell_marks(axes, [(r.number, [(r.number, y)]) for r, y in zip(drawn, values, strict=True)])
    axes.scatter(
        [record.number for record in drawn],
        values,
        s=mark.size if len(drawn) < 200 else mark.size / 2,
        c=mark.colour,
        marker=mark.shape,
        linewidths=1.0 if failed else 0.0,
        alpha=0.9 if len(drawn) < 200 else 0.6,
        label=f"{mark.word} ({len(records):,})",
        clip_on=False,
        zorder=2 if state == "COMPLETE" else 1.8,
    )


def _draw_best(axes: Axes, complete: Sequence[Trial], last: int, study: StudyReader) -> None:
    if not complete:
        return
    best = np.maximum if study.direction.name == "MAXIMIZE" else np.minimum
    values = best.accumulate([value_of(record) for record in complete])
    axes.step(
        [*(record.number for record in complete), last],
        [*values, values[-1]],
        where="post",
        color=BLACK,
        linewidth=1.2,
        label="best so far",
    )
