"""The verbs that run trials: run, resume and retry."""

from contextlib import suppress
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Annotated

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
    WorkersOption,
    overrides,
)
from search.commands.output import print_result, stderr
from search.errors import ObjectiveError, SearchError, StudyError
from search.running.engines import engine_module
from search.text import did_you_mean, listing

if TYPE_CHECKING:
    from search.spaces.spec import Spec
    from search.studies.driver import StudyDriver


def run(  # noqa: PLR0913  each is a flag
    space: SpaceArgument,
    set_: SetOption = None,
    name: Annotated[str | None, typer.Option(help="Name of the study.")] = None,
    trials: Annotated[int | None, typer.Option("--trials", "-n", help="Number of trials.")] = None,
    time: TimeOption = None,
    seed: Annotated[int | None, typer.Option(help="The study's seed.")] = None,
    sampler: SamplerOption = None,
    pruner: PrunerOption = None,
    workers: WorkersOption = None,
    warm_start: Annotated[
        str | None, typer.Option(help="A study whose trials inform the sampler.")
    ] = None,
    engine: EngineOption = "ray",
    address: AddressOption = None,
    studies: StudiesOption = STUDIES,
    quiet: QuietOption = False,
) -> None:
    """Run a search and print its best trials."""
    from search.spaces.space_file import import_folders, load_space_file
    from search.studies.driver import StudyDriver
    from search.studies.lock import driving
    from search.studies.queue import warm_start as warm_start_from

    flags = {
        "study": name,
        "budget.trials": trials,
        "budget.time": time,
        "sampler.seed": seed,
        "sampler.name": sampler,
        "pruner.name": pruner,
        "resources.workers": workers,
    }
    module = engine_module(engine, workers, set_ or [])
    spec = load_space_file(space, [*(set_ or []), *overrides(flags)])
    _tell_of_images(spec)
    informing = StudyDriver.open(warm_start, studies) if warm_start else None
    study = StudyDriver.create(spec, studies, import_folders(space))
    try:
        with driving(study.folder):
            if informing:
                n_carried = warm_start_from(study, informing)
                of = f"{n_carried} of {len(informing.trials())} trials of {informing.name}"
                typer.echo(f"{study.name}: {of} inform the sampler", err=True)
            _sit(study, module, address, quiet)
    finally:
        study.discard_if_empty()


def resume(  # noqa: PLR0913  each is a flag
    study: StudyArgument,
    trials: Annotated[
        str | None, typer.Option("--trials", "-n", help="Trials in all; +20 adds to the budget.")
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
    studies: StudiesOption = STUDIES,
    quiet: QuietOption = False,
) -> None:
    """Go on with a study: run what is left of its budget, interrupted trials first."""
    from search.running.session import extend_study
    from search.studies.driver import StudyDriver
    from search.studies.lock import driving
    from search.studies.storage import cut_torn_line

    flags = {
        "budget.time": time,
        "sampler.name": sampler,
        "pruner.name": pruner,
        "resources.workers": workers,
    }
    module = engine_module(engine, workers)
    opened = StudyDriver.open(study, studies)
    with driving(opened.folder):
        warning = cut_torn_line(opened.folder, opened.spec.storage)
        if warning:
            typer.echo(f"warning: {warning}", err=True)
        if space is not None:
            opened = _change_space(opened, space)
        extended = extend_study(opened, trials, overrides(flags))
        _sit(extended, module, address, quiet)


def retry(  # noqa: PLR0913  each is a flag
    study: StudyArgument,
    trial: Annotated[
        list[int] | None, typer.Argument(help="Failed trials; default: all of them.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only failures of this kind, as out_of_memory.")
    ] = None,
    workers: WorkersOption = None,
    engine: EngineOption = "ray",
    address: AddressOption = None,
    studies: StudiesOption = STUDIES,
    quiet: QuietOption = False,
) -> None:
    """Run failed trials again, each as a new trial with the same parameters."""
    from search.running.session import extend_study
    from search.studies.driver import StudyDriver
    from search.studies.lock import driving
    from search.studies.queue import n_waiting, retry_trials
    from search.studies.storage import cut_torn_line
    from search.studies.trials import FAILURE_KINDS

    module = engine_module(engine, workers)
    if kind is not None and kind not in FAILURE_KINDS:
        hint = did_you_mean(kind, FAILURE_KINDS)
        valid = listing(FAILURE_KINDS)
        raise SearchError(f"--kind: a kind of failure must be given, got {kind!r}{hint}; {valid}")
    opened = StudyDriver.open(study, studies)
    with driving(opened.folder):
        cut_torn_line(opened.folder, opened.spec.storage)
        chosen = retry_trials(opened, trial or [], kind)
        if not chosen:
            raise StudyError(
                f"{opened.name}: no failed trials to retry; one that failed twice of the same, or "
                "has been tried again, is retried by its number"
            )
        typer.echo(f"{opened.name}: trying again {listing(chosen)}", err=True)
        wanted = len(opened.trials()) + n_waiting(opened)
        more = str(wanted) if wanted > (opened.spec.budget.trials or wanted) else None
        extended = extend_study(opened, more, overrides({"resources.workers": workers}))
        _sit(extended, module, address, quiet)


def _change_space(study: "StudyDriver", path: Path) -> "StudyDriver":
    from search.spaces.space_file import import_folders, load_space_file
    from search.studies.space_change import change_space, n_informing, space_diff

    spec = load_space_file(path)
    differences = space_diff(study.spec, spec)
    if not differences:
        typer.echo(f"{study.name}: {path} is the space it has", err=True)
        return study
    changed = change_space(study, spec, import_folders(path))
    typer.echo("\n".join(differences), err=True)
    informing = f"{n_informing(changed)} of {n_informing(study)} finished trials"
    typer.echo(f"{study.name}: version {changed.version} of its space, {informing} fit", err=True)
    return changed


def _sit(study: "StudyDriver", engine: str, address: str | None, quiet: bool) -> None:
    from search.progress.watching import run_watched

    _tell_of_other_runs(study)
    try:
        run_watched(study, engine, address, stderr(), quiet=quiet)
    finally:
        print_result(study)


def _tell_of_images(spec: "Spec") -> None:
    """Say what is odd about the images, where the objective can tell; a trial tells of errors."""
    from search.objective.descriptions import image_notes
    from search.objective.source import may_have

    if not may_have(spec.objective, "notes"):
        return  # importing an objective takes seconds, and is its workers' business
    with suppress(ObjectiveError):
        for note in image_notes(spec.objective, spec.settings):
            typer.echo(f"note: {note}", err=True)


def _tell_of_other_runs(study: "StudyDriver") -> None:
    """Say which other studies run on this machine, as their trials share its cores."""
    from search.studies.lock import find_driver
    from search.studies.study_folder import study_names

    folders = [study.folder.parent / name for name in study_names(study.folder.parent)]
    drivers = {folder.name: find_driver(folder) for folder in folders if folder != study.folder}
    here = [name for name, driver in drivers.items() if driver and driver.host == gethostname()]
    if here:
        text = f"{listing(here)} also runs on this machine; --workers shares its cores"
        typer.echo(f"{study.name}: {text}", err=True)
