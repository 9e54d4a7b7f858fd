"""The verbs about space files: check and schema."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.options import SetOption, SpaceArgument
from search.commands.output import next_commands, print_json, print_parts
from search.errors import ObjectiveError

if TYPE_CHECKING:
    from search.spaces.spec import Spec


def check(
    space: SpaceArgument,
    set_: SetOption = None,
    try_: Annotated[
        bool, typer.Option("--try", help="Also run one epoch of one point; nothing is recorded.")
    ] = False,
) -> None:
    """Validate a space file and describe its search and its images."""
    from search.objective.descriptions import class_counts, image_notes
    from search.objective.source import static_member
    from search.spaces.space_file import load_space_file
    from search.summaries.space import class_part, notes_part, space_part

    spec = load_space_file(space, set_ or [], probe=True)
    print_parts([space_part(spec)])
    try:
        counts = class_counts(spec.objective, spec.settings)
        notes = image_notes(spec.objective, spec.settings)
        declares = static_member(spec.objective, "declares") is not None
    except ObjectiveError as error:
        typer.echo(f"warning: no trial can run yet: {error}", err=True)
        if not try_:
            return
        counts, notes, declares = None, [], True
    told = [*([class_part(counts)] if counts else []), *([notes_part(notes)] if notes else [])]
    if told:
        typer.echo()
        print_parts(told)
    if try_:
        _try(spec, space, set_ or [])
    sets = [word for assignment in set_ or [] for word in ("--set", assignment)]
    commands = [["search", "run", str(space), *sets]]
    if not (try_ or declares):
        commands.insert(0, ["search", "check", str(space), "--try", *sets])
    next_commands(*map(shlex.join, commands))


def _try(spec: "Spec", space: Path, overrides: list[str]) -> None:
    from search.running.trying import tried_lines, try_epoch
    from search.spaces.space_file import import_folders, problem_in

    tried = try_epoch(spec, import_folders(space))
    typer.echo("\n" + "\n".join(tried_lines(tried, spec)))
    if tried.problem:
        raise problem_in(space, overrides, *tried.problem)


def schema() -> None:
    """Print the JSON schema of the space file."""
    from search.spaces.spec import json_schema

    print_json(json_schema())
