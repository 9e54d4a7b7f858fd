"""The commands about space files: init, check and schema."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import JsonOption, SetOption, SpaceArgument, shipped_like
from search.commands.output import (
    for_programs,
    next_commands,
    print_json,
    print_lines,
    print_parts,
    say,
)
from search.errors import SpaceError

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
    as_json: JsonOption = False,
) -> None:
    """Validate a space file and describe its search and its images."""
    from search.api import spaces

    if for_programs(as_json):
        _check_for_programs(space, set_ or [], try_)
        return
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
        print_lines(["", *tried.lines(checked.spec)])
    elif not checked.declares:
        commands.insert(0, ["search", "check", str(space), "--try", *sets])
    next_commands(*map(shlex.join, commands))


def _check_for_programs(space: Path, sets: list[str], try_: bool) -> None:
    """Print all that is found as JSON; mistakes, too, which also end it as they always do."""
    from search.api import spaces

    try:
        facts = spaces.check(space, sets).facts
        if try_:
            facts["tried"] = spaces.tried_facts(spaces.try_epoch(space, sets))
    except SpaceError as error:
        print_json(spaces.wrong_space_facts(error.mistakes))
        raise
    print_json(facts)


def schema(
    output: Annotated[
        str | None,
        typer.Argument(
            help="A command, for what it prints with --json, or events; default: the space file."
        ),
    ] = None,
) -> None:
    """Print the JSON schema of the space file, or of what a command prints with --json."""
    from search.api.outputs import schema

    print_json(schema(output))
