"""Several studies of one metric as one HTML page that needs nothing else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from search.plots.rendering import colour_rules, inline_svg
from search.plots.side_by_side import best_so_far
from search.report.pieces import unpictured
from search.report.templates import macros, render_page
from search.studies.durable import write_whole
from search.studies.reader import StudyReader
from search.summaries.side_by_side import side_by_side_facts, side_by_side_parts, sides_of


def write_comparison(studies: Sequence[StudyReader], path: Path) -> None:
    """Write the page of several studies into a file, replaced if there is one."""
    write_whole(path, comparison_html(studies).encode())


def comparison_html(studies: Sequence[StudyReader]) -> str:
    """Make the page of several studies: best trials, history, parameters, spaces."""
    html: Any = macros("report/templates/pieces.html")
    sides = sides_of(studies)
    facts = side_by_side_facts(sides)
    best, *others = side_by_side_parts(facts)
    plot = best_so_far(sides)
    figure = {"name": "history", "marks": "", "wide": True}
    return render_page(
        "report/templates/comparison.html",
        facts=facts,
        names=[side.name for side in sides],
        best=html.sections("best", unpictured([best]), side_by_side=False),
        others=html.sections("others", unpictured(others)),
        figure=html.figure({**figure, "svg": Markup(inline_svg(plot))}) if plot else "",  # noqa: S704
        light=Markup(colour_rules(dark=False)),  # noqa: S704
        dark=Markup(colour_rules(dark=True)),  # noqa: S704
    )
