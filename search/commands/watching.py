"""The verb that follows a run from another terminal: watch."""

from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.options import STUDIES, StudiesOption, StudyArgument
from search.commands.output import print_result, stderr
from search.studies.folder import study_command

if TYPE_CHECKING:
    from search.studies.reader import StudyReader

_INTERRUPTED = 130


def watch(
    study: StudyArgument,
    interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks at the record.")
    ] = 1.0,
    studies: StudiesOption = STUDIES,
) -> None:
    """Follow a running study from another terminal, until it ends; changes nothing."""
    from search.progress.watching import watch_study
    from search.studies.lock import find_driver
    from search.studies.reader import StudyReader

    opened = StudyReader.open(study, studies)
    driver = find_driver(opened.folder)
    if driver is None:
        typer.echo(_at_rest(opened), err=True)
    else:
        try:
            watch_study(opened, driver, stderr(), interval)
        except KeyboardInterrupt:
            typer.echo(f"{opened.name}: watched no longer, the run goes on", err=True)
            raise typer.Exit(_INTERRUPTED) from None
    print_result(opened)


def _at_rest(study: "StudyReader") -> str:
    """Say that nobody runs a study, and how to go on with it."""
    records = study.trials()
    wanted = study.spec.budget.trials
    spent = wanted is not None and len(records) >= wanted
    if spent and all(record.has_ended for record in records):
        more = ["--trials", "+20"]
        why = "its budget is spent, extend it"
    else:
        more, why = [], "go on with it"
    command = study_command(study.folder, "resume", *more)
    return f"{study.name}: nobody runs it; {why} by `{command}`"
