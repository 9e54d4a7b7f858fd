"""The verbs about space files: check and schema."""

import typer

from search.errors import ObjectiveError
from search.verbs.options import SetOption, SpaceArgument
from search.verbs.output import next_commands, print_json, stdout


def check(space: SpaceArgument, set_: SetOption = None) -> None:
    """Validate a space file and describe its search and its images."""
    from search.spaces.descriptions import class_counts
    from search.spaces.space_file import load_space_file
    from search.spaces.space_view import class_table, space_view

    spec = load_space_file(space, set_ or [], probe=True)
    console = stdout()
    console.print(space_view(spec))
    try:
        counts = class_counts(spec.objective, spec.settings)
    except ObjectiveError as error:
        typer.echo(f"warning: no trial can run yet: {error}", err=True)
        return
    if counts:
        console.print()
        console.print(class_table(counts))
    next_commands(f"search run {space}")


def schema() -> None:
    """Print the JSON schema of the space file."""
    from search.spaces.spec import json_schema

    print_json(json_schema())
