"""The verb that reads the test split: evaluate."""

from typing import Annotated

import typer

from search.commands.options import STUDIES, JsonOption, StudiesOption, StudyArgument
from search.commands.output import next_commands, print_json, stdout
from search.errors import SearchError
from search.studies.folder import study_command


def evaluate(
    study: StudyArgument,
    trial: Annotated[
        list[int] | None, typer.Option("--trial", help="A trial; may be given several times.")
    ] = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="So many of the best trials; default 1.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that have been evaluated.")
    ] = False,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Evaluate the best trial, or some trials, on the test split; the figures are kept."""
    from rich.text import Text

    from search.best_trial.evaluation import choose_trials, evaluate_trials
    from search.studies.reader import StudyReader
    from search.summaries.evaluation import evaluation_facts, figures_view

    if trial and top is not None:
        raise SearchError("--top: must be left out where --trial is given, got both")
    opened = StudyReader.open(study, studies)
    chosen = choose_trials(opened, trial or [], top or 1)
    evaluated = evaluate_trials(
        opened,
        chosen,
        again=again,
        skip=not trial,
        say=lambda text: typer.echo(text, err=True),
    )
    if as_json:
        print_json([evaluation_facts(record) for record in evaluated])
        return
    console = stdout()
    for record in evaluated:
        console.print(figures_view(record), Text())
    next_commands(
        study_command(opened.folder, "leaderboard"),
        study_command(opened.folder, "export", "--format", "csv"),
    )
