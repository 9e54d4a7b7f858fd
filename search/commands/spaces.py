"""The commands about space files: check and schema."""

import shlex
from typing import Annotated

import typer

from search.commands.options import SetOption, SpaceArgument
from search.commands.output import next_commands, print_json, print_lines, print_parts, say


def check(
    space: SpaceArgument,
    set_: SetOption = None,
    try_: Annotated[
        bool, typer.Option("--try", help="Also run one epoch of one point; nothing is recorded.")
    ] = False,
) -> None:
    """Validate a space file and describe its search and its images."""
    from search.api import spaces

    checked = spaces.check(space, set_ or [])
    print_parts(checked.parts)
    if checked.problem:
        say(f"warning: no trial can run yet: {checked.problem}")
        if not try_:
            return
    sets = [word for assignment in set_ or [] for word in ("--set", assignment)]
    commands = [["search", "run", str(space), *sets]]
    if try_:
        tried = spaces.try_epoch(space, set_ or [])
        print_lines(["", *tried.lines(checked.spec)])
    elif not checked.declares:
        commands.insert(0, ["search", "check", str(space), "--try", *sets])
    next_commands(*map(shlex.join, commands))


def schema() -> None:
    """Print the JSON schema of the space file."""
    from search.api import spaces

    print_json(spaces.schema())
