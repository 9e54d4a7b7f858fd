"""The verbs that sum studies up and compare trials: summary, compare and ladder."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.options import (
    STUDIES,
    FormatOption,
    JsonOption,
    StudiesOption,
    StudyArgument,
)
from search.commands.output import checked_format, next_commands, print_findings, say
from search.errors import SearchError, StudyError
from search.studies.folder import study_command

if TYPE_CHECKING:
    from search.api.study import Study, Trial


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
    from search.api.study import Study

    format_ = checked_format(format_, as_json)
    names = [name.strip() for name in columns.split(",")] if columns is not None else None
    opened = Study.open(study, studies)
    found = opened.summary(top, names)
    print_findings(found, format_)
    if found.facts["problems"]:
        raise StudyError("\n".join(found.facts["problems"]))
    best, folder = found.facts["study"]["best_trial"], opened.folder
    if best is None:
        next_commands(study_command(folder, "leaderboard"), study_command(folder, "resume"))
        return
    commands = [study_command(folder, "show", best)]
    trust = found.facts["trust"]
    if trust and len(trust["tied"]) > 1 and found.facts["confirmation"] is None:
        commands.append(study_command(folder, "confirm"))
    if opened.has_checkpoint(best):
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
    format_ = checked_format(format_, as_json)
    sides = choose_sides(trials, studies)
    (a, first), (b, second) = sides
    print_findings(a.compare(first, second, of=b, plot=plot), format_)
    if plot is not None:
        say(f"wrote {plot}")
    lacking = [
        study_command(study.folder, "evaluate", "--trial", trial.number)
        for study, trial in sides
        if trial.test is None and study.has_checkpoint(trial)
    ]
    shown = [study_command(study.folder, "show", trial.number) for study, trial in sides]
    next_commands(*(lacking or shown))


def choose_sides(names: Sequence[str], studies: Path) -> "list[tuple[Study, Trial]]":
    """Find two trials: twice `STUDY` (its best) or `STUDY:NUMBER`, or a study and two numbers."""
    if len(names) == 3 and all(name.isdigit() for name in names[1:]):
        names = [f"{names[0]}:{number}" for number in names[1:]]
    if len(names) != 2:
        raise SearchError(
            f"search compare: two trials must be named, got {' '.join(names)}; valid: "
            "STUDY or STUDY:NUMBER twice, or STUDY NUMBER NUMBER"
        )
    return [_side(name, studies) for name in names]


def _side(name: str, studies: Path) -> "tuple[Study, Trial]":
    from search.api.study import Study

    match = re.fullmatch(r"(.+):(\d+)", name)
    study = Study.open(match[1] if match else name, studies)
    if match:
        return study, study.trial(int(match[2]))
    try:
        return study, study.best
    except StudyError as error:
        raise StudyError(f"{error}; name another of its trials as {name}:NUMBER") from None


def ladder(
    study: StudyArgument,
    trials: Annotated[list[int], typer.Argument(help="Numbers of trials, in order.")],
    format_: FormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Show trials as steps: what each changed from the one before, and what it brought."""
    from search.api.study import Study

    format_ = checked_format(format_, as_json)
    opened = Study.open(study, studies)
    print_findings(opened.ladder(trials), format_)
    if len(trials) > 1:
        next_commands(study_command(opened.folder, "compare", trials[0], trials[-1]))
    else:
        next_commands(study_command(opened.folder, "leaderboard"))
