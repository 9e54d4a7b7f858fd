"""Serves the tools on stdin and stdout, by the official SDK."""

import functools
from collections.abc import Callable
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from search.errors import SearchError
from search.mcp.tools import CHANGING, READING, ChangingTools, ReadingTools
from search.text import json_ready

_INSTRUCTIONS = (
    "Hyperparameter searches. A study holds the trials of one search. Selection uses the "
    "validation split; values without `shown` or `tied` may differ by luck alone: `summary` says "
    "which trials cannot be told from the best, `compare` whether two differ."
)


def serve(studies: Path, *, allow_changes: bool) -> None:
    """Serve until the client closes stdin.

    While it serves, the SDK sends whatever else is printed to stderr.

    Args:
        studies: The folder of all studies.
        allow_changes: Whether there also are the tools that change studies and run code.
    """
    with suppress(KeyboardInterrupt):
        make_server(studies, allow_changes=allow_changes).run("stdio")


def make_server(studies: Path, *, allow_changes: bool) -> MCPServer[Any]:
    """Make the server, with a tool for each verb."""
    server: MCPServer[Any] = MCPServer(
        "search",
        instructions=_INSTRUCTIONS,
        version=metadata.version("search"),
        log_level="WARNING",
    )
    tools = (ChangingTools if allow_changes else ReadingTools)(studies)
    for name in READING:
        hints = ToolAnnotations(read_only_hint=True, open_world_hint=False)
        server.add_tool(_tool(getattr(tools, name)), name=name, annotations=hints)
    for name in CHANGING if allow_changes else ():
        hints = ToolAnnotations(
            read_only_hint=False, destructive_hint=False, open_world_hint=False
        )
        server.add_tool(_tool(getattr(tools, name)), name=name, annotations=hints)
    return server


def _tool(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have a user's mistake reach the agent as the text that people get, and data as JSON."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return json_ready(function(*args, **kwargs))
        except SearchError as error:
            raise ToolError(str(error)) from None

    return call
