"""The verbs that use the winner: predict, demo and export-model."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.options import STUDIES, JsonOption, StudiesOption, StudyArgument
from search.commands.output import next_commands, print_json, stdout
from search.errors import SearchError
from search.studies.hints import study_command

if TYPE_CHECKING:
    from rich.table import Table

    from search.best_trial.classification import Classified

TrialOption = Annotated[
    int | None, typer.Option("--trial", help="A trial; default the best one with a checkpoint.")
]


def predict(  # noqa: PLR0913  each is a flag
    study: StudyArgument,
    images: Annotated[list[Path], typer.Argument(help="Image files.", metavar="IMAGE...")],
    trial: TrialOption = None,
    top: Annotated[int, typer.Option(min=1, help="So many of the likeliest classes.")] = 3,
    studies: StudiesOption = STUDIES,
    as_json: JsonOption = False,
) -> None:
    """Classify image files with the best trial."""
    from search.best_trial.choice import choose_best_trial
    from search.best_trial.classification import classify_files
    from search.best_trial.trained import CLASSIFICATION
    from search.studies.reader import StudyReader

    opened = StudyReader.open(study, studies)
    record = choose_best_trial(opened, trial, CLASSIFICATION, _say)
    found = classify_files(opened, record, images, _say)
    if as_json:
        print_json([_facts(one, record.number, top) for one in found])
        _end_if_incomplete(len(images) - len(found))
        return
    _say(f"{opened.name}: trial {record.number}, epoch {record.best_epoch}")
    stdout().print(_table(found, top))
    _end_if_incomplete(len(images) - len(found))
    flags = [] if trial is None else ["--trial", trial]
    next_commands(
        study_command(opened.folder, "demo", *flags),
        study_command(opened.folder, "export-model", "-o", "model.pt2", *flags),
    )


def _end_if_incomplete(n_left_out: int) -> None:
    """End as from a mistake, once all that could be classified is printed."""
    if n_left_out:
        raise SearchError(f"{n_left_out} of the images could not be classified, see above")


def demo(
    study: StudyArgument,
    trial: TrialOption = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The next free one from there on; 0 for any.")
    ] = 7860,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Serve a page to draw on or drop images on, with the answers of the best trial."""
    from search.best_trial.choice import choose_best_trial
    from search.best_trial.trained import CLASSIFICATION
    from search.studies.reader import StudyReader

    if importlib.util.find_spec("flask") is None:
        raise SearchError(
            "demo: the package flask must be installed, by the extra 'demo': "
            "pip install -e '.[demo]' in the folder of search"
        )
    from search.demo.server import serve_demo

    opened = StudyReader.open(study, studies)
    record = choose_best_trial(opened, trial, CLASSIFICATION, _say)
    serve_demo(opened, record, port, show=show, tell=typer.echo, say=_say)


def export_model(
    study: StudyArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File, of PyTorch (.pt2) or ONNX (.onnx).")
    ],
    trial: TrialOption = None,
    studies: StudiesOption = STUDIES,
) -> None:
    """Write the network of the best trial to a file that runs without this project."""
    from search.best_trial.choice import choose_best_trial
    from search.best_trial.model_file import require_model_name, write_model
    from search.best_trial.trained import EXPORT
    from search.studies.reader import StudyReader

    require_model_name(output)
    opened = StudyReader.open(study, studies)
    record = choose_best_trial(opened, trial, EXPORT, _say)
    facts = write_model(opened, record, output)
    shape = " × ".join(map(str, facts["image_shape"]))
    _say(
        f"wrote trial {record.number}, epoch {record.best_epoch}, to {output}: images of "
        f"{shape}, {len(facts['classes'])} classes"
    )
    flags = [] if trial is None else ["--trial", trial]
    next_commands(study_command(opened.folder, "evaluate", *flags))


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _facts(one: "Classified", trial: int, top: int) -> dict[str, object]:
    classes = [{"class": name, "probability": share} for name, share in one.classes[:top]]
    return {"image": str(one.path), "trial": trial, "classes": classes}


def _table(found: "list[Classified]", top: int) -> "Table":
    """Lay out a line for each image, its likeliest classes side by side."""
    from rich.text import Text

    from search.text import new_table, number_text

    n_shown = min(top, len(found[0].classes))
    table = new_table()
    table.add_column("image", overflow="fold")
    for place in range(1, n_shown + 1):
        table.add_column("class" if place == 1 else f"{place}.")
        table.add_column("probability" if place == 1 else "", justify="right")
    for one in found:
        cells = [Text(str(one.path))]
        for name, share in one.classes[:n_shown]:
            cells += [Text(name), Text(number_text(share))]
        table.add_row(*cells)
    return table
