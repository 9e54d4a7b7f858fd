"""The verbs about space files: check and schema."""

import shlex

import typer

from search.errors import ObjectiveError
from search.verbs.options import SetOption, SpaceArgument
from search.verbs.output import next_commands, print_json, stdout


def check(space: SpaceArgument, set_: SetOption = None) -> None:
    """Validate a space file and describe its search and its images."""
    from search.spaces.descriptions import class_counts, image_notes
    from search.spaces.space_file import load_space_file
    from search.spaces.space_view import class_table, notes_view, space_view

    spec = load_space_file(space, set_ or [])
    console = stdout()
    console.print(space_view(spec))
    try:
        counts = class_counts(spec.objective, spec.settings)
        notes = image_notes(spec.objective, spec.settings)
    except ObjectiveError as error:
        typer.echo(f"warning: no trial can run yet: {error}", err=True)
        return
    if counts:
        console.print()
        console.print(class_table(counts))
    if notes:
        console.print()
        console.print(notes_view(notes))
    sets = [word for assignment in set_ or [] for word in ("--set", assignment)]
    next_commands(shlex.join(["search", "run", str(space), *sets]))


def schema() -> None:
    """Print the JSON schema of the space file."""
    from search.spaces.spec import json_schema

    print_json(json_schema())
