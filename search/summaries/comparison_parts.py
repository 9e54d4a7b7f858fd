"""Two trials side by side in words and tables, from the facts of their comparison."""

from collections.abc import Mapping, Sequence
from typing import Any

from search.summaries.layout import Grid, Part, heading
from search.text import number_text, value_text

Facts = Mapping[str, Any]
LARGEST_SHOWN = 20
"""Classes up to which the whole difference of the confusion matrices is laid out."""


def comparison_parts(facts: Facts) -> list[Part]:
    """Put a comparison into words.

    Args:
        facts: As `comparison_facts` gives them.

    Returns:
        A part for each thing that there is something to say of.
    """
    names = side_names(facts)
    sides = [f"{names[side]} = {side}: {_side_text(facts['trials'][side])}" for side in names]
    title = " and ".join(names.values())
    first = Part(f"Trials {title}", [*sides, *facts["notes"]])
    parts = [
        first,
        _differing("Parameters that differ", facts["parameters"], names),
        _differing("Settings that differ", facts["settings"], names)
        if facts["settings"]
        else None,
        _metrics(facts, names),
        _classes(facts["classes"], names),
        *_confusions(facts["confusion"]),
    ]
    return [part for part in parts if part]


def side_names(facts: Facts) -> dict[str, str]:
    """Name the two trials.

    Args:
        facts: As `comparison_facts` gives them.

    Returns:
        For `a` and `b` each `STUDY:NUMBER`, with the letter where these are the same.
    """
    names = {side: f"{trial['study']}:{trial['trial']}" for side, trial in facts["trials"].items()}
    if len(set(names.values())) == 1:
        return {side: f"{name} ({side})" for side, name in names.items()}
    return names


def signed(value: float | None) -> str:
    """Write a difference.

    Args:
        value: A number, or None where there is none.

    Returns:
        The same as `number_text`, with its sign.

    Example:
        >>> signed(0.25), signed(-1200), signed(0)
        ('+0.2500', '-1,200', '0')
    """
    return f"+{number_text(value)}" if value is not None and value > 0 else number_text(value)


def _side_text(trial: Facts) -> str:
    best = trial["best_epoch"]
    epoch = "no epoch" if best is None else f"epoch {best} of {trial['n_epochs']}"
    return f"{trial['state']}, {trial['metric']} {number_text(trial['value'])} at {epoch}"


def _differing(title: str, rows: Sequence[Facts], names: Facts) -> Part:
    cells = [
        [row["name"], *(value_text(row[side]) if side in row else "–" for side in names)]
        for row in rows
    ]
    grid = Grid(["name", *names.values()], cells, ["name"])
    return Part(title, [] if rows else ["none"], grid)


def _change_cells(row: Facts) -> list[str]:
    """Write a difference: both sides, b less a, relative to a, and which is better."""
    relative = row["relative"]
    return [
        number_text(row["a"]),
        number_text(row["b"]),
        signed(row["difference"]),
        "–" if relative is None else _percent(relative),
        row["better"] or "",
    ]


def _percent(relative: float) -> str:
    text = f"{100 * relative:+.1f} %"
    return "0.0 %" if text[1:] == "0.0 %" else text


def _metrics(facts: Facts, names: Facts) -> Part:
    rows = [
        [f"{row['split']} {heading(row['metric'])}", *_change_cells(row)]
        for row in facts["metrics"]
    ]
    rows += [[heading(row["metric"]), *_change_cells(row)] for row in facts["others"]]
    columns = ["metric", *names.values(), "difference", "relative", "better"]
    return Part(
        "Metrics at the best epoch",
        ["differences are b less a"],
        Grid(columns, rows, ["metric", "better"]),
    )


def _classes(classes: Sequence[Facts], names: Facts) -> Part | None:
    if not classes:
        return None
    rows = [[row["class"], _support(row), *_change_cells(row)] for row in classes]
    columns = ["class", "images", *names.values(), "difference", "relative", "better"]
    return Part("Recall by class, test split", [], Grid(columns, rows, ["class", "better"]))


def _support(row: Facts) -> str:
    a, b = row["support_a"], row["support_b"]
    return f"{a:,}" if a == b else f"{a:,} / {b:,}"


def _confusions(confusion: Facts | None) -> list[Part]:
    if confusion is None:
        return []
    right, wrong = (signed(confusion[name]["difference"]) for name in ("right", "wrong"))
    lines = [
        "b less a; rows are true classes, columns predicted ones",
        "more on the diagonal is better, more beside it is worse",
        f"images recognised: {right}, taken for another class: {wrong}",
    ]
    classes, grid = confusion["classes"], None
    if len(classes) <= LARGEST_SHOWN:
        rows = [
            [name, *(signed(change) if change else "·" for change in changes)]
            for name, changes in zip(classes, confusion["difference"], strict=True)
        ]
        grid = Grid(["true", *classes], rows, ["true"])
    else:
        lines.append(f"the difference of {len(classes)} classes is in the output of --json")
    parts = [Part("Confusions, test split", lines, grid)]
    changes = [
        [
            c["true"],
            c["predicted"],
            f"{c['a']:,}",
            f"{c['b']:,}",
            signed(c["difference"]),
            c["better"],
        ]
        for c in confusion["changes"]
    ]
    if changes:
        columns = ["true", "taken for", "a", "b", "difference", "better"]
        grid = Grid(columns, changes, ["true", "taken for", "better"])
        parts.append(Part("Confusions that changed most", [], grid))
    return parts
