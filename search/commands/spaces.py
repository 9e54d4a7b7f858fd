"""The commands about space files: init, check and schema."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import SetOption, SpaceArgument, shipped_like
from search.commands.output import next_commands, print_json, print_parts, say

_CURRENT_FOLDER = Path()


def init(
    folder: Annotated[
        Path, typer.Argument(help="Where to write it; made if missing.")
    ] = _CURRENT_FOLDER,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME",
            help="Copy a space that comes with search, such as small_cnn.",
            autocompletion=shipped_like,
        ),
    ] = None,
    objective: Annotated[
        bool, typer.Option("--objective", help="Also write an objective of your own.")
    ] = False,
) -> None:
    """Write a commented space file that runs at once; nothing is overwritten."""
    from search.api import spaces

    written = str(spaces.init(folder, space=from_, objective=objective))
    next_commands(
        shlex.join(["search", "check", written, "--try"]), shlex.join(["search", "run", written])
    )


def check(
    space: SpaceArgument,
    set_: SetOption = None,
    try_: Annotated[
        bool, typer.Option("--try", help="Also run one epoch of one point; nothing is recorded.")
    ] = False,
) -> None:
    """Validate a space file and describe its search and its images."""
    from search.api import spaces

    found = spaces.find(space)
    checked = spaces.check(found, set_ or [])
    print_parts(checked.parts)
    if checked.problem:
        say(f"warning: no trial can run yet: {checked.problem}")
        if not try_:
            return
    sets = [word for assignment in set_ or [] for word in ("--set", assignment)]
    commands = [["search", "run", str(space), *sets]]
    if try_:
        tried = spaces.try_epoch(found, set_ or [])
        typer.echo("\n" + "\n".join(tried.lines(checked.spec)))
    elif not checked.declares:
        commands.insert(0, ["search", "check", str(space), "--try", *sets])
    next_commands(*map(shlex.join, commands))


def schema() -> None:
    """Print the JSON schema of the space file."""
    from search.api import spaces

    print_json(spaces.schema())
