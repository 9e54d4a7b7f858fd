"""The verbs that look at studies: list, show, leaderboard and export."""

import dataclasses
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.options import STUDIES, JsonOption, StudiesOption, StudyArgument
from search.commands.output import next_commands, print_json, stdout
from search.errors import SearchError
from search.studies.folder import study_command
from search.text import did_you_mean, listing

if TYPE_CHECKING:
    from search.studies.reader import StudyReader


def list_studies(
    studies: StudiesOption = STUDIES,
    storage: Annotated[
        str | None, typer.Option(help="URL of a database whose studies to list instead.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the studies there are, with their trials and best values."""
    from search.studies.folder import study_names
    from search.studies.reader import StudyReader
    from search.summaries.facts import study_facts
    from search.summaries.summary import studies_table

    if storage is not None:
        _list_database(storage, as_json)
        return
    found = []
    for name in study_names(studies):
        try:
            found.append(StudyReader.open(name, studies))
        except SearchError as error:
            typer.echo(f"left out: {error}", err=True)
    if as_json:
        print_json([study_facts(study) for study in found])
    elif found:
        stdout().print(studies_table(map(study_facts, found)))
        next_commands(study_command(found[0].folder, "show"))
    else:
        typer.echo(f"no studies in {studies}", err=True)
        example = Path("spaces/small_cnn.yaml")
        next_commands(f"search run {example}" if example.exists() else "search run --help")


def _list_database(url: str, as_json: bool) -> None:
    from search.summaries.facts import database_facts
    from search.summaries.summary import studies_table

    found = database_facts(url)
    if as_json:
        print_json(found)
    elif found:
        stdout().print(studies_table(found))
    else:
        typer.echo("no studies in the database", err=True)


def show(
    study: StudyArgument,
    trial: Annotated[int | None, typer.Argument(help="Number of a trial.")] = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Of a trial: its network, by the study's objective.")
    ] = False,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Describe a study, or one of its trials with every epoch."""
    from search.studies.reader import StudyReader
    from search.summaries.facts import study_facts
    from search.summaries.summary import study_view

    opened = StudyReader.open(study, studies)
    if trial is not None:
        _show_trial(opened, trial, layers, as_json)
    elif layers:
        raise SearchError("--layers: a trial must be named, as in: search show STUDY 3 --layers")
    elif as_json:
        print_json(study_facts(opened))
    else:
        console = stdout()
        console.print(study_view(opened, console.width))
        best = study_facts(opened)["best_trial"]
        next_command = ("export",) if best is None else ("show", best)
        next_commands(study_command(opened.folder, *next_command))


def _show_trial(study: "StudyReader", number: int, layers: bool, as_json: bool) -> None:
    from search.summaries.summary import trial_view

    # Only on request: it imports the objective, while opening a study executes nothing of it.
    table = _layers(study, number) if layers else None
    if as_json:
        facts = {**dataclasses.asdict(study.trial(number)), "history": study.history(number)}
        print_json({**facts, "layers": table} if layers else facts)
        return
    stdout().print(trial_view(study, number))
    if table:
        typer.echo(f"\n{table}")
    else:
        next_commands(_next_to_trial(study, number))


def _next_to_trial(study: "StudyReader", number: int) -> str:
    if "n_parameters" in study.trial(number).metrics:  # it is a network
        return study_command(study.folder, "show", number, "--layers")
    return study_command(study.folder, "leaderboard")


def _layers(study: "StudyReader", number: int) -> str:
    from search.best_trial.trained import as_it_ran
    from search.objective.loading import extend_import_path
    from search.objective.probing import describe

    ran = as_it_ran(study, study.trial(number))
    extend_import_path(study.import_folders)
    return describe(ran.objective, ran.settings).layers(ran.params)


def leaderboard(
    study: StudyArgument,
    top: Annotated[int | None, typer.Option(min=1, help="Only so many; default all.")] = None,
    sort: Annotated[str, typer.Option(help="A column; -COLUMN turns it round.")] = "rank",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Print the trials of a study, best first."""
    from search.studies.leaderboard import leaderboard_rows
    from search.studies.reader import StudyReader
    from search.summaries.summary import leaderboard_view

    opened = StudyReader.open(study, studies)
    if as_json:
        print_json(leaderboard_rows(opened, top, sort))
        return
    console = stdout()
    console.print(leaderboard_view(opened, console.width, top, sort))
    next_commands(study_command(opened.folder, "export", "--format", "csv"))


def export(
    study: StudyArgument,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", help="csv, json, md, latex or parquet; default: by the file, or csv."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; stdout if not given.")
    ] = None,
    trial: Annotated[
        int | None, typer.Option("--trial", help="The epochs of one trial in place of all trials.")
    ] = None,
    studies: StudiesOption = STUDIES,
) -> None:
    """Write every trial of a study, or every epoch of a trial, as a table with stable columns."""
    from search.studies.export import FORMATS, write_leaderboard
    from search.studies.leaderboard import leaderboard_rows
    from search.studies.reader import StudyReader

    if format_ is None:
        format_ = _format_of(output, FORMATS) if output else "csv"
    if format_ not in FORMATS:
        hint = did_you_mean(format_, FORMATS)
        raise SearchError(
            f"--format: a format must be given, got {format_!r}{hint}; valid: {listing(FORMATS)}"
        )
    opened = StudyReader.open(study, studies)
    rows = leaderboard_rows(opened) if trial is None else opened.history(trial)
    if output is None:
        sys.stdout.buffer.write(FORMATS[format_](rows))
        return
    write_leaderboard(rows, format_, output)
    noun = "trials" if trial is None else "epochs"
    typer.echo(f"wrote {len(rows)} {noun} as {format_} to {output}", err=True)


def _format_of(output: Path, formats: Collection[str]) -> str:
    """Tell a file's format by its ending."""
    endings = {".tex": "latex", **{f".{name}": name for name in formats if name != "latex"}}
    if output.suffix not in endings:
        raise SearchError(
            f"--output: the file's ending must name its format, got {str(output)!r}; valid: "
            f"{listing(endings)}, or any with --format"
        )
    return endings[output.suffix]
