"""The verbs in the life of a study: run, resume, retry, watch, stop, enqueue, remove."""

from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import (
    STUDIES,
    AddressOption,
    EngineOption,
    PrunerOption,
    QuietOption,
    SamplerOption,
    SetOption,
    SpaceArgument,
    StudiesOption,
    StudyArgument,
    TimeOption,
    WaitOption,
    WorkersOption,
)
from search.commands.output import next_commands, print_result, say
from search.errors import SearchError
from search.studies.folder import study_command

_INTERRUPTED = 130


def run(  # noqa: PLR0913  each is a flag
    space: SpaceArgument,
    set_: SetOption = None,
    name: Annotated[str | None, typer.Option(help="Name of the study.")] = None,
    trials: Annotated[int | None, typer.Option("--trials", "-n", help="Number of trials.")] = None,
    time: TimeOption = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the study.")] = None,
    sampler: SamplerOption = None,
    pruner: PrunerOption = None,
    workers: WorkersOption = None,
    warm_start: Annotated[
        str | None, typer.Option(help="Another study, whose trials inform the sampler.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="A word to find it by in list; repeatable.")
    ] = None,
    engine: EngineOption = "ray",
    address: AddressOption = None,
    wait_for_workers: WaitOption = None,
    studies: StudiesOption = STUDIES,
    quiet: QuietOption = False,
) -> None:
    """Run a search and print its best trials."""
    from search.api import sessions

    sessions.run(
        space,
        set_ or [],
        name=name,
        trials=trials,
        time=time,
        seed=seed,
        sampler=sampler,
        pruner=pruner,
        workers=workers,
        warm_start=warm_start,
        tags=tag or [],
        studies=studies,
        engine=engine,
        address=address,
        wait_for_workers=wait_for_workers,
        quiet=quiet,
        ended=print_result,
    )


def resume(  # noqa: PLR0913  each is a flag
    study: StudyArgument,
    trials: Annotated[
        str | None,
        typer.Option("--trials", "-n", help="Number of trials in all; +20 adds to the budget."),
    ] = None,
    time: TimeOption = None,
    sampler: SamplerOption = None,
    pruner: PrunerOption = None,
    workers: WorkersOption = None,
    space: Annotated[
        Path | None, typer.Option(help="Go on in the space of this file; shows what changes.")
    ] = None,
    engine: EngineOption = "ray",
    address: AddressOption = None,
    wait_for_workers: WaitOption = None,
    studies: StudiesOption = STUDIES,
    quiet: QuietOption = False,
) -> None:
    """Go on with a study: run what is left of its budget, interrupted trials first."""
    from search.api import sessions

    sessions.resume(
        study,
        trials,
        time=time,
        sampler=sampler,
        pruner=pruner,
        workers=workers,
        space=space,
        studies=studies,
        engine=engine,
        address=address,
        wait_for_workers=wait_for_workers,
        quiet=quiet,
        ended=print_result,
    )


def retry(  # noqa: PLR0913  each is a flag
    study: StudyArgument,
    trial: Annotated[
        list[int] | None, typer.Argument(help="Failed trials; default: all of them.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only failures of this kind, such as out_of_memory.")
    ] = None,
    workers: WorkersOption = None,
    engine: EngineOption = "ray",
    address: AddressOption = None,
    wait_for_workers: WaitOption = None,
    studies: StudiesOption = STUDIES,
    quiet: QuietOption = False,
) -> None:
    """Run failed trials again, each as a new trial with the same parameters."""
    from search.api import sessions

    sessions.retry(
        study,
        trial or [],
        kind=kind,
        workers=workers,
        studies=studies,
        engine=engine,
        address=address,
        wait_for_workers=wait_for_workers,
        quiet=quiet,
        ended=print_result,
    )


def watch(
    study: StudyArgument,
    interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks at the study.")
    ] = 1.0,
    studies: StudiesOption = STUDIES,
) -> None:
    """Follow a running study from another terminal until it ends; changes nothing."""
    from search.api.study import Study

    opened = Study.open(study, studies)
    try:
        opened.watch(interval)
    except KeyboardInterrupt:
        say(f"{opened.name}: no longer watched, the run goes on")
        raise typer.Exit(_INTERRUPTED) from None
    print_result(opened)


def stop(
    study: StudyArgument,
    trials: Annotated[
        list[int] | None, typer.Argument(help="Trials to end, each PRUNED; default: the run.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for the running epochs.")
    ] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """End a running study from another terminal, which can be resumed, or single trials."""
    from search.api.steering import stop_trials
    from search.api.studies import open as open_study
    from search.api.studies import stop as stop_study

    opened = open_study(study, studies)
    if trials:
        if now:
            raise SearchError("--now: it ends the whole run; a trial ends after its epoch")
        say(f"{opened.name}: {stop_trials(opened, trials)}")
        next_commands(study_command(opened.folder, "show", trials[0]))
        return
    driver = stop_study(opened, now=now)
    say(f"{opened.name}: {driver} {'has ended' if now else 'ends after the running epochs'}")
    next_commands(study_command(opened.folder, "resume"))


def enqueue(
    study: StudyArgument,
    values: Annotated[list[str], typer.Argument(help="A point, such as filters=32 stride=2.")],
    studies: StudiesOption = STUDIES,
) -> None:
    """Add a point to a running or saved study, to be tried next."""
    from search.api.studies import enqueue as enqueue_to
    from search.api.studies import open as open_study

    opened = open_study(study, studies)
    say(f"{opened.name}: trial {enqueue_to(opened, values)} will try it")
    if not opened.is_running:
        next_commands(study_command(opened.folder, "resume", "--trials", "+1"))


def remove(
    study: StudyArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Delete a study with everything recorded of it."""
    from search.api.studies import open as open_study
    from search.api.studies import remove as remove_study

    opened = open_study(study, studies)
    n_trials = len(opened.trials)
    if not yes and not typer.confirm(f"delete {opened.folder} and its {n_trials} trials?"):
        raise SearchError(f"{opened.folder}: nothing was deleted")
    confirmation = opened.folder.with_name(f"{opened.folder.name}.confirm")
    remove_study(opened)
    say(f"deleted {opened.folder}")
    if confirmation.exists():
        say(f"{confirmation.name}, which confirms it, is left")
        next_commands(study_command(confirmation, "remove"))
