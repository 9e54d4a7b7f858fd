"""The verb that trains the best trials again: confirm."""

from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.options import (
    STUDIES,
    AddressOption,
    EngineOption,
    FormatOption,
    JsonOption,
    PlainOption,
    QuietOption,
    StudiesOption,
    StudyArgument,
    WaitOption,
    WorkersOption,
)
from search.commands.output import checked_format, next_commands, print_findings
from search.studies.folder import study_command

if TYPE_CHECKING:
    from search.api.study import Study


def confirm(  # noqa: PLR0913  a flag each
    study: StudyArgument,
    top: Annotated[
        int, typer.Option(min=1, help="Number of best trials; those tied with the best besides.")
    ] = 5,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds each, at most.")] = 6,
    include: Annotated[
        list[int] | None, typer.Option(help="A trial besides; may be given several times.")
    ] = None,
    budget: Annotated[str | None, typer.Option(help="Time budget, such as 10m.")] = None,
    precision: Annotated[
        float | None,
        typer.Option(help="End once those tied are known to within an interval of this width."),
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="Evaluate those tied on the test split, every seed.")
    ] = False,
    workers: WorkersOption = None,
    engine: EngineOption = "ray",
    address: AddressOption = None,
    wait_for_workers: WaitOption = None,
    format_: FormatOption = "text",
    studies: StudiesOption = STUDIES,
    quiet: QuietOption = False,
    plain: PlainOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train the best trials again with new seeds, and say which one to take."""
    from search.api import confirming

    format_ = checked_format(format_, as_json)

    def show(confirmation: "Study") -> None:
        found = confirmation.confirmation()
        if found:
            print_findings(found, format_)

    found = confirming.confirm(
        study,
        top=top,
        seeds=seeds,
        include=include or [],
        budget=budget,
        precision=precision,
        test=test,
        workers=workers,
        studies=studies,
        engine=engine,
        address=address,
        wait_for_workers=wait_for_workers,
        quiet=quiet,
        plain=plain,
        ended=show,
    )
    next_commands(
        study_command(found.folder, "leaderboard"),
        study_command(found.folder.with_name(found.confirms or ""), "report"),
    )
