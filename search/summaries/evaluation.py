"""The test figures of a trial as tables for people: by split, by class, and as confusions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from search.studies.test_metrics import LARGEST_MATRIX, TEST_METRICS, Evaluation, Miss
from search.studies.trials import Trial
from search.text import new_table, number_text

LARGEST_SHOWN = 20
"""Classes up to which the confusion matrix is shown; of more, it would fit no terminal."""
WORST_COLUMNS = ("worst image", "true", "predicted", "p(true)")
WORST_LEFT = ("true", "predicted")
"""Those of them that hold words."""
NO_MISSES = "every test image is classified right"
OLDER_RECORD = (
    "the worst classified images were not kept when this trial was evaluated; "
    "search evaluate STUDY --trial N --again keeps them"
)
_HEADINGS = {"f1": "F1", "auroc": "AUROC"}


def figures_view(record: Trial) -> RenderableType:
    """Lay out the figures of a trial.

    Args:
        record: The trial.

    Returns:
        Something rich can print.
    """
    figures = record.test
    if figures is None:
        return Text(f"trial {record.number} has not been evaluated")
    n_images = sum(figures.per_class["support"])
    images = f"{n_images:,} test images in {number_text(figures.seconds)} s"
    return Group(
        Text(f"trial {record.number}, epoch {record.best_epoch}: {images}"),
        _splits_table(record, figures),
        Text(),
        _classes_table(figures),
        Text(),
        _Confusions(figures.per_class["class"], figures.confusion),
        Text(),
        _worst_view(figures),
    )


def evaluation_facts(record: Trial) -> dict[str, Any]:
    """Give the figures of an evaluated trial as data.

    Args:
        record: The trial; it has been evaluated.

    Returns:
        Trial, epoch, metrics of each split, and the other fields of `Evaluation`.
    """
    figures = record.test
    assert figures
    return {
        "trial": record.number,
        "best_epoch": record.best_epoch,
        **_splits(record, figures),
        "seconds": figures.seconds,
        "per_class": figures.per_class,
        "confusion": figures.confusion,
        "worst": figures.worst and [asdict(miss) for miss in figures.worst],
    }


def _splits_table(record: Trial, figures: Evaluation) -> Table:
    table = new_table()
    table.add_column("split")
    for name in TEST_METRICS:
        table.add_column(_HEADINGS.get(name, name), justify="right")
    for split, values in _splits(record, figures).items():
        style = "bold" if split == "test" else None
        table.add_row(split, *map(number_text, values.values()), style=style)
    return table


def _splits(record: Trial, figures: Evaluation) -> dict[str, dict[str, float | None]]:
    """Put a trial's metrics side by side; None where the objective reports none."""
    reported = {
        split: {name: record.metrics.get(f"{split}_{name}") for name in TEST_METRICS}
        for split in ("train", "val")
    }
    return {**reported, "test": figures.metrics}


def _classes_table(figures: Evaluation) -> Table:
    """Lay out a row a class; its recall is the share of its images that are recognised."""
    table = new_table()
    for name in figures.per_class:
        table.add_column(_HEADINGS.get(name, name), justify="left" if name == "class" else "right")
    for name, *values in zip(*figures.per_class.values(), strict=True):
        table.add_row(name, *map(number_text, values))
    return table


def _worst_view(figures: Evaluation) -> RenderableType:
    """Lay out the worst classified images, or say that there is none."""
    if not figures.worst:
        return Text(NO_MISSES if figures.worst is not None else OLDER_RECORD)
    table = new_table()
    for column in WORST_COLUMNS:
        table.add_column(column, justify="left" if column in WORST_LEFT else "right")
    for row in worst_rows(figures.worst):
        table.add_row(*row)
    return table


def worst_rows(worst: Sequence[Miss]) -> list[list[str]]:
    """Write the worst classified images as rows.

    Args:
        worst: The images.

    Returns:
        The cells of `WORST_COLUMNS` for each.
    """
    return [
        [str(miss.index), miss.true, miss.predicted, number_text(miss.probability)]
        for miss in worst
    ]


@dataclass(frozen=True)
class _Confusions:
    """The confusion matrix, or where it is if the terminal cannot hold it.

    Predicted classes are headed by name or, where that does not fit, by number.
    """

    classes: list[str]
    matrix: list[list[int]] | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        n_classes = len(self.classes)
        if self.matrix is None:
            yield Text(f"no confusion matrix: it is kept for up to {LARGEST_MATRIX} classes")
            return
        numbers = [str(number) for number in range(n_classes)]
        numbered = [f"{n} {name}" for n, name in zip(numbers, self.classes, strict=True)]
        for rows, columns in ((self.classes, self.classes), (numbered, numbers)):
            table = _confusion_table(rows, columns, self.matrix)
            needed = Measurement.get(console, options.update(width=10_000), table).maximum
            if n_classes <= LARGEST_SHOWN and needed <= options.max_width:
                yield table
                return
        yield Text(f"the confusion matrix of {n_classes} classes is in the output of --json")


def _confusion_table(rows: list[str], columns: list[str], matrix: list[list[int]]) -> Table:
    table = new_table()
    table.add_column("true \\\npredicted")
    for name in columns:
        table.add_column(name, justify="right", vertical="bottom")
    for place, (name, counts) in enumerate(zip(rows, matrix, strict=True)):
        cells = [
            Text(str(count) if count else "·", style="bold" if column == place else "")
            for column, count in enumerate(counts)
        ]
        table.add_row(name, *cells)
    return table
