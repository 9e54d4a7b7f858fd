"""A study as one HTML page that needs nothing else: no network, no other file.

The page holds the summary, a leaderboard that sorts and filters, every figure as SVG, and the
space file with the command to repeat the search.
"""

from pathlib import Path
from typing import Any

from markupsafe import Markup

from search.disk import write_whole
from search.pages import render_page
from search.plots.catalogue import FIGURES
from search.plots.files import figure_bytes
from search.studies.leaderboard import Row, leaderboard_rows
from search.studies.study import Study
from search.summaries.best_trials import summary_facts
from search.summaries.layout import heading
from search.summaries.summary_parts import summary_parts
from search.tables import cell_text

_SIGNIFICANT = 6
"""Digits of the values that the table sorts by."""


def write_report(study: Study, path: Path) -> None:
    """Write the report of a study.

    Args:
        study: The study.
        path: The file, replaced if there is one.

    Raises:
        StudyError: If it cannot be written.
    """
    write_whole(path, report_html(study).encode())


def report_html(study: Study) -> str:
    """Make the report of a study.

    Args:
        study: The study.

    Returns:
        A whole page.
    """
    facts = summary_facts(study)
    _, *parts = summary_parts(facts)
    rows = leaderboard_rows(study)
    return render_page(
        "report.html",
        study=study,
        facts=facts["study"],
        notes=facts["notes"],
        parts=parts,
        columns=[heading(name) for name in rows[0]] if rows else [],
        rows=[_cells(row) for row in rows],
        figures=_figures(study),
        space=study.space_file.read_text(encoding="utf-8"),
    )


def _cells(row: Row) -> list[dict[str, Any]]:
    """Write a row of the leaderboard: what each cell shows, and what it is sorted by."""
    return [
        {
            "text": cell_text(name, value),
            "key": f"{value:.{_SIGNIFICANT}g}" if isinstance(value, int | float) else value or "",
        }
        for name, value in row.items()
    ]


def _figures(study: Study) -> dict[str, Markup]:
    """Draw every figure that the study has data for, as the text of an SVG element."""
    drawn = {name: draw(study) for name, draw in FIGURES.items()}
    return {
        name.replace("_", " "): Markup(_svg(figure_bytes(figure, "svg").decode()))  # noqa: S704
        for name, figure in drawn.items()
        if figure is not None
    }


def _svg(file: str) -> str:
    """Cut off what stands before the element in a file of its own."""
    return file[file.index("<svg") :]
