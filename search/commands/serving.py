"""The verb that serves a page until it is interrupted: dashboard."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import STUDIES, StudiesOption
from search.errors import StudyError
from search.text import listing


def dashboard(
    study: Annotated[
        str | None, typer.Argument(help="A study's name, or its folder; default: the only one.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Default: 8080 or, if taken, any; 0: any."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Also open it in the browser.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Show a study in optuna-dashboard, on this machine only; nothing can be changed there."""
    from search.report.dashboard import open_dashboard
    from search.studies.reader import StudyReader

    server, address = open_dashboard(
        StudyReader.open(study or _only_study(studies), studies), port
    )
    typer.echo("its importances are Optuna's PED-ANOVA, not the fANOVA of a summary", err=True)
    typer.echo("Ctrl-C ends it", err=True)
    try:
        typer.echo(address)
        if open_:
            webbrowser.open(address)
        server.serve_forever()
    except KeyboardInterrupt:
        typer.echo("", err=True)
    finally:
        server.server_close()


def _only_study(studies: Path) -> str:
    from search.studies.folder import study_names

    names = study_names(studies)
    if len(names) != 1:
        # optuna-dashboard shows one storage at a time, and each study has its own.
        raise StudyError(f"STUDY: a study must be named; valid: {listing(names)}")
    return names[0]
