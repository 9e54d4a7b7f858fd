"""The verbs that steer a run from another terminal: set, pause, note, tag."""

from typing import Annotated

import typer

from search.commands.options import STUDIES, JsonOption, StudiesOption, StudyArgument
from search.commands.output import for_programs, next_commands, print_json, say
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
    as_json: JsonOption = False,
) -> None:
    """Change how a study goes on: workers, budget, sampler, pruner; also while it runs."""
    from search.api.steering import set_values
    from search.api.studies import open as open_study

    is_for_programs = for_programs(as_json)
    opened = open_study(study, studies)
    _say_change(opened.name, set_values(opened, assignments), is_for_programs)
    next_commands(study_command(opened.folder, "watch" if opened.is_running else "resume"))


def pause(
    study: StudyArgument, studies: StudiesOption = STUDIES, as_json: JsonOption = False
) -> None:
    """Let a running study rest: its trials wait on checkpoints, its workers are free."""
    from search.api.steering import pause as pause_study
    from search.api.studies import open as open_study

    is_for_programs = for_programs(as_json)
    opened = open_study(study, studies)
    _say_change(opened.name, pause_study(opened), is_for_programs)
    next_commands(study_command(opened.folder, "resume"))


def note(
    study: StudyArgument,
    trial: Annotated[int, typer.Argument(help="Number of a trial.")],
    text: Annotated[str, typer.Argument(help="What to note; '' takes the note away.")],
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Put a note on a trial, which show and leaderboard tell."""
    from search.api.steering import note as note_trial
    from search.api.studies import open as open_study

    is_for_programs = for_programs(as_json)
    opened = open_study(study, studies)
    _say_change(opened.name, note_trial(opened, trial, text), is_for_programs)
    next_commands(study_command(opened.folder, "leaderboard", "--noted"))


def tag(
    study: StudyArgument,
    tags: Annotated[list[str], typer.Argument(metavar="TAG…", help="Words, such as baseline.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take them away.")] = False,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Put tags on a study, which list tells and filters by."""
    from search.api.steering import tag as tag_study
    from search.api.studies import open as open_study

    is_for_programs = for_programs(as_json)
    opened = open_study(study, studies)
    _say_change(opened.name, tag_study(opened, tags, remove=remove), is_for_programs)
    next_commands(study_command(opened.folder, "show"))


def _say_change(study: str, change: object, is_for_programs: bool) -> None:
    """Say what was asked of a study and when it takes effect."""
    if is_for_programs:
        print_json({"study": study, "change": str(change)})
    say(f"{study}: {change}")
