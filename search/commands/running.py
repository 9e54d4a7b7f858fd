"""The verbs in the life of a study: run, resume, retry, watch, stop, enqueue, remove."""

from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import (
    STUDIES,
    AddressOption,
    EngineOption,
    EventsOption,
    JsonOption,
    PlainOption,
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
from search.commands.output import for_programs, next_commands, print_json, say, session_output
from search.errors import SearchError
from search.studies.folder import study_command
from search.text import printable

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
    plain: PlainOption = False,
    as_json: JsonOption = False,
    events: EventsOption = False,
) -> None:
    """Run a search and print its best trials."""
    from search.api import sessions

    on_event, ended = session_output(as_json, events)
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
        plain=plain or as_json or events,
        on_event=on_event,
        ended=ended,
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
    plain: PlainOption = False,
    as_json: JsonOption = False,
    events: EventsOption = False,
) -> None:
    """Go on with a study: run what is left of its budget, interrupted trials first."""
    from search.api import sessions

    on_event, ended = session_output(as_json, events)
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
        plain=plain or as_json or events,
        on_event=on_event,
        ended=ended,
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
    plain: PlainOption = False,
    as_json: JsonOption = False,
    events: EventsOption = False,
) -> None:
    """Run failed trials again, each as a new trial with the same parameters."""
    from search.api import sessions

    on_event, ended = session_output(as_json, events)
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
        plain=plain or as_json or events,
        on_event=on_event,
        ended=ended,
    )


def watch(
    study: StudyArgument,
    interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks at the study.")
    ] = 1.0,
    plain: PlainOption = False,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Follow a running study from another terminal until it ends, or look through one at rest."""
    from search.api.study import Study

    _, ended = session_output(as_json, events=False)
    opened = Study.open(study, studies)
    try:
        to_its_end = opened.watch(interval, plain=plain)
    except KeyboardInterrupt:
        say(f"{opened.name}: no longer watched, the run goes on")
        raise typer.Exit(_INTERRUPTED) from None
    if not to_its_end:
        say(f"{opened.name}: no longer watched, the run goes on")
        return
    ended(opened)


def stop(
    study: StudyArgument,
    trials: Annotated[
        list[int] | None, typer.Argument(help="Trials to end, each PRUNED; default: the run.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for the running epochs.")
    ] = False,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """End a running study from another terminal, which can be resumed, or single trials."""
    from search.api.steering import stop_trials
    from search.api.studies import open as open_study
    from search.api.studies import stop as stop_study

    is_for_programs = for_programs(as_json)
    opened = open_study(study, studies)
    if trials:
        if now:
            raise SearchError("--now: it ends the whole run; a trial ends after its epoch")
        change = stop_trials(opened, trials)
        if is_for_programs:
            print_json({"study": opened.name, "change": str(change)})
        say(f"{opened.name}: {change}")
        next_commands(study_command(opened.folder, "show", trials[0]))
        return
    driver = stop_study(opened, now=now)
    if is_for_programs:
        facts = {"pid": driver.pid, "host": driver.host, "ended": now}
        print_json({"study": opened.name, **facts})
    say(f"{opened.name}: {driver} {'has ended' if now else 'ends after the running epochs'}")
    next_commands(study_command(opened.folder, "resume"))


def enqueue(
    study: StudyArgument,
    values: Annotated[list[str], typer.Argument(help="A point, such as filters=32 stride=2.")],
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Add a point to a running or saved study, to be tried next."""
    from search.api.studies import enqueue as enqueue_to
    from search.api.studies import open as open_study

    is_for_programs = for_programs(as_json)
    opened = open_study(study, studies)
    number = enqueue_to(opened, values)
    if is_for_programs:
        print_json({"study": opened.name, "trial": number})
    say(f"{opened.name}: trial {number} will try it")
    if not opened.is_running:
        next_commands(study_command(opened.folder, "resume", "--trials", "+1"))


def remove(
    study: StudyArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Delete a study with everything recorded of it."""
    from search.api.studies import open as open_study
    from search.api.studies import remove as remove_study

    is_for_programs = for_programs(as_json)  # the question, too, then goes to stderr
    opened = open_study(study, studies)
    n_trials = len(opened.trials)
    place = opened.place_elsewhere()
    also = f", with their checkpoints in {place}" if place else ""
    asked = f"delete {opened.folder} and its {n_trials} trials{also}?"
    if not yes and not typer.confirm(printable(asked)):
        raise SearchError(f"{opened.folder}: nothing was deleted")
    confirmation = opened.folder.with_name(f"{opened.folder.name}.confirm")
    remove_study(opened)
    is_left = confirmation.exists()
    if is_for_programs:
        left = confirmation.name if is_left else None
        print_json({"study": opened.name, "folder": str(opened.folder), "confirmation": left})
    say(f"deleted {opened.folder}")
    if is_left:
        say(f"{confirmation.name}, which confirms it, is left")
        next_commands(study_command(confirmation, "remove"))
