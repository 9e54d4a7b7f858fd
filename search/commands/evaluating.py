"""The verb that reads the test split: evaluate."""

from typing import Annotated

import typer

from search.commands.options import (
    STUDIES,
    FormatOption,
    JsonOption,
    StudiesOption,
    StudyArgument,
)
from search.commands.output import checked_format, next_commands, print_findings
from search.errors import SearchError
from search.studies.folder import study_command


def evaluate(  # noqa: PLR0913  a flag each
    study: StudyArgument,
    trial: Annotated[
        list[int] | None, typer.Option("--trial", help="A trial; may be given several times.")
    ] = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="Number of best trials to evaluate; default 1.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that have been evaluated.")
    ] = False,
    format_: FormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Evaluate the best trial, or some trials, on the test split; the metrics are kept."""
    from search.api.study import Study

    format_ = checked_format(format_, as_json)
    if trial and top is not None:
        raise SearchError("--top: cannot be given together with --trial")
    opened = Study.open(study, studies)
    print_findings(opened.evaluate(trial or [], top=top or 1, again=again), format_)
    next_commands(
        study_command(opened.folder, "leaderboard"),
        study_command(opened.folder, "export", "--format", "csv"),
    )
