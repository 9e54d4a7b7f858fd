"""The table of a Pareto front."""

from collections.abc import Sequence

from rich.table import Table

from search.studies.ranking import Directions, knee_trial
from search.studies.trials import Trial
from search.text import new_table, number_text


def front_table(front: Sequence[Trial], directions: Directions) -> Table:
    """Lay out a Pareto front, its knee marked.

    Args:
        front: The trials on it, best first.
        directions: The study's metrics.

    Returns:
        A row for each trial with all of the metrics.
    """
    table = new_table()
    table.title, table.title_justify = "Pareto front", "left"
    for column in ["trial", *(name.replace("_", "\n") for name in directions), ""]:
        table.add_column(column, justify="right" if column else "left")
    knee = knee_trial(front, directions)
    for record in front:
        values = [number_text(record.metrics[name]) for name in directions]
        is_knee = record.number == knee
        style = "bold" if is_knee else None
        table.add_row(str(record.number), *values, "knee" if is_knee else "", style=style)
    return table
