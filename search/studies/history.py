"""The epochs of one trial as a CSV file, one row an epoch."""

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

from search.studies.trials import Epoch

if TYPE_CHECKING:
    from pandas import DataFrame

FILE_NAME = "history.csv"
_FIRST_COLUMNS = ["epoch", "seconds"]


def append_epoch(folder: Path, epoch: Epoch) -> None:
    """Add one epoch to a trial's history.

    Args:
        folder: The trial's folder; made if it is missing.
        epoch: The epoch. Metrics that earlier epochs did not have become new columns.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    row = {"epoch": epoch.number, "seconds": round(epoch.seconds, 4), **epoch.metrics}
    columns = _columns(path)
    new = [name for name in row if name not in columns]
    if new:
        rows = read_history(folder)
        columns = [*columns, *new] if columns else [*_FIRST_COLUMNS, *epoch.metrics]
        _rewrite(path, columns, rows)
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, columns).writerow(row)


def read_history(folder: Path) -> list[dict[str, str]]:
    """Read a trial's history.

    Args:
        folder: The trial's folder.

    Returns:
        One dict an epoch, in order; empty if there is none.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def history_frame(folder: Path) -> "DataFrame":
    """Make a table of a trial's history.

    Args:
        folder: The trial's folder.

    Returns:
        Numbers, one row an epoch, in order; no rows if there is none.
    """
    import pandas as pd

    rows = pd.DataFrame(read_history(folder))
    return rows.assign(**{name: pd.to_numeric(rows[name]) for name in rows.columns})


def cut_history(folder: Path, n_epochs: int) -> None:
    """Drop epochs that a killed driver wrote here and did not record.

    Args:
        folder: The trial's folder.
        n_epochs: The epochs that are recorded.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return
    recorded = {str(epoch) for epoch in range(1, n_epochs + 1)}
    rows = [row for row in read_history(folder) if row["epoch"] in recorded]
    _rewrite(path, _columns(path), rows)


def _columns(path: Path) -> list[str]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])


def _rewrite(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    os.replace(unfinished, path)
