"""The options that commands share, with their help and completion."""

from pathlib import Path
from typing import Annotated

import typer

from search.commands.output import DOCUMENT_FORMATS, TABLE_FORMATS
from search.running.engines import ENGINES
from search.studies.folder import STUDIES as STUDIES
from search.studies.folder import usual_studies

StudiesOption = Annotated[
    Path, typer.Option("--studies", envvar="SEARCH_STUDIES", help="The folder of all studies.")
]


def studies_like(context: typer.Context) -> list[str]:
    """List the studies there are, for completion."""
    from search.studies.folder import study_names

    return study_names(Path(context.params.get("studies") or usual_studies()))


def shipped_like() -> list[str]:
    """Complete the name of a space that comes with search."""
    from search.spaces.shipped_spaces import shipped_spaces

    return list(shipped_spaces())


def _samplers() -> list[str]:
    from search.spaces.samplers import SAMPLERS

    return list(SAMPLERS)


def _pruners() -> list[str]:
    from search.spaces.pruners import PRUNERS

    return list(PRUNERS)


def _engines() -> list[str]:
    return list(ENGINES)


StudyArgument = Annotated[
    str,
    typer.Argument(help="A study's name, or the path of its folder.", autocompletion=studies_like),
]
SpaceArgument = Annotated[
    Path,
    typer.Argument(
        help="A space file, or the name of one that comes with search, such as small_cnn.",
        autocompletion=shipped_like,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override any key, such as budget.trials=10."),
]
TimeOption = Annotated[str | None, typer.Option(help="Time budget, such as 90s, 30m or 1h30m.")]
SamplerOption = Annotated[
    str | None, typer.Option(help="Sampler, such as tpe or random.", autocompletion=_samplers)
]
PrunerOption = Annotated[
    str | None, typer.Option(help="Pruner, such as asha or none.", autocompletion=_pruners)
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", "-w", help="Number of parallel trials.")
]
EngineOption = Annotated[
    str, typer.Option(help=f"One of {', '.join(ENGINES)}.", autocompletion=_engines)
]
AddressOption = Annotated[str | None, typer.Option(help="Address of a Ray cluster to join.")]
WaitOption = Annotated[
    str | None,
    typer.Option(
        "--wait-for-workers", help="How long to wait for a node that a trial fits on, as 10m."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
PlainOption = Annotated[
    bool, typer.Option("--plain", help="On a terminal, a table in place of the screen.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
EventsOption = Annotated[
    bool, typer.Option("--events", help="Print a line of JSON for each event, for programs.")
]
FormatOption = Annotated[
    str, typer.Option("--format", "-f", help=f"One of {', '.join(DOCUMENT_FORMATS)}.")
]
TableFormatOption = Annotated[
    str, typer.Option("--format", "-f", help=f"One of {', '.join(TABLE_FORMATS)}.")
]
