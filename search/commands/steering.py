"""The verbs that steer a run from another terminal: set, pause, note, tag."""

from typing import Annotated

import typer

from search.commands.options import STUDIES, StudiesOption, StudyArgument
from search.commands.output import next_commands, say
from search.studies.folder import study_command


def set_(
    study: StudyArgument,
    assignments: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=VALUE…", help="Such as workers=1, budget.trials=60, pruner=none."
        ),
    ],
    studies: StudiesOption = STUDIES,
) -> None:
    """Change how a study goes on: workers, budget, sampler, pruner; also while it runs."""
    from search.api.steering import set_values
    from search.api.studies import open as open_study

    opened = open_study(study, studies)
    say(f"{opened.name}: {set_values(opened, assignments)}")
    next_commands(study_command(opened.folder, "watch" if opened.is_running else "resume"))


def pause(study: StudyArgument, studies: StudiesOption = STUDIES) -> None:
    """Let a running study rest: its trials wait on checkpoints, its workers are free."""
    from search.api.steering import pause as pause_study
    from search.api.studies import open as open_study

    opened = open_study(study, studies)
    say(f"{opened.name}: {pause_study(opened)}")
    next_commands(study_command(opened.folder, "resume"))


def note(
    study: StudyArgument,
    trial: Annotated[int, typer.Argument(help="Number of a trial.")],
    text: Annotated[str, typer.Argument(help="What to note; '' takes the note away.")],
    studies: StudiesOption = STUDIES,
) -> None:
    """Put a note on a trial, which show and leaderboard tell."""
    from search.api.steering import note as note_trial
    from search.api.studies import open as open_study

    opened = open_study(study, studies)
    say(f"{opened.name}: {note_trial(opened, trial, text)}")
    next_commands(study_command(opened.folder, "leaderboard", "--noted"))


def tag(
    study: StudyArgument,
    tags: Annotated[list[str], typer.Argument(metavar="TAG…", help="Words, such as baseline.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take them away.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Put tags on a study, which list tells and filters by."""
    from search.api.steering import tag as tag_study
    from search.api.studies import open as open_study

    opened = open_study(study, studies)
    say(f"{opened.name}: {tag_study(opened, tags, remove=remove)}")
    next_commands(study_command(opened.folder, "show"))
