"""The options that verbs share, and what a verb does with them before its work."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from search.running.engines import ENGINES
from search.studies.commands import STUDIES as STUDIES

StudiesOption = Annotated[
    Path, typer.Option("--studies", envvar="SEARCH_STUDIES", help="Folder of all studies.")
]
StudyArgument = Annotated[str, typer.Argument(help="A study's name, or the path of its folder.")]
SpaceArgument = Annotated[
    Path, typer.Argument(help="A space file, such as spaces/small_cnn.yaml.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override any key, as budget.trials=10."),
]
TimeOption = Annotated[str | None, typer.Option(help="Time budget: 90s, 30m, 1h30m.")]
SamplerOption = Annotated[str | None, typer.Option(help="Sampler, such as tpe or random.")]
PrunerOption = Annotated[str | None, typer.Option(help="Pruner, such as asha or none.")]
WorkersOption = Annotated[int | None, typer.Option("--workers", "-w", help="Parallel trials.")]
EngineOption = Annotated[str, typer.Option(help=f"One of {', '.join(ENGINES)}.")]
AddressOption = Annotated[str | None, typer.Option(help="Ray cluster to join.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def overrides(flags: Mapping[str, object]) -> list[str]:
    """Write flags as assignments to keys of the space file.

    Args:
        flags: The value given for each key; None where the flag was left out.

    Returns:
        One `KEY=VALUE` for each flag given, as `--set` has them.

    Example:
        >>> overrides({"budget.trials": 10, "budget.time": None})
        ['budget.trials=10']
    """
    return [f"{key}={value}" for key, value in flags.items() if value is not None]
