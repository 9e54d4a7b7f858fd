"""The options that verbs share, and what a verb does with them before its work."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from search.commands.output import DOCUMENT_FORMATS, TABLE_FORMATS
from search.running.engines import ENGINES
from search.spaces.document import Override
from search.studies.hints import STUDIES as STUDIES
from search.studies.hints import usual_studies

StudiesOption = Annotated[
    Path, typer.Option("--studies", envvar="SEARCH_STUDIES", help="Folder of all studies.")
]


def _studies_like(context: typer.Context) -> list[str]:
    from search.studies.study_folder import study_names

    return study_names(Path(context.params.get("studies") or usual_studies()))


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
    typer.Argument(
        help="A study's name, or the path of its folder.", autocompletion=_studies_like
    ),
]
SpaceArgument = Annotated[
    Path, typer.Argument(help="A space file, such as spaces/small_cnn.yaml.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override any key, as budget.trials=10."),
]
TimeOption = Annotated[str | None, typer.Option(help="Time budget: 90s, 30m, 1h30m.")]
SamplerOption = Annotated[
    str | None, typer.Option(help="Sampler, such as tpe or random.", autocompletion=_samplers)
]
PrunerOption = Annotated[
    str | None, typer.Option(help="Pruner, such as asha or none.", autocompletion=_pruners)
]
WorkersOption = Annotated[int | None, typer.Option("--workers", "-w", help="Parallel trials.")]
EngineOption = Annotated[
    str, typer.Option(help=f"One of {', '.join(ENGINES)}.", autocompletion=_engines)
]
AddressOption = Annotated[str | None, typer.Option(help="Ray cluster to join.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
FormatOption = Annotated[
    str, typer.Option("--format", "-f", help=f"One of {', '.join(DOCUMENT_FORMATS)}.")
]
TableFormatOption = Annotated[
    str, typer.Option("--format", "-f", help=f"One of {', '.join(TABLE_FORMATS)}.")
]


_FLAGS = {
    "study": "--name",
    "budget.trials": "--trials",
    "budget.time": "--time",
    "sampler.seed": "--seed",
    "sampler.name": "--sampler",
    "pruner.name": "--pruner",
    "resources.workers": "--workers",
}
"""Flags that set a key of the space file, by that key."""


def overrides(values: Mapping[str, object]) -> list[Override]:
    """Write flags as assignments to keys of the space file.

    Args:
        values: The value given for each key; None where its flag was left out.

    Returns:
        One for each flag given; a message about it names the flag.

    Example:
        >>> overrides({"budget.trials": 10, "budget.time": None})
        [Override(assignment='budget.trials=10', where='--trials 10')]
    """
    return [
        Override(f"{key}={value}", f"{_FLAGS[key]} {value}")
        for key, value in values.items()
        if value is not None
    ]
