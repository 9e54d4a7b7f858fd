"""The verbs that look at studies: list, show, leaderboard and export."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.options import (
    STUDIES,
    FormatOption,
    JsonOption,
    StudiesOption,
    StudyArgument,
    TableFormatOption,
)
from search.commands.output import (
    TABLE_FORMATS,
    checked_format,
    next_commands,
    print_document,
    print_parts,
    print_rows,
)
from search.errors import SearchError
from search.studies.folder import study_command

if TYPE_CHECKING:
    from search.studies.reader import StudyReader
    from search.summaries.study import StudyFacts


def list_studies(
    studies: StudiesOption = STUDIES,
    storage: Annotated[
        str | None, typer.Option(help="List the studies of this database (its URL) instead.")
    ] = None,
    format_: TableFormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """List the studies there are, with their trials and best values."""
    from search.summaries.study import database_facts, study_facts

    format_ = checked_format(format_, as_json, TABLE_FORMATS)
    if storage is not None:
        _print_studies(database_facts(storage), format_, "the database")
        return
    found = _open_all(studies)
    _print_studies([study_facts(study) for study in found], format_, str(studies))
    if found:
        next_commands(study_command(found[0].folder, "show"))
    else:
        example = Path("spaces/small_cnn.yaml")
        next_commands(f"search run {example}" if example.exists() else "search run --help")


def _open_all(studies: Path) -> "list[StudyReader]":
    """Open the studies of a folder; those that cannot be read are named on stderr."""
    from search.studies.folder import study_names
    from search.studies.reader import StudyReader

    found = []
    for name in study_names(studies):
        try:
            found.append(StudyReader.open(name, studies))
        except SearchError as error:
            typer.echo(f"left out: {error}", err=True)
    return found


def _print_studies(found: "list[StudyFacts]", format_: str, place: str) -> None:
    from search.summaries.study import plain_rows, studies_part

    if format_ == "csv":
        print_rows(plain_rows(found), format_)
    elif found or format_ == "json":
        print_document(found, [studies_part(found)], format_)
    if not found:
        typer.echo(f"no studies in {place}", err=True)


def show(
    study: StudyArgument,
    trial: Annotated[int | None, typer.Argument(help="Number of a trial.")] = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Of a trial: its network, by the study's objective.")
    ] = False,
    format_: FormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Describe a study, or one of its trials with every epoch."""
    from search.studies.reader import StudyReader
    from search.summaries.study import study_facts, study_parts

    format_ = checked_format(format_, as_json)
    opened = StudyReader.open(study, studies)
    if trial is not None:
        _show_trial(opened, trial, layers, format_)
        return
    if layers:
        raise SearchError("--layers: a trial must be named, as in: search show STUDY 3 --layers")
    facts = study_facts(opened)
    print_document(facts, study_parts(opened), format_)
    best = facts["best_trial"]
    next_command = ("export",) if best is None else ("show", best)
    next_commands(study_command(opened.folder, *next_command))


def _show_trial(study: "StudyReader", number: int, layers: bool, format_: str) -> None:
    from search.summaries.layout import Part
    from search.summaries.trial import trial_layers, trial_parts

    trial = study.trial(number)
    facts = {**dataclasses.asdict(trial), "history": study.history(number)}
    parts = trial_parts(study, trial)
    # Only on request: it imports the objective, while opening a study executes nothing of it.
    if layers:
        facts["layers"] = trial_layers(study, trial)
        parts.append(Part("Layers", verbatim=facts["layers"]))
    print_document(facts, parts, format_)
    if "n_parameters" in trial.metrics and not layers:  # it is a network
        next_commands(study_command(study.folder, "show", number, "--layers"))
    else:
        next_commands(study_command(study.folder, "leaderboard"))


def leaderboard(
    study: StudyArgument,
    top: Annotated[int | None, typer.Option(min=1, help="Number of trials; default all.")] = None,
    sort: Annotated[str, typer.Option(help="A column; -COLUMN reverses the order.")] = "rank",
    format_: TableFormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Print the trials of a study, best first."""
    from search.studies.leaderboard import leaderboard_rows
    from search.studies.reader import StudyReader
    from search.summaries.leaderboard import leaderboard_parts

    format_ = checked_format(format_, as_json, TABLE_FORMATS)
    opened = StudyReader.open(study, studies)
    if format_ in {"json", "csv"}:
        print_rows(leaderboard_rows(opened, top, sort), format_)
    else:
        print_parts(leaderboard_parts(opened, top, sort), format_)
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
    from search.api.study import Study
    from search.studies.export import EXPORT_FORMATS, format_of
    from search.studies.leaderboard import leaderboard_rows

    format_ = format_ or (format_of(output) if output else "csv")
    checked_format(format_, valid=EXPORT_FORMATS)
    opened = Study.open(study, studies)
    if output is None:
        reader = opened.reader
        print_rows(leaderboard_rows(reader) if trial is None else reader.history(trial), format_)
        return
    n_rows = opened.export(output, format_, trial)
    noun = "trials" if trial is None else "epochs"
    typer.echo(f"wrote {n_rows} {noun} as {format_} to {output}", err=True)
