"""The verbs that sum studies up and compare trials: summary, compare and ladder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from search.errors import SearchError, StudyError, did_you_mean, listing
from search.verbs.options import STUDIES, JsonOption, StudiesOption, StudyArgument, where_flag
from search.verbs.output import next_commands, print_json, stdout

if TYPE_CHECKING:
    from search.summaries.layout import Part

FORMATS = ("text", "md", "latex", "json")
FormatOption = Annotated[str, typer.Option("--format", "-f", help=f"One of {', '.join(FORMATS)}.")]


def summary(
    study: StudyArgument,
    top: Annotated[int, typer.Option(min=1, help="So many trials of the leaderboard.")] = 10,
    columns: Annotated[
        str | None, typer.Option(help="Columns of the leaderboard, as trial,value,filters.")
    ] = None,
    format_: FormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Sum a study up: its best trials, what mattered, edges of the space, what pruning saved."""
    from search.studies.study import Study
    from search.summaries.best_trials import summary_facts
    from search.summaries.summary_parts import summary_parts

    format_ = _checked(format_, as_json)
    names = [name.strip() for name in columns.split(",")] if columns is not None else None
    opened = Study.open(study, studies)
    facts = summary_facts(opened, top, names)
    _print(facts, summary_parts(facts), format_)
    _raise(facts["problems"])
    best, where = facts["study"]["best_trial"], where_flag(studies)
    if best is not None:
        next_commands(f"search show {study} {best}{where}", f"search evaluate {study}{where}")
    else:
        next_commands(f"search leaderboard {study}{where}", f"search resume {study}{where}")


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
    from search.summaries.comparison import choose_sides, comparison_facts
    from search.summaries.comparison_parts import comparison_parts, side_names

    format_ = _checked(format_, as_json)
    if plot is not None:
        from search.plots.chosen import check_picture

        check_picture(plot)
    sides = choose_sides(trials, studies)
    facts = comparison_facts(*sides)
    _print(facts, comparison_parts(facts), format_)
    names = side_names(facts)
    if plot is not None:
        from search.plots.chosen import write_curves

        records = {name: side[1] for name, side in zip(names.values(), sides, strict=True)}
        write_curves(records, [study.spec.metric.name for study, _ in sides], plot)
        typer.echo(f"wrote {plot}", err=True)
    where = where_flag(studies)
    lacking = [
        f"search evaluate {study.name} --trial {record.number}{where}"
        for study, record in sides
        if record.test is None and record.state == "COMPLETE"
    ]
    shown = [f"search show {study.name} {record.number}{where}" for study, record in sides]
    next_commands(*(lacking or shown))


def ladder(
    study: StudyArgument,
    trials: Annotated[list[int], typer.Argument(help="Numbers of trials, in order.")],
    format_: FormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Show trials as steps: what each changed from the one before, and what it brought."""
    from search.studies.study import Study
    from search.summaries.ladder import ladder_facts
    from search.summaries.ladder_parts import ladder_parts

    format_ = _checked(format_, as_json)
    facts = ladder_facts(Study.open(study, studies), trials)
    _print(facts, ladder_parts(facts), format_)
    _raise(facts["problems"])
    where = where_flag(studies)
    if len(trials) > 1:
        next_commands(f"search compare {study} {trials[0]} {trials[-1]}{where}")
    else:
        next_commands(f"search leaderboard {study}{where}")


def _checked(format_: str, as_json: bool) -> str:
    if format_ not in FORMATS:
        hint = did_you_mean(format_, FORMATS)
        raise SearchError(
            f"--format: a format must be given, got {format_!r}{hint}; valid: {listing(FORMATS)}"
        )
    return "json" if as_json else format_


def _print(facts: Mapping[str, Any], parts: Sequence["Part"], format_: str) -> None:
    from search.summaries.layout import WRITERS, text_report

    if format_ == "json":
        print_json(facts)
    elif format_ == "text":
        console = stdout()
        console.print(text_report(parts, console.width))
    else:
        typer.echo(WRITERS[format_](parts), nl=False)


def _raise(problems: Sequence[str]) -> None:
    """End in an error once everything that could be shown is."""
    if problems:
        raise StudyError("\n".join(problems))
