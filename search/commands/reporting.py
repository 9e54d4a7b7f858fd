"""The verb that writes a study as a page and as plots: report."""

import os
from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import STUDIES, StudiesOption, StudyArgument


def report(
    study: StudyArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The page; default: report.html beside the study."),
    ] = None,
    plots: Annotated[
        Path | None, typer.Option(help="Also write every plot into this folder, as PNG and SVG.")
    ] = None,
    figures: Annotated[Path | None, typer.Option(hidden=True)] = None,
    without_objective: Annotated[
        bool,
        typer.Option(
            "--without-objective", help="Import nothing of the study: no classes, no layers."
        ),
    ] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Write a study as one HTML page, with tables, plots and the space file."""
    from search.plots.catalogue import write_plots
    from search.report.page import write_report
    from search.studies.reader import StudyReader

    # The page is made of what this machine has; the image classifier asks this variable.
    os.environ.setdefault("SEARCH_DOWNLOAD", "0")
    opened = StudyReader.open(study, studies)
    path = output or opened.folder / "report.html"
    write_report(opened, path, ask=not without_objective)
    typer.echo(f"wrote {path}", err=True)
    folder = plots or figures  # --figures is what --plots was called in earlier versions
    if folder is not None:
        files = write_plots(opened, folder)
        typer.echo(f"wrote {len(files)} files to {folder}", err=True)
