"""The verbs about space files: check and schema."""

from search.verbs.options import SetOption, SpaceArgument
from search.verbs.output import next_commands, print_json, stdout


def check(space: SpaceArgument, set_: SetOption = None) -> None:
    """Validate a space file and describe its search."""
    from search.space_file import load_space_file
    from search.summary import space_view

    spec = load_space_file(space, set_ or [])
    stdout().print(space_view(spec))
    next_commands(f"search run {space}")


def schema() -> None:
    """Print the JSON schema of the space file."""
    from search.spec import json_schema

    print_json(json_schema())
