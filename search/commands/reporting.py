"""The commands that show a study in a browser: report and dashboard."""

import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import STUDIES, JsonOption, StudiesOption, studies_like
from search.commands.output import for_programs, print_json, say
from search.errors import SearchError, StudyError
from search.studies.folder import study_names
from search.text import listing


def report(  # noqa: PLR0913  each is a flag
    study: Annotated[
        list[str],
        typer.Argument(
            help="A study's name, or the path of its folder; several are set side by side.",
            autocompletion=studies_like,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The page; default: report.html in the study's folder, of several "
            "comparison.html beside it.",
        ),
    ] = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="Serve the page on this machine, kept current as trials run."),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="With --live; default: 8090, or any free one if it is taken; 0: any.",
        ),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Also open it in the browser.")] = False,
    plots: Annotated[
        Path | None, typer.Option(help="Also write every plot into this folder, as PNG and SVG.")
    ] = None,
    figures: Annotated[Path | None, typer.Option(hidden=True)] = None,
    without_objective: Annotated[
        bool,
        typer.Option(
            "--without-objective",
            help="Import nothing of the study: no classes, no layers, no new pictures.",
        ),
    ] = False,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Write a study as one HTML page, with tables and plots; or several, side by side."""
    from search.api.study import Study

    folder = plots or figures  # --figures is what --plots was called in earlier versions
    _refuse("--port", port is not None and not live, "a page is served with --live only")
    _refuse("--output", output is not None and live, "with --live no file is written")
    _refuse("--json", as_json and live, "with --live no file is written")
    is_for_programs = for_programs(as_json)
    files: list[Path] = []
    if len(study) > 1:
        for option, is_given in (("--live", live), ("--plots", folder is not None)):
            _refuse(option, is_given, f"one study must be named, got {listing(study)}")
        page = _side_by_side(study, output, studies)
    else:
        opened = Study.open(study[0], studies)
        if folder is not None:
            files = opened.write_plots(folder)
            say(f"wrote {len(files)} files to {folder}")
        if live:
            opened.live_report(port, ask=not without_objective, show=open_, tell=typer.echo)
            return
        page = opened.report(output, ask=not without_objective)
    say(f"wrote {page}")
    if is_for_programs:
        print_json({"report": str(page), "plots": [str(file) for file in files]})
    if open_:
        webbrowser.open(page.resolve().as_uri())


def _side_by_side(names: Sequence[str], output: Path | None, studies: Path) -> Path:
    from search.api.studies import report_studies

    return report_studies(names, output, studies=studies)


def _refuse(option: str, is_given: bool, why: str) -> None:
    if is_given:
        raise SearchError(f"{option}: {why}")


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
