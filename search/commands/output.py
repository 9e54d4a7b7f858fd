"""Where the output of commands goes: data to stdout, messages to stderr."""

import json
import sys
from typing import TYPE_CHECKING

import typer

from search.studies.folder import study_command

if TYPE_CHECKING:
    from rich.console import Console

    from search.studies.reader import StudyReader


def stdout() -> "Console":
    """Open the console for data."""
    from rich.console import Console

    # Elsewhere than on a terminal nothing may be cut to a width.
    return Console(width=None if sys.stdout.isatty() else 1000, highlight=False)


def stderr() -> "Console":
    """Open the console for progress."""
    from rich.console import Console

    return Console(stderr=True)


def say(text: str) -> None:
    """Tell the user something that is no data."""
    typer.echo(text, err=True)


def print_json(data: object) -> None:
    """Print plain data to stdout, for programs."""
    typer.echo(json.dumps(data, indent=2))


def next_commands(*commands: str) -> None:
    """Name the commands that are useful next, the likeliest first."""
    say("next: " + "\n      ".join(commands))


def print_result(study: "StudyReader") -> None:
    """Print what a session has come to: counts and failures to stderr, best trials to stdout."""
    from search.summaries.summary import counts_text, failure_lines, leaderboard_view

    records = study.trials()
    if not records:
        return
    say("\n".join([counts_text(records), *failure_lines(records)]))
    console = stdout()
    console.print(leaderboard_view(study, console.width))
    next_commands(
        study_command(study.folder, "show", records[0].number),
        study_command(study.folder, "export", "--format", "csv"),
    )
