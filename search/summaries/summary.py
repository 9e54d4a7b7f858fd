"""Tables for people: the best trials, one trial in full, the studies there are, a space."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from search.studies.folder import ERROR_FILE
from search.studies.leaderboard import FRONT, PARAMETER_PREFIX, Row, leaderboard_rows
from search.studies.ranking import pareto_front
from search.studies.reader import StudyReader
from search.studies.trials import History, Trial
from search.summaries.endings import lost_best_note
from search.summaries.evaluation import figures_view
from search.summaries.facts import STATES, study_facts
from search.summaries.front_table import front_table
from search.summaries.space_view import metrics_line
from search.text import new_table, number_text

_HEADINGS = {
    "best_epoch": "best\nepoch",
    "val_loss": "val\nloss",
    "val_accuracy": "val\naccuracy",
    "val_f1": "val\nF1",
    "val_auroc": "val\nAUROC",
    "n_parameters": "params",
}
_ACCURACIES = ["train_accuracy", "val_accuracy", "test_accuracy"]
_TABLE_COLUMNS = [*_HEADINGS, "seconds", "space"]
_STATE_STYLES = {
    **{"COMPLETE": "green", "PRUNED": "yellow", "FAIL": "red", "RUNNING": "cyan"},
    "INTERRUPTED": "magenta",
}
_MEASURE = Console(width=10_000)


def leaderboard_view(
    study: StudyReader, width: int, top: int | None = 10, sort: str = "rank"
) -> RenderableType:
    """Lay out the best trials: rank, trial, value, metrics at the best epoch, parameters.

    Args:
        study: The study.
        width: Columns of the terminal; what does not fit one table goes on in the next.
        top: Only so many rows; None for every trial, those without a value included.
        sort: A column, see `leaderboard_rows`.

    Returns:
        Something rich can print; names a trial that was pruned or failed if it had the best
        value of all.
    """
    rows = leaderboard_rows(study, sort=sort)
    if top is not None:
        rows = [row for row in rows if row["value"] is not None][:top] or rows[:top]
    if not rows:
        return Text("no trials")
    results = _result_columns(study, rows)
    parameters = [c for c in rows[0] if c.startswith(PARAMETER_PREFIX)]
    tables: list[Table] = []
    left = [*results, *parameters]
    while left:
        columns = left if not tables else ["rank", "trial", *left]
        fitting = _fitting(rows, columns, study.spec.metric.name, width)
        tables.append(_trials_table(rows, fitting, study.spec.metric.name))
        left = [column for column in left if column not in fitting]
    spaced = [part for table in tables for part in (Text(), table)]
    lost = lost_best_note(study.trials(), study.directions)
    spaced += [Text(), Text(lost)] if lost else []
    return Group(*spaced[1:])


def _result_columns(study: StudyReader, rows: list[Row]) -> list[str]:
    """Name the columns before those of the parameters.

    Once trials are evaluated, the accuracies of all splits stand side by side.
    """
    main, *others = study.directions
    first = ["value"]
    if "test_accuracy" in rows[0]:
        accuracies = ["value" if name == main else name for name in _ACCURACIES]
        first = accuracies if "value" in accuracies else ["value", *accuracies]
    wanted = dict.fromkeys(["rank", FRONT, "trial", "state", *first, *others, *_TABLE_COLUMNS])
    columns = [column for column in wanted if column in rows[0] and column != main]
    if study.version == 1:
        columns.remove("space")
    if all(row["state"] == "COMPLETE" for row in rows):
        columns.remove("state")
    return columns


def _fitting(rows: list[Row], columns: list[str], metric: str, width: int) -> list[str]:
    """Take as many columns as fit a width, at least one beside rank and trial."""
    for end in range(len(columns), 3, -1):
        table = _trials_table(rows, columns[:end], metric)
        if Measurement.get(_MEASURE, _MEASURE.options, table).maximum <= width:
            return columns[:end]
    return columns[:3]


def _trials_table(rows: list[Row], columns: list[str], metric: str) -> Table:
    table = new_table()
    for column in columns:
        name = metric if column == "value" else column
        parameter = column.startswith(PARAMETER_PREFIX)
        heading = _HEADINGS.get(name) or name.removeprefix(PARAMETER_PREFIX).replace("_", "\n")
        table.add_column(heading, justify="right", style="cyan" if parameter else None)
    for row in rows:
        style = "bold" if row["rank"] == 1 else None
        table.add_row(*[_cell(column, row) for column in columns], style=style)
    return table


def counts_text(records: Iterable[Trial]) -> str:
    """Count trials by state.

    Args:
        records: The trials.

    Returns:
        For instance `12 trials: 7 complete, 4 pruned, 1 failed`.
    """
    states = [record.state for record in records]
    words = {state: "failed" if state == "FAIL" else state.lower() for state in STATES}
    parts = [f"{states.count(s)} {word}" for s, word in words.items() if states.count(s)]
    trials = "1 trial" if len(states) == 1 else f"{len(states)} trials"
    return f"{trials}: {', '.join(parts)}" if parts else "no trials"


def studies_table(studies: Iterable[Mapping[str, Any]]) -> Table:
    """Lay out studies, one row each.

    Args:
        studies: The facts of each, see `study_facts`.

    Returns:
        Trials by state, best value and last change of each; no column of interrupted trials
        where there are none.
    """
    table, studies = new_table(), list(studies)
    states = [state.lower() for state in STATES]
    if not any(facts["interrupted"] for facts in studies):
        states.remove("interrupted")
    for column in ["study", "trials", *states, "best", "metric", "changed"]:
        table.add_column(column, justify="left" if column in {"study", "metric"} else "right")
    for facts in studies:
        table.add_row(
            facts["study"],
            str(facts["trials"]),
            *[str(facts[state]) for state in states],
            number_text(facts["best"]),
            ", ".join(facts.get("metrics", [facts["metric"]])),
            facts["changed"],
        )
    return table


def study_view(study: StudyReader, width: int) -> RenderableType:
    """Describe a study: what is searched, what came of it, its best trials.

    Args:
        study: The study.
        width: Columns of the terminal.

    Returns:
        Something rich can print.
    """
    facts = study_facts(study)
    records = study.trials()
    lines = [
        f"study       {study.name}  ({study.folder})",
        f"objective   {study.spec.objective}",
        metrics_line([f"{m.name}, {m.direction}" for m in study.spec.metrics]),
        f"sampler     {study.spec.sampler.name}, seed {study.spec.sampler.seed}",
        f"pruner      {study.spec.pruner.name}",
        f"trials      {counts_text(records)}",
        f"changed     {facts['changed']}",
    ]
    parts: list[RenderableType] = [Text("\n".join(lines))]
    failures = failure_lines(records)
    if failures:
        parts.append(Text("failures    " + "\n            ".join(failures), style="red"))
    front = pareto_front(records, study.directions)
    if len(study.directions) > 1 and front:
        parts += [Text(), front_table(front, study.directions), Text()]
    if records:
        parts.append(leaderboard_view(study, width))
    return Group(*parts)


def trial_view(study: StudyReader, number: int) -> RenderableType:
    """Describe one trial: its parameters, its end, every epoch and its test figures.

    Args:
        study: The study.
        number: The trial.

    Returns:
        Something rich can print.
    """
    record = study.trial(number)
    lines = [
        f"trial       {record.number} of {study.name}",
        f"state       {record.state}{' – ' + record.reason if record.reason else ''}",
        f"value       {number_text(record.value)} ({study.spec.metric.name}"
        + (f", epoch {record.best_epoch})" if record.best_epoch else ")"),
        *[
            f"            {number_text(record.metrics.get(metric.name))} ({metric.name})"
            for metric in study.spec.metrics[1:]
        ],
        f"seconds     {number_text(record.seconds)}",
        f"seed        {record.seed}",
        *[f"{name:<11} {value}" for name, value in record.params.items()],
    ]
    error_file = study.trial_folder(number) / ERROR_FILE
    if error_file.exists():
        lines.append(f"traceback   {error_file}")
    parts: list[RenderableType] = [Text("\n".join(lines))]
    history = study.history(number)
    if history:
        parts.append(_history_table(history, record.best_epoch))
    if record.test:
        parts += [Text(), figures_view(record)]
    return Group(*parts)


def _history_table(history: History, best_epoch: int | None) -> Table:
    table = new_table()
    for column in history[0]:
        table.add_column(column.replace("_", " "), justify="right")
    for epoch in history:
        style = "bold" if epoch["epoch"] == best_epoch else None
        table.add_row(*map(number_text, epoch.values()), style=style)
    return table


def failure_lines(records: Iterable[Trial]) -> list[str]:
    """Count failures by reason.

    Args:
        records: The trials.

    Returns:
        The five most common ones, as `3 x infeasible: the kernel …`.
    """
    counts: dict[str, int] = {}
    for record in records:
        if record.failure:
            counts[record.reason] = counts.get(record.reason, 0) + 1
    by_count = sorted(counts.items(), key=lambda item: -item[1])
    return [f"{count} x {reason}" for reason, count in by_count[:5]]


def _cell(column: str, row: Row) -> Text | str:
    value = row[column]
    if column == "state":
        return Text(value, style=_STATE_STYLES[value])
    if column == "seconds" and value is not None:
        return f"{value:.1f}"
    return number_text(value) if not isinstance(value, str) else value
