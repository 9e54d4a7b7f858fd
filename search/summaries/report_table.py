"""The leaderboard of a report: its columns in the order people look at them, and its cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search.studies.leaderboard import FRONT, PARAMETER_PREFIX, Row, leaderboard_rows
from search.studies.reader import StudyReader
from search.summaries.importance import importance_facts
from search.summaries.layout import headings
from search.text import cell_text

_FIRST = ["rank", "trial", FRONT, "state", "value"]
_LAST = ["reason", "seed", "space"]
_WORDS = {"state", "reason"}
_N_PRINTED = 8
"""Parameters that a page of paper has room for."""
_SIGNIFICANT = 6
"""Digits of the values that the table sorts by."""


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard.

    Args:
        name: As the leaderboard has it.
        heading: For people; no two are alike.
        is_words: Whether its cells are words.
        is_parameter: Whether it is of a parameter.
        is_printed: Whether it is also on paper, which is too narrow for all.
    """

    name: str
    heading: str
    is_words: bool
    is_parameter: bool
    is_printed: bool


def report_table(study: StudyReader) -> tuple[list[Column], list[list[dict[str, Any]]]]:
    """Make the leaderboard of a report.

    Args:
        study: The study.

    Returns:
        Its columns: those that name a trial, its value, its parameters, then the others; and
        the cells of each row: what it shows, and what it is sorted by.
    """
    rows = leaderboard_rows(study)
    names = _ordered(rows[0]) if rows else []
    printed = {*_FIRST, *study.directions, "seconds", *_main_parameters(study, names)}
    printed -= {study.spec.metric.name}
    if all(row["state"] == "COMPLETE" for row in rows):
        printed -= {"state"}
    columns = [
        Column(
            name,
            title,
            name in _WORDS,
            name.startswith(PARAMETER_PREFIX),
            name in printed,
        )
        for name, title in zip(names, headings(names), strict=True)
    ]
    return columns, [[_cell(name, row[name]) for name in names] for row in rows]


def _ordered(row: Row) -> list[str]:
    parameters = [name for name in row if name.startswith(PARAMETER_PREFIX)]
    first = [name for name in _FIRST if name in row]
    others = [name for name in row if name not in {*first, *parameters, *_LAST}]
    return [*first, *parameters, *others, *_LAST]


def _main_parameters(study: StudyReader, columns: Sequence[str]) -> list[str]:
    """Choose the parameters to print: those that matter most, the others as they come."""
    told = importance_facts(study)[0]["importances"]
    ranked = [PARAMETER_PREFIX + name for name in told]
    varied = [
        PARAMETER_PREFIX + n for n, kind in study.space.distributions.items() if not kind.single()
    ]
    every = [name for name in [*ranked, *varied] if name in columns]
    return list(dict.fromkeys(every))[:_N_PRINTED]


def _cell(name: str, value: Any) -> dict[str, Any]:
    is_number = isinstance(value, int | float)
    return {
        "text": cell_text(name, value),
        "key": f"{value:.{_SIGNIFICANT}g}" if is_number else value or "",
    }
