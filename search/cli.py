"""The `search` command: its verbs in the order of `search --help`, and how its errors end.

Data goes to stdout, progress and messages to stderr. Heavy modules are imported by the verb
that needs them, so that `search --help` answers at once.
"""

import sys
from collections.abc import Callable
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from search.commands import (
    comparing,
    control,
    evaluating,
    looking,
    reporting,
    running,
    serving,
    spaces,
    using,
    watching,
)
from search.errors import SearchError

VERBS: dict[str, Callable[..., None]] = {
    "check": spaces.check,
    "schema": spaces.schema,
    "run": running.run,
    "resume": running.resume,
    "retry": running.retry,
    "watch": watching.watch,
    "stop": control.stop,
    "enqueue": control.enqueue,
    "keep": control.keep,
    "remove": control.remove,
    "list": looking.list_studies,
    "show": looking.show,
    "leaderboard": looking.leaderboard,
    "summary": comparing.summary,
    "compare": comparing.compare,
    "ladder": comparing.ladder,
    "report": reporting.report,
    "dashboard": serving.dashboard,
    "evaluate": evaluating.evaluate,
    "export": looking.export,
    "predict": using.predict,
    "demo": using.demo,
    "export-model": using.export_model,
}


def _without_values(params: list[Any]) -> list[Any]:
    """Let flags stand in the help without the type of a value: they take none."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


class _Verb(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_values(super().get_params(ctx))


class _Verbs(TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_values(super().get_params(ctx))


app = typer.Typer(
    cls=_Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Hyperparameter search for image classifiers.\n\n"
    "Start with: search run spaces/small_cnn.yaml",
)
for name, verb in VERBS.items():
    app.command(name, cls=_Verb)(verb)


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
    """Take the options that stand before a verb."""


def main() -> None:
    """Run the command line; a user's mistake ends in one clear text and an exit code."""
    try:
        app()
    except SearchError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
