"""The command line: its commands in the order of `search --help`, and how its errors end.

Data goes to stdout, progress and messages to stderr. Heavy modules are imported by the command
that needs them, so that `search --help` answers at once.
"""

import signal
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from search.commands import (
    comparing,
    confirming,
    looking,
    programs,
    reporting,
    running,
    spaces,
    steering,
    using,
)
from search.commands.output import say, stdout_given_back
from search.errors import InterruptedRunError, SearchError

COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "Prepare a search": {
        "init": spaces.init,
        "check": spaces.check,
        "schema": spaces.schema,
    },
    "Run it": {
        "run": running.run,
        "resume": running.resume,
        "retry": running.retry,
        "confirm": confirming.confirm,
        "enqueue": running.enqueue,
        "watch": running.watch,
        "set": steering.set_,
        "pause": steering.pause,
        "stop": running.stop,
    },
    "Look at what came out": {
        "list": looking.list_studies,
        "show": looking.show,
        "leaderboard": looking.leaderboard,
        "summary": comparing.summary,
        "compare": comparing.compare,
        "ladder": comparing.ladder,
        "report": reporting.report,
        "dashboard": reporting.dashboard,
        "export": looking.export,
    },
    "Use the best trial": {
        "evaluate": using.evaluate,
        "predict": using.predict,
        "demo": using.demo,
        "export-model": using.export_model,
    },
    "Let programs work with it": {
        "mcp": programs.mcp,
    },
    "Note, keep and delete": {
        "note": steering.note,
        "tag": steering.tag,
        "keep": using.keep,
        "remove": running.remove,
    },
}
"""The commands by what people want, in the order of `search --help`."""


def _without_values(params: list[Any]) -> list[Any]:
    """Let flags stand in the help without the type of a value: they take none."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


class _Command(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_values(super().get_params(ctx))


class _Commands(TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_values(super().get_params(ctx))


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Hyperparameter search for image classifiers.\n\nStart with: search run small_cnn",
)
for panel, commands in COMMANDS.items():
    for name, command in commands.items():
        app.command(name, cls=_Command, rich_help_panel=panel)(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"search {metadata.version('search')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line; a user's mistake ends in one clear text and an exit code."""
    try:
        with stdout_given_back():
            app()
    except SearchError as error:
        if isinstance(error, InterruptedRunError):
            # What is left is short, and must not be interrupted again.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
        say(f"error: {error}")
        sys.exit(error.exit_code)
