"""The steps from trial to trial in words and a table, from the facts of the ladder."""

from collections.abc import Mapping
from typing import Any

from search.summaries.comparison_parts import signed
from search.summaries.layout import Grid, Part, heading
from search.text import number_text, value_text

Facts = Mapping[str, Any]
_FIGURES = {
    "value": "",
    "n_parameters": "parameters",
    "gap": "gap",
    "test_accuracy": "test accuracy",
}
"""Numbers of a step and their headings; that of the first is the study's metric."""


def ladder_parts(facts: Facts) -> list[Part]:
    """Put a ladder into words.

    Args:
        facts: As `ladder_facts` gives them.

    Returns:
        One part; figures that no step has are left out.
    """
    steps = facts["steps"]
    shown = [name for name in _FIGURES if any(step[name] is not None for step in steps)]
    columns = ["step", "trial", "changed"]
    for name in shown:
        title = _FIGURES[name] or heading(facts["metric"])
        columns += [title, f"+/- {title}"]
    rows = []
    for step in steps:
        cells = [str(step["step"]), str(step["trial"]), _changed(step)]
        for name in shown:
            cells += [number_text(step[name]), signed(step[f"{name}_change"])]
        rows.append(cells)
    best = _best(facts)
    lines = [*facts["notes"]]
    if any(step["gap"] is not None for step in steps):
        lines.insert(0, "gap: train accuracy less validation accuracy, at the best epoch")
    grid = Grid(columns, rows, ["changed"], 2, best)
    return [Part(f"Steps of {facts['study']}", lines, grid)]


def _changed(step: Facts) -> str:
    if not step["step"]:
        return "(start)"
    changes = [
        f"{change['name']}: "
        + " → ".join(value_text(change[s]) if s in change else "–" for s in ("old", "new"))
        for change in step["changed"]
    ]
    return "\n".join(changes) or "nothing"


def _best(facts: Facts) -> list[int]:
    """Find the step of the best value, if there are several to choose from."""
    values = {place: step["value"] for place, step in enumerate(facts["steps"])}
    known = {place: value for place, value in values.items() if value is not None}
    if len(known) < 2:
        return []
    choose = max if facts["direction"] == "maximize" else min
    return [choose(known, key=lambda place: known[place])]
