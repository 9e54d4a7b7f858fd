"""The verbs that look at studies: list, show, leaderboard and export."""

from pathlib import Path
from typing import Annotated

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
    print_findings,
    say,
)
from search.errors import SearchError
from search.studies.folder import study_command
from search.text import listing


def list_studies(
    studies: StudiesOption = STUDIES,
    storage: Annotated[
        str | None, typer.Option(help="List the studies of this database (its URL) instead.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Only studies with this tag; repeatable.")
    ] = None,
    format_: TableFormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """List the studies there are, with their trials and best values."""
    from search.api.studies import show_studies

    format_ = checked_format(format_, as_json, TABLE_FORMATS)
    found = show_studies(studies, storage=storage, tags=tag or [])
    if found.facts or format_ in {"json", "csv"}:
        print_findings(found, format_)
    if not found.facts:
        tagged = f" tagged {listing(tag)}" if tag else ""
        say(f"no studies{tagged} in {studies if storage is None else 'the database'}")
    if storage is not None:
        return
    if found.facts:
        next_commands(study_command(studies / found.facts[0]["study"], "show"))
    else:
        example = Path("spaces/small_cnn.yaml")
        next_commands(f"search run {example}" if example.exists() else "search run --help")


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
    from search.api.study import Study

    format_ = checked_format(format_, as_json)
    opened = Study.open(study, studies)
    if trial is not None:
        shown = opened.show_trial(trial, layers=layers)
        is_network = "n_parameters" in shown.facts["metrics"]
        further = ["show", trial, "--layers"] if is_network and not layers else ["leaderboard"]
        print_findings(shown, format_)
        next_commands(study_command(opened.folder, *further))
        return
    if layers:
        raise SearchError("--layers: a trial must be named, as in: search show STUDY 3 --layers")
    described = opened.show()
    print_findings(described, format_)
    best = described.facts["best_trial"]
    next_commands(study_command(opened.folder, *(["export"] if best is None else ["show", best])))


def leaderboard(  # noqa: PLR0913  each is a flag
    study: StudyArgument,
    top: Annotated[int | None, typer.Option(min=1, help="Number of trials; default all.")] = None,
    sort: Annotated[str, typer.Option(help="A column; -COLUMN reverses the order.")] = "rank",
    noted: Annotated[bool, typer.Option("--noted", help="Only trials with a note.")] = False,
    format_: TableFormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Print the trials of a study, best first."""
    from search.api.study import Study

    format_ = checked_format(format_, as_json, TABLE_FORMATS)
    opened = Study.open(study, studies)
    print_findings(opened.show_leaderboard(top, sort, noted=noted), format_)
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
    as_json: JsonOption = False,
) -> None:
    """Write every trial of a study, or every epoch of a trial, as a table with stable columns."""
    from search.api.study import Study

    format_ = "json" if as_json else format_
    stdout = typer.get_binary_stream("stdout")
    n_rows = Study.open(study, studies).export(output or stdout, format_, trial)
    if output:
        say(f"wrote {n_rows} {'trials' if trial is None else 'epochs'} to {output}")
