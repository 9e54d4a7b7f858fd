"""Tables for other programs: CSV, JSON, Markdown, LaTeX, Parquet, and DataFrames."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from search.studies.disk import write_whole
from search.studies.leaderboard import Row
from search.studies.trials import History
from search.text import escape_latex

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
    return (json.dumps(rows, indent=2) + "\n").encode()


def _markdown(rows: list[Row]) -> bytes:
    if not rows:
        return b""
    cells = [[_text(value).replace("|", "\\|") for value in row.values()] for row in rows]
    lines = [list(rows[0]), ["---"] * len(rows[0]), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).encode()


def _latex(rows: list[Row]) -> bytes:
    if not rows:
        return b""
    head = " & ".join(map(escape_latex, rows[0]))
    body = [" & ".join(escape_latex(_text(v)) for v in row.values()) for row in rows]
    lines = [
        f"\\begin{{tabular}}{{{'l' * len(rows[0])}}}",
        "\\toprule",
        f"{head} \\\\",
        "\\midrule",
    ]
    lines += [f"{line} \\\\" for line in body] + ["\\bottomrule", "\\end{tabular}"]
    return ("\n".join(lines) + "\n").encode()


def _parquet(rows: list[Row]) -> bytes:
    table, buffer = leaderboard_frame(rows), io.BytesIO()
    for name in table.columns:
        if table[name].dtype == object:  # choices of several types
            table[name] = table[name].map(_text).astype("string")
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


FORMATS: dict[str, Callable[[list[Row]], bytes]] = {
    "csv": _csv,
    "json": _json,
    "md": _markdown,
    "latex": _latex,
    "parquet": _parquet,
}


def write_leaderboard(rows: list[Row], format_name: str, path: Path) -> None:
    """Write rows to a file in one of `FORMATS`, whole or not at all."""
    write_whole(path, FORMATS[format_name](rows))


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
