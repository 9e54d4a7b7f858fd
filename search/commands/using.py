"""The commands that use the best trial: evaluate, predict, demo, export-model and keep."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.options import (
    STUDIES,
    FormatOption,
    JsonOption,
    StudiesOption,
    StudyArgument,
)
from search.commands.output import (
    checked_format,
    for_programs,
    next_commands,
    print_findings,
    print_json,
    say,
    stdout,
)
from search.errors import SearchError
from search.studies.folder import study_command
from search.text import listing

if TYPE_CHECKING:
    from rich.table import Table

    from search.api.study import Classified

TrialOption = Annotated[
    int | None,
    typer.Option("--trial", help="Number of a trial; default: the best one with a checkpoint."),
]


def evaluate(  # noqa: PLR0913  a flag each
    study: StudyArgument,
    trial: Annotated[
        list[int] | None, typer.Option("--trial", help="A trial; may be given several times.")
    ] = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="Number of best trials to evaluate; default 1.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that have been evaluated.")
    ] = False,
    format_: FormatOption = "text",
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Evaluate the best trial, or some trials, on the test split; the metrics are kept."""
    from search.api.study import Study

    format_ = checked_format(format_, as_json)
    if trial and top is not None:
        raise SearchError("--top: cannot be given together with --trial")
    opened = Study.open(study, studies)
    print_findings(opened.evaluate(trial or [], top=top or 1, again=again), format_)
    next_commands(
        study_command(opened.folder, "leaderboard"),
        study_command(opened.folder, "export", "--format", "csv"),
    )


def predict(  # noqa: PLR0913  each is a flag
    study: StudyArgument,
    images: Annotated[list[Path], typer.Argument(help="Image files.", metavar="IMAGE...")],
    trial: TrialOption = None,
    top: Annotated[int, typer.Option(min=1, help="Number of classes, the likeliest first.")] = 3,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Classify image files with the best trial."""
    from search.api.study import Study

    for_programs(as_json)
    opened = Study.open(study, studies)
    chosen, found = opened.classify(images, trial)
    if as_json:
        from search.api.outputs import prediction_facts

        print_json([prediction_facts(one, chosen.number, top) for one in found])
    else:
        say(f"{opened.name}: trial {chosen.number}, epoch {chosen.best_epoch}")
        stdout().print(_table(found, top))
    n_left_out = len(images) - len(found)
    if n_left_out:
        raise SearchError(f"{n_left_out} of the images could not be classified, see above")
    if not as_json:
        flags = [] if trial is None else ["--trial", trial]
        next_commands(
            study_command(opened.folder, "demo", *flags),
            study_command(opened.folder, "export-model", "-o", "model.pt2", *flags),
        )


def demo(
    study: StudyArgument,
    trial: TrialOption = None,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="The first free port from here on; 0: any."),
    ] = 7860,
    show: Annotated[bool, typer.Option("--open", help="Also open it in the browser.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Serve a page to draw on or drop images on, with the answers of the best trial."""
    from search.api.study import Study

    Study.open(study, studies).demo(trial, port, show=show, tell=typer.echo)


def export_model(
    study: StudyArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File, of PyTorch (.pt2) or ONNX (.onnx).")
    ],
    trial: TrialOption = None,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Write the network of the best trial to a file that runs without this project."""
    from search.api.study import Study

    for_programs(as_json)
    opened = Study.open(study, studies)
    facts = opened.export_model(output, trial)
    if as_json:
        print_json(facts)
    shape = " × ".join(map(str, facts["image_shape"]))
    say(
        f"wrote trial {facts['trial']}, epoch {facts['best_epoch']}, to {output}: images of "
        f"{shape}, {len(facts['classes'])} classes"
    )
    flags = [] if trial is None else ["--trial", trial]
    next_commands(study_command(opened.folder, "evaluate", *flags))


def keep(
    study: StudyArgument,
    trials: Annotated[
        list[int] | None,
        typer.Argument(help="Complete trials; default: none, only say which are left."),
    ] = None,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Keep the best checkpoints of some trials, whatever their rank."""
    from search.api.studies import keep as keep_trials
    from search.api.study import Study

    opened = Study.open(study, studies)
    kept = keep_trials(opened, trials or [])
    if for_programs(as_json):
        print_json({"study": opened.name, "present": kept.present, "named": kept.named})
    say(f"{opened.name}: trials with a checkpoint: {listing(kept.present)}")
    say(f"{opened.name}: kept whatever their rank: {listing(kept.named)}")
    if kept.present:
        next_commands(study_command(opened.folder, "evaluate", "--trial", kept.present[0]))


def _table(found: "list[Classified]", top: int) -> "Table":
    """Lay out a line for each image, its likeliest classes side by side."""
    from search.text import new_table, number_text, plain_text

    n_shown = min(top, len(found[0].classes))
    table = new_table()
    table.add_column("image", overflow="fold")
    for place in range(1, n_shown + 1):
        table.add_column("class" if place == 1 else f"{place}.")
        table.add_column("probability" if place == 1 else "", justify="right")
    for one in found:
        cells = [plain_text(str(one.path))]
        for name, share in one.classes[:n_shown]:
            cells += [plain_text(name), plain_text(number_text(share))]
        table.add_row(*cells)
    return table
