"""Tables for other programs: CSV, JSON, Markdown, LaTeX, Parquet, and DataFrames."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from search.errors import SearchError
from search.studies.durable import write_whole
from search.studies.leaderboard import Row
from search.studies.trials import History
from search.text import cell_text, did_you_mean, json_text, latex_table, listing, markdown_table

if TYPE_CHECKING:
    from pandas import DataFrame

LEADERBOARD_FILE = "leaderboard.csv"


def leaderboard_frame(rows: list[Row]) -> "DataFrame":
    """Make a table of rows; numbers that may be missing keep their type."""
    import pandas as pd

    return pd.DataFrame(rows).convert_dtypes() if rows else pd.DataFrame()


def history_frame(history: History) -> "DataFrame":
    """Make a table of numbers of a trial's epochs; a missing one is NaN."""
    import pandas as pd

    rows = pd.DataFrame(history)
    return rows.assign(**{name: pd.to_numeric(rows[name]) for name in rows.columns})


def _csv(rows: list[Row]) -> bytes:
    return str(leaderboard_frame(rows).to_csv(index=False)).encode()


def _json(rows: list[Row]) -> bytes:
    return f"{json_text(rows)}\n".encode()


def _markdown(rows: list[Row]) -> bytes:
    return markdown_table(*_for_people(rows)).encode() if rows else b""


def _latex(rows: list[Row]) -> bytes:
    return latex_table(*_for_people(rows)).encode() if rows else b""


def _for_people(rows: list[Row]) -> tuple[list[str], list[list[str]], list[str]]:
    """Give columns, cells, and which columns hold words."""
    cells = [[cell_text(name, value) for name, value in row.items()] for row in rows]
    left = [name for name in rows[0] if any(isinstance(row[name], str) for row in rows)]
    return list(rows[0]), cells, left


def _parquet(rows: list[Row]) -> bytes:
    table, buffer = leaderboard_frame(rows), io.BytesIO()
    for name in table.columns:
        # Choices of several types; a column without any value has none, and takes any.
        if table[name].dtype == object and table[name].notna().any():
            table[name] = table[name].map(str, na_action="ignore").astype("string")
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


EXPORT_FORMATS: dict[str, Callable[[list[Row]], bytes]] = {
    "csv": _csv,
    "json": _json,
    "md": _markdown,
    "latex": _latex,
    "parquet": _parquet,
}


def format_of(output: Path) -> str:
    """Tell a file's format by its ending."""
    endings = {".tex": "latex", **{f".{name}": name for name in EXPORT_FORMATS if name != "latex"}}
    if output.suffix not in endings:
        raise SearchError(
            f"--output: the file's ending must name its format, got {str(output)!r}; valid: "
            f"{listing(endings)}, or any with --format"
        )
    return endings[output.suffix]


def write_leaderboard(rows: list[Row], format_name: str, output: Path | BinaryIO) -> None:
    """Write rows to a file in one of `EXPORT_FORMATS`; one of a path whole or not at all."""
    if format_name not in EXPORT_FORMATS:
        hint = did_you_mean(format_name, EXPORT_FORMATS)
        raise SearchError(
            f"--format: a format must be given, got {format_name!r}{hint}; "
            f"valid: {listing(EXPORT_FORMATS)}"
        )
    content = EXPORT_FORMATS[format_name](rows)
    if isinstance(output, Path):
        write_whole(output, content)
    else:
        output.write(content)
        output.flush()
