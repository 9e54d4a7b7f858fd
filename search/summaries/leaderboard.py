"""The leaderboard for people, on a terminal and on a page, and the Pareto front among its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from search.columns import CONFIRMS, FRONT, NOTE, PARAMETER_PREFIX, TIED, VALUE_SE
from search.studies.lead import Lead, lead_of
from search.studies.leaderboard import Row, leaderboard_rows
from search.studies.ranking import knee_trial, pareto_front
from search.studies.reader import StudyReader
from search.summaries.endings import lost_best_note
from search.summaries.importance import importance_facts
from search.summaries.layout import Findings, Grid, Part, heading, headings
from search.summaries.trust import ties_note
from search.text import cell_text, number_text

ACCURACIES = ("val_accuracy", "train_accuracy", "test_accuracy")
RESULTS = ("best_epoch", "val_loss", "val_f1", "val_auroc", "n_parameters", "seconds")
_KEYS = ("rank", FRONT, "trial", CONFIRMS)
_WORDS = ("state", "reason", NOTE)
_FIRST = ["rank", "trial", FRONT, "state", "value", VALUE_SE, TIED]
_LAST = [NOTE, "reason", "seed", "space"]
_N_PRINTED = 8
"""Parameters that a page of paper has room for."""


@with_config(ConfigDict(extra="allow"))
class LeaderboardRow(TypedDict):
    """A trial's row: beside these keys, each metric at `best_epoch` and each `params_NAME`.

    Once a trial of the study has been evaluated each has `test_NAME` of the test metrics, too.
    `front` is there where a study has several metrics, `confirms` and `repetition` in a
    confirmation; see `search.studies.leaderboard`.
    """

    rank: int | None
    front: NotRequired[int | None]
    trial: int
    confirms: NotRequired[int | None]
    repetition: NotRequired[int | None]
    state: str
    value: float | None
    best_epoch: int | None
    n_epochs: int
    seconds: float | None
    seed: int
    space: int
    value_se: float | None
    tied_with_best: bool | None
    reason: str


class FrontFacts(TypedDict):
    """A Pareto front: `trial` and the metrics of each, best first, and the knee among them."""

    front: list[dict[str, Any]]
    knee: int | None


def front_facts(study: StudyReader) -> FrontFacts | None:
    """Find the Pareto front; None where a study has one metric or no complete trial."""
    front = pareto_front(study.trials(), study.directions) if len(study.directions) > 1 else []
    rows = [
        {"trial": trial.number, **{name: trial.metrics[name] for name in study.directions}}
        for trial in front
    ]
    return {"front": rows, "knee": knee_trial(front, study.directions)} if front else None


def front_part(facts: FrontFacts, directions: Mapping[str, str]) -> Part:
    """Lay out a Pareto front with all of its metrics, the knee marked."""
    is_knee = [row["trial"] == facts["knee"] for row in facts["front"]]
    rows = [
        [str(row["trial"]), *(number_text(row[name]) for name in directions), "knee" * at_knee]
        for row, at_knee in zip(facts["front"], is_knee, strict=True)
    ]
    told = ", ".join(f"{name} ({direction})" for name, direction in directions.items())
    columns = ["trial", *map(heading, directions), ""]
    bold = [place for place, at_knee in enumerate(is_knee) if at_knee]
    return Part(
        "Pareto front",
        [f"no trial improves on these in one metric without losing in another: {told}"],
        Grid(columns, rows, [""], bold=bold),
    )


def leaderboard_findings(
    study: StudyReader, top: int | None = 10, sort: str = "rank", *, noted: bool = False
) -> Findings[list[Row]]:
    """Lay out the best trials: rank, trial, value, metrics at the best epoch, parameters.

    Below are named trials that cannot be told from the best, and one that was pruned or failed
    if it had the best value of all. With `top` None every trial is shown, those without a value
    included; `noted` leaves out those without a note.
    """
    lead = lead_of(study)
    rows = leaderboard_rows(study, sort=sort, lead=lead)
    rows = [row for row in rows if not noted or row.get(NOTE)]
    shown = rows if top is None else best_rows(rows, top)
    return Findings(rows[:top], _parts(study, shown, lead), rows[:top])


def _parts(study: StudyReader, rows: list[Row], lead: Lead) -> list[Part]:
    if not rows:
        return [Part("", ["no trials"])]
    columns = usual_columns(study, rows)
    if study.version > 1:
        columns.insert(columns.index("seconds") + 1, "space")
    notes = [ties_note(lead), lost_best_note(study.trials(), study.directions)]
    told = [note for note in notes if note]
    shown = [{name: row[name] for name in columns} for row in rows]
    grid = leaderboard_grid(shown, study.spec.metric.name)
    return [Part("", [], grid), *([Part("", told)] if told else [])]


def best_rows(rows: list[Row], top: int) -> list[Row]:
    """Take the first rows that have a value; the first of all where none has."""
    return [row for row in rows if row["value"] is not None][:top] or rows[:top]


def usual_columns(study: StudyReader, rows: list[Row]) -> list[str]:
    """Name rank, trial, metrics and parameters; `value` stands for the main metric.

    The accuracies of the splits stand side by side, validation first, that of the test split once
    trials are evaluated. Beside the value stand its standard error and which trials are tied, if
    there are any.
    """
    main, *others = study.directions
    names = ["value" if name == main else name for name in [*ACCURACIES, *others, *RESULTS]]
    first = ["rank", FRONT, "trial", CONFIRMS, "state", *([] if "value" in names else ["value"])]
    parameters = [column for column in rows[0] if column.startswith(PARAMETER_PREFIX)]
    columns = list(dict.fromkeys([*first, *names, *parameters]))
    if all(row["state"] == "COMPLETE" for row in rows):
        columns.remove("state")
    after = columns.index("value") + 1
    columns[after:after] = _sureness_columns(rows)
    columns += [NOTE] if any(row.get(NOTE) for row in rows) else []
    return [column for column in columns if column in rows[0]]


def leaderboard_grid(rows: Sequence[Row], metric: str) -> Grid:
    """Lay out rows of a leaderboard, all with the same columns, for people."""
    columns = list(rows[0]) if rows else []
    words = headings([metric if name == "value" else name for name in columns])
    titled = list(zip(columns, words, strict=True))
    return Grid(
        words,
        [[_text(name, value) for name, value in row.items()] for row in rows],
        left=[word for name, word in titled if name in _WORDS],
        n_keys=max(1, sum(name in _KEYS for name in columns)),
        bold=[place for place, row in enumerate(rows) if row.get("rank") == 1],
        tinted=[word for name, word in titled if name.startswith(PARAMETER_PREFIX)],
    )


def _sureness_columns(rows: Sequence[Row]) -> list[str]:
    """Name the columns on how sure values are that have something to say.

    The best trial is tied with itself, which is no tie to mark.
    """
    are_tied = sum(row[TIED] is True for row in rows) > 1
    known = any(row[VALUE_SE] is not None for row in rows)
    return [*([VALUE_SE] if known else []), *([TIED] if are_tied else [])]


def _text(column: str, value: Any) -> str:
    """Write a cell, with a `=` for a trial that is tied with the best."""
    if column == TIED and value is not None:
        return "=" if value else ""
    return cell_text(column, value)


@dataclass(frozen=True)
class Column:
    """A column of a report's leaderboard.

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
    """Make the leaderboard of a report: its columns, and the text and sort key of each cell."""
    rows = leaderboard_rows(study)
    empty = {VALUE_SE, TIED} - {*_sureness_columns(rows)}
    names = [name for name in _ordered(rows[0]) if name not in empty] if rows else []
    printed = {*_FIRST, *study.directions, "seconds", *_main_parameters(study, names)}
    printed -= {study.spec.metric.name}
    if all(row["state"] == "COMPLETE" for row in rows):
        printed -= {"state"}
    columns = [
        Column(name, title, name in _WORDS, name.startswith(PARAMETER_PREFIX), name in printed)
        for name, title in zip(names, headings(names), strict=True)
    ]
    return columns, [[_cell(name, row[name]) for name in names] for row in rows]


def _ordered(row: Row) -> list[str]:
    parameters = [name for name in row if name.startswith(PARAMETER_PREFIX)]
    first = [name for name in _FIRST if name in row]
    others = [name for name in row if name not in {*first, *parameters, *_LAST}]
    return [*first, *parameters, *others, *(name for name in _LAST if name in row)]


def _main_parameters(study: StudyReader, columns: Sequence[str]) -> list[str]:
    """Choose the parameters to print: those that matter most, the others as they come."""
    told = importance_facts(study)[0]["importances"]
    varied = [n for n, kind in study.space.distributions.items() if not kind.single()]
    every = dict.fromkeys(PARAMETER_PREFIX + name for name in [*told, *varied])
    return [name for name in every if name in columns][:_N_PRINTED]


def _cell(name: str, value: Any) -> dict[str, Any]:
    # The key is what a click on the heading sorts by: six digits tell all trials apart.
    is_number = isinstance(value, int | float)
    key = f"{value:.6g}" if is_number else value or ""
    return {"text": _text(name, value), "key": key}
