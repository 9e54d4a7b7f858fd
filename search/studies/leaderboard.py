"""The leaderboard: one row a trial, with columns that stay the same from study to study.

Columns, in this order: those of `COLUMNS` of `search.columns` (after `rank` the `front`, where a
study has several metrics), then each metric under its own name, then, once a trial of the study
has been evaluated, those of the test split as `test_NAME`, then each parameter as `params_NAME`,
then `reason` and, once a trial has one, `note`. Metrics are those of `best_epoch` and are named by
their split: `val_accuracy` is of the validation split.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from search.columns import (
    CONFIRMS,
    FRONT,
    NOTE,
    PARAMETER_PREFIX,
    REASON,
    REPETITION,
    TEST_METRICS,
    TEST_PREFIX,
    TIED,
    VALUE_SE,
)
from search.errors import StudyError
from search.studies.confirmation import Plan, read_plan
from search.studies.lead import Lead, lead_of
from search.studies.ranking import trial_fronts
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.text import did_you_mean, listing

_METRICS_FIRST = ["val_loss", "val_accuracy", "val_f1", "val_auroc", "n_parameters"]
Row = dict[str, Any]


def leaderboard_rows(
    study: StudyReader, top: int | None = None, sort: str = "rank", lead: Lead | None = None
) -> list[Row]:
    """Make the rows of a study's leaderboard, all with the same columns.

    Args:
        study: The study.
        top: Number of rows; None for every trial.
        sort: A column; a leading `-` turns the order round.
        lead: What the lead of its best trial is worth; None to find out.

    Returns:
        One row a trial; None where a trial has nothing to show.
    """
    trials = study.trials()
    metrics = metric_names(trials) + test_columns(trials)
    gone = {name: None for trial in trials for name in trial.params}
    parameters = list(dict.fromkeys([*study.spec.parameters, *gone]))
    lead = lead or lead_of(study)
    rows = [
        {
            "rank": rank if trial.state == "COMPLETE" else None,
            **_row(trial, lead, metrics, parameters),
        }
        for rank, trial in enumerate(trials, start=1)
    ]
    if len(study.directions) > 1:
        fronts = trial_fronts(trials, study.directions)
        rows = [_with_front(row, fronts.get(row["trial"])) for row in rows]
    if any(trial.note for trial in trials):
        rows = [{**row, NOTE: trial.note} for row, trial in zip(rows, trials, strict=True)]
    plan = read_plan(study)
    if plan:
        rows = [_with_repeated(row, trial, plan) for row, trial in zip(rows, trials, strict=True)]
    return _sorted(rows, sort)[:top]


def metric_names(trials: Iterable[Trial]) -> list[str]:
    """List the metrics that trials have reported: the usual ones first, the others by name."""
    names = {name for trial in trials for name in trial.metrics}
    first = [name for name in _METRICS_FIRST if name in names]
    return first + sorted(names - set(first))


def test_columns(trials: Iterable[Trial]) -> list[str]:
    """List the columns of the test split; there are none while no trial has been evaluated."""
    evaluated = any(trial.test for trial in trials)
    return [TEST_PREFIX + name for name in TEST_METRICS] if evaluated else []


def _row(trial: Trial, lead: Lead, metrics: Sequence[str], parameters: Iterable[str]) -> Row:
    test = trial.test.metrics if trial.test else {}
    reached = {**trial.metrics, **{TEST_PREFIX + name: value for name, value in test.items()}}
    return {
        "trial": trial.number,
        "state": trial.state,
        "value": trial.value,
        "best_epoch": trial.best_epoch,
        "n_epochs": trial.n_epochs,
        "seconds": trial.seconds,
        "seed": trial.seed,
        "space": trial.space_version,
        VALUE_SE: lead.errors.get(trial.number),
        TIED: trial.number in lead.tied if trial.number in lead.compared else None,
        **{name: reached.get(name) for name in metrics},
        **{PARAMETER_PREFIX + name: trial.params.get(name) for name in parameters},
        REASON: trial.reason,
    }


def _with_front(row: Row, front: int | None) -> Row:
    return {"rank": row["rank"], FRONT: front, **row}


def _with_repeated(row: Row, trial: Trial, plan: Plan) -> Row:
    repeats = None if trial.candidate is None else plan.candidates[trial.candidate].trial
    places = list(row)
    after = places.index("trial") + 1
    return {
        **{name: row[name] for name in places[:after]},
        CONFIRMS: repeats,
        REPETITION: None if trial.repetition is None else trial.repetition + 1,
        **{name: row[name] for name in places[after:]},
    }


def _sorted(rows: list[Row], sort: str) -> list[Row]:
    column = sort.removeprefix("-")
    if sort == "rank" or not rows:
        return rows
    column = column if column in rows[0] else PARAMETER_PREFIX + column
    if column not in rows[0]:
        hint = did_you_mean(sort.removeprefix("-"), rows[0])
        raise StudyError(
            f"--sort: a column must be given, got {sort!r}{hint}; valid: {listing(rows[0])}"
        )
    shown = [row for row in rows if row[column] is not None]
    if len({isinstance(row[column], str) for row in shown}) > 1:
        shown.sort(key=lambda row: str(row[column]), reverse=sort.startswith("-"))
    else:
        shown.sort(key=lambda row: row[column], reverse=sort.startswith("-"))
    return shown + [row for row in rows if row[column] is None]
