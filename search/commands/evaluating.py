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
from search.commands.output import checked_format, next_commands, print_document
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
    from search.best_trial.evaluation import choose_trials, evaluate_trials
    from search.studies.reader import StudyReader
    from search.summaries.evaluation import evaluation_facts, evaluation_parts

    format_ = checked_format(format_, as_json)
    if trial and top is not None:
        raise SearchError("--top: cannot be given together with --trial")
    opened = StudyReader.open(study, studies)
    chosen = choose_trials(opened, trial or [], top or 1)
    evaluated = evaluate_trials(
        opened,
        chosen,
        again=again,
        skip=not trial,
        say=lambda text: typer.echo(text, err=True),
    )
    facts = [evaluation_facts(one) for one in evaluated]
    parts = [part for one in evaluated for part in evaluation_parts(opened.name, one)]
    print_document(facts, parts, format_)
    next_commands(
        study_command(opened.folder, "leaderboard"),
        study_command(opened.folder, "export", "--format", "csv"),
    )
