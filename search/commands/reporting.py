"""The commands that show a study in a browser: report and dashboard."""

from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import STUDIES, JsonOption, StudiesOption, StudyArgument
from search.commands.output import for_programs, print_json, say
from search.errors import StudyError
from search.studies.folder import study_names
from search.text import listing


def report(  # noqa: PLR0913  a flag each
    study: StudyArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The page; default: report.html in the study's folder."
        ),
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
    as_json: JsonOption = False,
) -> None:
    """Write a study as one HTML page, with tables, plots and the space file."""
    from search.api.study import Study

    is_for_programs = for_programs(as_json)
    opened = Study.open(study, studies)
    page = opened.report(output, ask=not without_objective)
    say(f"wrote {page}")
    folder = plots or figures  # --figures is what --plots was called in earlier versions
    files = opened.write_plots(folder) if folder is not None else []
    if folder is not None:
        say(f"wrote {len(files)} files to {folder}")
    if is_for_programs:
        print_json({"report": str(page), "plots": [str(file) for file in files]})


def dashboard(
    study: Annotated[
        str | None,
        typer.Argument(help="A study's name, or the path of its folder; default: the only one."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Default: 8080, or any free one if it is taken; 0: any."
        ),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Also open it in the browser.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Show a study in optuna-dashboard, on this machine only; nothing can be changed there."""
    from search.api.study import Study

    opened = Study.open(study or _only_study(studies), studies)
    opened.dashboard(port, show=open_, tell=typer.echo)


def _only_study(studies: Path) -> str:
    names = study_names(studies)
    if len(names) != 1:
        # optuna-dashboard shows one storage at a time, and each study has its own.
        raise StudyError(f"STUDY: a study must be named; valid: {listing(names)}")
    return names[0]
