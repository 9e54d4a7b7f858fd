"""The verbs that act on a study from outside its run: stop, enqueue and remove."""

from typing import Annotated

import typer

from search.commands.options import STUDIES, StudiesOption, StudyArgument
from search.commands.output import next_commands
from search.errors import SearchError
from search.studies.folder import study_command
from search.text import listing


def stop(
    study: StudyArgument,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for the epochs.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """End a running study from another terminal; it can be resumed."""
    from search.studies.lock import stop_driver
    from search.studies.reader import StudyReader

    folder = StudyReader.open(study, studies).folder
    driver = stop_driver(folder, now=now)
    done = "has ended" if now else "ends after the running epochs"
    typer.echo(f"{study}: {driver} {done}", err=True)
    next_commands(study_command(folder, "resume"))


def enqueue(
    study: StudyArgument,
    values: Annotated[list[str], typer.Argument(help="A point, as filters=32 stride=2.")],
    studies: StudiesOption = STUDIES,
) -> None:
    """Add a point to a running or saved study, to be tried next."""
    from search.spaces.document import Document, Override
    from search.studies.lock import find_driver
    from search.studies.queue import enqueue_point
    from search.studies.reader import StudyReader

    point = Document("the point", is_file=False)
    for value in values:
        point.override(Override(value, value), example="filters=32")
    opened = StudyReader.open(study, studies)
    number = enqueue_point(opened, point.data)
    typer.echo(f"{opened.name}: trial {number} will try it", err=True)
    if find_driver(opened.folder) is None:
        next_commands(study_command(opened.folder, "resume", "--trials", "+1"))


def keep(
    study: StudyArgument,
    trials: Annotated[
        list[int] | None, typer.Argument(help="Complete trials; none: say what is left.")
    ] = None,
    studies: StudiesOption = STUDIES,
) -> None:
    """Keep the best epoch of some trials, whatever becomes of their rank; trains nothing."""
    from search.best_trial.choice import complete_trials, has_checkpoint, require_complete
    from search.best_trial.trained import EVALUATION
    from search.studies.queue import keep_checkpoints
    from search.studies.reader import StudyReader

    opened = StudyReader.open(study, studies)
    complete = complete_trials(opened, EVALUATION)
    require_complete(trials or [], complete, opened.name)
    there = [number for number in complete if has_checkpoint(opened, number)]
    gone = [number for number in trials or [] if number not in there]
    if gone:
        raise SearchError(
            f"{opened.name}: the checkpoint of trial {listing(gone)} is gone; those of "
            f"{listing(there)} are left"
        )
    if trials:
        keep_checkpoints(opened, trials)
    named = [number for number in opened.named_to_keep() if number in there]
    typer.echo(f"{opened.name}: trials with a checkpoint: {listing(there)}", err=True)
    typer.echo(f"{opened.name}: kept whatever their rank: {listing(named)}", err=True)
    if there:
        next_commands(study_command(opened.folder, "evaluate", "--trial", there[0]))


def remove(
    study: StudyArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Delete a study with everything recorded of it."""
    from search.studies.driver import StudyDriver
    from search.studies.lock import driving

    opened = StudyDriver.open(study, studies)
    with driving(opened.folder):
        n_trials = len(opened.trials())
        if not yes and not typer.confirm(f"delete {opened.folder} and its {n_trials} trials?"):
            raise SearchError(f"{opened.folder}: nothing was deleted")
        opened.remove()
    typer.echo(f"deleted {opened.folder}", err=True)
