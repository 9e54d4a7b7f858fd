"""The test figures of a trial as tables for people: by split, by class, and as confusions."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from search.figures import METRICS, Figures
from search.record import TrialRecord
from search.tables import new_table, number_text

LARGEST_SHOWN = 20
"""Classes up to which the confusion matrix is shown; of more, it would fit no terminal."""
_HEADINGS = {"f1": "F1", "auroc": "AUROC"}


def figures_view(record: TrialRecord) -> RenderableType:
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
    parts = [Text(f"trial {record.number}, epoch {record.best_epoch}: {images}")]
    tables = [_splits_table(record, figures), _classes_table(figures)]
    n_classes = len(figures.per_class["class"])
    if figures.confusion and n_classes <= LARGEST_SHOWN:
        tables.append(_confusion_table(figures.per_class["class"], figures.confusion))
    spaced = [part for table in tables for part in (table, Text())]
    return Group(*parts, *spaced[:-1])


def figures_facts(record: TrialRecord) -> dict[str, Any]:
    """Give the figures of an evaluated trial as data.

    Args:
        record: The trial; it has been evaluated.

    Returns:
        Trial, epoch, metrics of each split, and the other fields of `Figures`.
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
    }


def _splits_table(record: TrialRecord, figures: Figures) -> Table:
    table = new_table()
    table.add_column("split")
    for name in METRICS:
        table.add_column(_HEADINGS.get(name, name), justify="right")
    for split, values in _splits(record, figures).items():
        style = "bold" if split == "test" else None
        table.add_row(split, *map(number_text, values.values()), style=style)
    return table


def _splits(record: TrialRecord, figures: Figures) -> dict[str, dict[str, float | None]]:
    """Put a trial's metrics side by side; None where the objective reports none."""
    reported = {
        split: {name: record.metrics.get(f"{split}_{name}") for name in METRICS}
        for split in ("train", "val")
    }
    return {**reported, "test": figures.metrics}


def _classes_table(figures: Figures) -> Table:
    """Lay out a row a class; its recall is the share of its images that are recognised."""
    table = new_table()
    for name in figures.per_class:
        table.add_column(_HEADINGS.get(name, name), justify="left" if name == "class" else "right")
    for name, *values in zip(*figures.per_class.values(), strict=True):
        table.add_row(name, *map(number_text, values))
    return table


def _confusion_table(classes: list[str], confusion: list[list[int]]) -> Table:
    table = new_table()
    table.add_column("true \\ predicted", min_width=max(map(len, classes)))
    for place, name in enumerate(classes):
        widest = max(len(number_text(row[place])) for row in confusion)
        table.add_column(name, justify="right", min_width=widest)
    for place, (name, row) in enumerate(zip(classes, confusion, strict=True)):
        cells = [
            Text(number_text(count) if count else "·", style="bold" if column == place else "")
            for column, count in enumerate(row)
        ]
        table.add_row(name, *cells)
    return table
