"""The command for agents: mcp."""

from typing import Annotated

import typer

from search.commands.options import STUDIES, StudiesOption
from search.errors import MissingExtraError


def mcp(
    allow_changes: Annotated[
        bool,
        typer.Option(
            "--allow-changes",
            help="Also serve run, resume, enqueue and stop, and let check import objectives.",
        ),
    ] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Serve studies to agents as tools, by the Model Context Protocol over stdin and stdout."""
    try:
        from search.mcp.server import serve
    except ModuleNotFoundError as error:
        raise MissingExtraError("mcp", error, "mcp") from None
    serve(studies, allow_changes=allow_changes)
