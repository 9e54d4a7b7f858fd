"""The verbs that sum studies up and compare trials: summary, compare and ladder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import (
    STUDIES,
    FormatOption,
    JsonOption,
    StudiesOption,
    StudyArgument,
)
from search.commands.output import checked_format, next_commands, print_document
from search.errors import StudyError
from search.studies.folder import study_command


def summary(
    study: StudyArgument,
    top: Annotated[int, typer.Option(min=1, help="Number of trials of the leaderboard.")] = 10,
    columns: Annotated[
        str | None, typer.Option(help="Columns of the leaderboard, as trial,value,filters.")
    ] = None,
    format_: FormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Sum a study up: its best trials, what mattered, edges of the space, what pruning saved."""
    from search.best_trial.choice import has_checkpoint
    from search.studies.reader import StudyReader
    from search.summaries.summary import summary_facts, summary_parts

    format_ = checked_format(format_, as_json)
    names = [name.strip() for name in columns.split(",")] if columns is not None else None
    opened = StudyReader.open(study, studies)
    facts = summary_facts(opened, top, names)
    print_document(facts, summary_parts(facts), format_)
    _raise(facts["problems"])
    best, folder = facts["study"]["best_trial"], opened.folder
    if best is None:
        next_commands(study_command(folder, "leaderboard"), study_command(folder, "resume"))
        return
    commands = [study_command(folder, "show", best)]
    if has_checkpoint(opened, best):
        commands.append(study_command(folder, "evaluate"))
    next_commands(*commands)


def compare(
    trials: Annotated[
        list[str],
        typer.Argument(
            help="Two of STUDY (its best trial) or STUDY:NUMBER; or STUDY NUMBER NUMBER."
        ),
    ],
    plot: Annotated[
        Path | None, typer.Option(help="Draw both curves into this file, .png, .svg or .pdf.")
    ] = None,
    format_: FormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Compare two trials: parameters, metrics, classes and confusions."""
    from search.best_trial.choice import has_checkpoint
    from search.summaries.comparison import (
        choose_sides,
        comparison_facts,
        comparison_parts,
        side_names,
    )

    format_ = checked_format(format_, as_json)
    if plot is not None:
        from search.plots.curves import check_plot_file

        check_plot_file(plot)
    sides = choose_sides(trials, studies)
    facts = comparison_facts(*sides)
    print_document(facts, comparison_parts(facts), format_)
    names = side_names(facts)
    if plot is not None:
        from search.plots.curves import write_curves

        drawn = {name: side[1] for name, side in zip(names.values(), sides, strict=True)}
        write_curves(drawn, [study.spec.metric.name for study, _ in sides], plot)
        typer.echo(f"wrote {plot}", err=True)
    lacking = [
        study_command(study.folder, "evaluate", "--trial", trial.number)
        for study, trial in sides
        if trial.test is None and has_checkpoint(study, trial.number)
    ]
    shown = [study_command(study.folder, "show", trial.number) for study, trial in sides]
    next_commands(*(lacking or shown))


def ladder(
    study: StudyArgument,
    trials: Annotated[list[int], typer.Argument(help="Numbers of trials, in order.")],
    format_: FormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Show trials as steps: what each changed from the one before, and what it brought."""
    from search.studies.reader import StudyReader
    from search.summaries.ladder import ladder_facts, ladder_part

    format_ = checked_format(format_, as_json)
    opened = StudyReader.open(study, studies)
    facts = ladder_facts(opened, trials)
    _raise(facts["problems"])
    print_document(facts, [ladder_part(facts)], format_)
    if len(trials) > 1:
        next_commands(study_command(opened.folder, "compare", trials[0], trials[-1]))
    else:
        next_commands(study_command(opened.folder, "leaderboard"))


def _raise(problems: Sequence[str]) -> None:
    """End in an error if there is something that could not be shown."""
    if problems:
        raise StudyError("\n".join(problems))
