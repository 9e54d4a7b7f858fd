"""Where the output of verbs goes: data to stdout, messages to stderr."""

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


def print_json(data: object) -> None:
    """Print data to stdout, for programs.

    Args:
        data: Plain data.
    """
    typer.echo(json.dumps(data, indent=2))


def next_commands(*commands: str) -> None:
    """Name the commands that are useful next, on stderr.

    Args:
        *commands: Whole commands, the likeliest first.
    """
    typer.echo("next: " + "\n      ".join(commands), err=True)


def print_result(study: "StudyReader") -> None:
    """Print what a run has come to: counts and failures to stderr, the best trials to stdout.

    Args:
        study: The study; nothing is printed of one without trials.
    """
    from search.summaries.summary import counts_text, failure_lines, leaderboard_view

    records = study.trials()
    if not records:
        return
    typer.echo("\n".join([counts_text(records), *failure_lines(records)]), err=True)
    console = stdout()
    console.print(leaderboard_view(study, console.width))
    next_commands(
        study_command(study.folder, "show", records[0].number),
        study_command(study.folder, "export", "--format", "csv"),
    )
