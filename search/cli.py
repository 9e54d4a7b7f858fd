"""The `search` command: verbs as thin functions over the modules that do the work.

Data goes to stdout, progress and messages to stderr. Heavy modules are imported by the verb
that needs them, so that `search --help` answers at once.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from search.engines import ENGINES
from search.errors import SearchError

if TYPE_CHECKING:
    from rich.console import Console

    from search.study import Study

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Hyperparameter search for image classifiers.\n\n"
    "Start with: search run spaces/small_cnn.yaml",
)

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
STUDIES = Path("studies")


@app.command()
def check(space: SpaceArgument, set_: SetOption = None) -> None:
    """Validate a space file and describe its search."""
    from search.space_file import load_space_file
    from search.summary import space_view

    spec = load_space_file(space, set_ or [])
    _stdout().print(space_view(spec))
    _next(f"search run {space}")


@app.command()
def schema() -> None:
    """Print the JSON schema of the space file."""
    import json

    from search.spec import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


@app.command()
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
    from search.lock import driving
    from search.points import warm_start as warm_start_from
    from search.space_file import import_folders, load_space_file
    from search.study import Study

    flags = {
        "study": name,
        "budget.trials": trials,
        "budget.time": time,
        "sampler.seed": seed,
        "sampler.name": sampler,
        "pruner.name": pruner,
        "resources.workers": workers,
    }
    _check_engine(engine)
    spec = load_space_file(space, [*(set_ or []), *_overrides(flags)])
    informing = Study.open(warm_start, studies) if warm_start else None
    study = Study.create(spec, studies, import_folders(space))
    try:
        with driving(study.folder):
            if informing:
                n_carried = warm_start_from(study, informing)
                of = f"{n_carried} of {len(informing.records())} trials of {informing.name}"
                typer.echo(f"{study.name}: {of} inform the sampler", err=True)
            _sit(study, ENGINES[engine], address, studies, quiet)
    finally:
        study.discard_if_empty()


@app.command()
def resume(  # noqa: PLR0913  each is a flag
    study: StudyArgument,
    trials: Annotated[
        str | None, typer.Option("--trials", "-n", help="Trials in all, or +20 for more.")
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
    from search.lock import driving
    from search.sitting import extend_study
    from search.study import Study

    flags = {
        "budget.time": time,
        "sampler.name": sampler,
        "pruner.name": pruner,
        "resources.workers": workers,
    }
    _check_engine(engine)
    opened = Study.open(study, studies)
    with driving(opened.folder):
        warning = opened.cut_torn_record()
        if warning:
            typer.echo(f"warning: {warning}", err=True)
        if space is not None:
            opened = _change_space(opened, space)
        extended = extend_study(opened, trials, _overrides(flags))
        _sit(extended, ENGINES[engine], address, studies, quiet)


def _change_space(study: "Study", path: Path) -> "Study":
    from search.space_change import change_space, n_informing, space_diff
    from search.space_file import import_folders, load_space_file

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


@app.command()
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
    from search.errors import StudyError, did_you_mean, listing
    from search.lock import driving
    from search.points import n_waiting, retry_trials
    from search.record import FAILURE_KINDS
    from search.sitting import extend_study
    from search.study import Study

    _check_engine(engine)
    if kind is not None and kind not in FAILURE_KINDS:
        hint = did_you_mean(kind, FAILURE_KINDS)
        valid = listing(FAILURE_KINDS)
        raise SearchError(f"--kind: a kind of failure must be given, got {kind!r}{hint}; {valid}")
    opened = Study.open(study, studies)
    with driving(opened.folder):
        opened.cut_torn_record()
        chosen = retry_trials(opened, trial or [], kind)
        if not chosen:
            raise StudyError(
                f"{opened.name}: a failed trial must exist to be run again, none does"
            )
        typer.echo(f"{opened.name}: trying again {listing(chosen)}", err=True)
        overrides = _overrides({"resources.workers": workers})
        wanted = len(opened.records()) + n_waiting(opened)
        more = str(wanted) if wanted > (opened.spec.budget.trials or wanted) else None
        extended = extend_study(opened, more, overrides)
        _sit(extended, ENGINES[engine], address, studies, quiet)


@app.command()
def stop(
    study: StudyArgument,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for the epochs.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """End a running study from another terminal; it can be resumed."""
    from search.lock import stop_driver
    from search.study import Study

    driver = stop_driver(Study.open(study, studies).folder, now=now)
    done = "has ended" if now else "ends after the running epochs"
    typer.echo(f"{study}: {driver} {done}", err=True)
    _next(f"search resume {study}")


@app.command()
def enqueue(
    study: StudyArgument,
    values: Annotated[list[str], typer.Argument(help="A point, as filters=32 stride=2.")],
    studies: StudiesOption = STUDIES,
) -> None:
    """Add a point to a running or saved study, to be tried next."""
    from search.document import Document
    from search.lock import find_driver
    from search.points import enqueue_point
    from search.study import Study

    point = Document("the point", is_file=False)
    for value in values:
        point.override(value, flag="", example="filters=32")
    opened = Study.open(study, studies)
    number = enqueue_point(opened, point.data)
    typer.echo(f"{opened.name}: trial {number} will try it", err=True)
    if find_driver(opened.folder) is None:
        _next(f"search resume {study} --trials +1")


@app.command()
def remove(
    study: StudyArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Delete a study with everything recorded of it."""
    from search.lock import driving
    from search.study import Study

    opened = Study.open(study, studies)
    with driving(opened.folder):
        n_trials = len(opened.records())
        if not yes and not typer.confirm(f"delete {opened.folder} and its {n_trials} trials?"):
            raise SearchError(f"{opened.folder}: nothing was deleted")
        opened.remove()
    typer.echo(f"deleted {opened.folder}", err=True)


@app.command("list")
def list_(
    studies: StudiesOption = STUDIES,
    storage: Annotated[
        str | None, typer.Option(help="URL of a database whose studies to list instead.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the studies there are, with their trials and best values."""
    from search.facts import study_facts
    from search.study import Study
    from search.study_folder import study_names
    from search.summary import studies_table

    if storage is not None:
        _list_database(storage, as_json)
        return
    found = []
    for name in study_names(studies):
        try:
            found.append(Study.open(name, studies))
        except SearchError as error:
            typer.echo(f"left out: {error}", err=True)
    if as_json:
        _print_json([study_facts(study) for study in found])
    elif found:
        _stdout().print(studies_table(map(study_facts, found)))
        _next(f"search show {found[0].name}")
    else:
        typer.echo(f"no studies in {studies}", err=True)
        _next("search run spaces/small_cnn.yaml")


def _list_database(url: str, as_json: bool) -> None:
    from search.facts import database_facts
    from search.summary import studies_table

    found = database_facts(url)
    if as_json:
        _print_json(found)
    elif found:
        _stdout().print(studies_table(found))
    else:
        typer.echo("no studies in the database", err=True)


@app.command()
def show(
    study: StudyArgument,
    trial: Annotated[int | None, typer.Argument(help="Number of a trial.")] = None,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Describe a study, or one of its trials with every epoch."""
    import dataclasses

    from search.facts import study_facts
    from search.study import Study
    from search.summary import study_view, trial_view

    opened = Study.open(study, studies)
    if as_json and trial is not None:
        _print_json(dataclasses.asdict(opened.record(trial)))
    elif as_json:
        _print_json(study_facts(opened))
    elif trial is not None:
        _stdout().print(trial_view(opened, trial))
    else:
        stdout = _stdout()
        stdout.print(study_view(opened, stdout.width))
        best = study_facts(opened)["best_trial"]
        _next(f"search show {study} {best}" if best is not None else f"search export {study}")


@app.command()
def leaderboard(
    study: StudyArgument,
    top: Annotated[int | None, typer.Option(min=1, help="Only so many; default all.")] = None,
    sort: Annotated[str, typer.Option(help="A column; -COLUMN turns it round.")] = "rank",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Print the trials of a study, best first."""
    from search.leaderboard import leaderboard_rows
    from search.study import Study
    from search.summary import leaderboard_view

    opened = Study.open(study, studies)
    if as_json:
        _print_json(leaderboard_rows(opened, top, sort))
        return
    stdout = _stdout()
    stdout.print(leaderboard_view(opened, stdout.width, top, sort))
    _next(f"search export {study} --format csv")


@app.command()
def export(
    study: StudyArgument,
    format_: Annotated[
        str, typer.Option("--format", "-f", help="csv, json, md, latex or parquet.")
    ] = "csv",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; stdout if not given.")
    ] = None,
    studies: StudiesOption = STUDIES,
) -> None:
    """Write every trial of a study as a table with stable columns."""
    from search.errors import did_you_mean, listing
    from search.export import FORMATS, write_leaderboard
    from search.leaderboard import leaderboard_rows
    from search.study import Study

    if format_ not in FORMATS:
        hint = did_you_mean(format_, FORMATS)
        raise SearchError(
            f"--format: a format must be given, got {format_!r}{hint}; valid: {listing(FORMATS)}"
        )
    rows = leaderboard_rows(Study.open(study, studies))
    if output is None:
        sys.stdout.buffer.write(FORMATS[format_](rows))
        return
    write_leaderboard(rows, format_, output)
    typer.echo(f"wrote {len(rows)} trials to {output}", err=True)


def main() -> None:
    """Run the command line; a user's mistake ends in one clear text and an exit code."""
    try:
        app()
    except SearchError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


def _overrides(flags: dict[str, Any]) -> list[str]:
    return [f"{key}={value}" for key, value in flags.items() if value is not None]


def _check_engine(name: str) -> None:
    from search.errors import did_you_mean, listing

    if name not in ENGINES:
        hint = did_you_mean(name, ENGINES)
        raise SearchError(
            f"--engine: an engine must be given, got {name!r}{hint}; valid: {listing(ENGINES)}"
        )


def _sit(study: "Study", engine: str, address: str | None, studies: Path, quiet: bool) -> None:
    from search.sitting import run_study

    try:
        run_study(study, engine, address, _stderr(), quiet=quiet)
    finally:
        _print_result(study, studies)


def _print_result(study: "Study", studies: Path) -> None:
    from search.summary import counts_text, failure_lines, leaderboard_view

    records = study.records()
    if not records:
        return
    typer.echo("\n".join([counts_text(records), *failure_lines(records)]), err=True)
    stdout = _stdout()
    stdout.print(leaderboard_view(study, stdout.width))
    where = "" if studies == STUDIES else f" --studies {studies}"
    _next(
        f"search show {study.name} {records[0].number}{where}",
        f"search export {study.name} --format csv{where}",
    )


def _next(*commands: str) -> None:
    typer.echo("next: " + "\n      ".join(commands), err=True)


def _print_json(data: object) -> None:
    import json

    typer.echo(json.dumps(data, indent=2))


def _stdout() -> "Console":
    from rich.console import Console

    # Elsewhere than on a terminal nothing may be cut to a width.
    return Console(width=None if sys.stdout.isatty() else 1000, highlight=False)


def _stderr() -> "Console":
    from rich.console import Console

    return Console(stderr=True)
