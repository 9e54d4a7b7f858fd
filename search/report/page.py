"""A study as one HTML page that needs nothing else: no network, no other file.

The page holds the summary, a leaderboard that sorts and filters, every plot as SVG, how the best
trial classifies the validation images and an evaluated one the test images, with the worst of
them, classes, layers, environment, and the space file with the command to repeat the search.
Nothing is trained for it, and the test split is not read.
"""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from search.plots.rendering import colour_rules
from search.report.asked import Asked
from search.report.pieces import Piece, pieces_of
from search.report.templates import render_page
from search.studies.durable import write_whole
from search.studies.reader import StudyReader


def write_report(study: StudyReader, path: Path, ask: bool = True) -> None:
    """Write the report of a study into a file, replaced if there is one."""
    write_whole(path, report_html(study, ask).encode())


def report_html(study: StudyReader, ask: bool = True) -> str:
    """Make the report of a study; with `ask` its objective tells of classes, layers and images."""
    return page_html(f"{study.name} – report", pieces_of(study, Asked(ask)))


def page_html(title: str, pieces: Mapping[str, Piece], since: str = "") -> str:
    """Put a page together; with `since`, what its pieces are the version of, it keeps current."""
    return render_page(
        "report/templates/report.html",
        title=title,
        pieces={name: piece.html for name, piece in pieces.items()},
        since=since,
        light=Markup(colour_rules(dark=False)),  # noqa: S704
        dark=Markup(colour_rules(dark=True)),  # noqa: S704
    )
