"""The summary of a study in words and tables, from its facts."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from search.studies.leaderboard import PARAMETER_PREFIX
from search.summaries.layout import Grid, Part, heading, headings
from search.text import cell_text, format_duration, number_text, value_text

Facts = Mapping[str, Any]
_MOST_REASONS = 5
_KEYS = ("rank", "front", "trial")


def summary_parts(facts: Facts) -> list[Part]:
    """Put the facts of a study into words.

    Args:
        facts: As `summary_facts` gives them.

    Returns:
        A part for each thing that there is something to say of.
    """
    parts = [
        _leaderboard(facts),
        _front(facts),
        *_best(facts),
        *map(_importance, facts["importance"]),
        _edges(facts),
        _endings(facts),
    ]
    return [part for part in parts if part]


def share_text(share: float | None) -> str:
    """Write a share as percent.

    Args:
        share: From 0 to 1; None where there is none.

    Returns:
        For instance `12.5 %`.
    """
    return "–" if share is None else f"{100 * share:.1f} %"


def _leaderboard(facts: Facts) -> Part:
    rows, study = facts["leaderboard"], facts["study"]
    columns = list(rows[0]) if rows else []
    named = [study["metric"] if name == "value" else name for name in columns]
    return Part(
        f"Best trials of {study['study']}",
        facts["notes"],
        Grid(
            headings(named),
            [[cell_text(name, value) for name, value in row.items()] for row in rows],
            left=["state", "reason"],
            n_keys=max(1, len(list(itertools.takewhile(_KEYS.__contains__, columns)))),
            bold=[place for place, row in enumerate(rows) if row.get("rank") == 1],
        ),
    )


def _front(facts: Facts) -> Part | None:
    front, knee = facts["front"], facts["knee"]
    if not front:
        return None
    names = list(facts["study"]["metrics"])
    ways = ", ".join(f"{name} ({way})" for name, way in facts["study"]["metrics"].items())
    rows = [
        [
            str(row["trial"]),
            *(number_text(row[name]) for name in names),
            "knee" * (row["trial"] == knee),
        ]
        for row in front
    ]
    columns = ["trial", *map(heading, names), ""]
    bold = [place for place, row in enumerate(front) if row["trial"] == knee]
    return Part(
        "Pareto front",
        [f"none of these is beaten in all of {ways}"],
        Grid(columns, rows, [""], bold=bold),
    )


def _best(facts: Facts) -> list[Part]:
    best, study = facts["best"], facts["study"]
    if best is None:
        return []
    of_epochs = f"epoch {best['best_epoch']} of {best['n_epochs']}"
    lines = [f"{study['metric']} {number_text(best['value'])} at {of_epochs}"]
    if best["reason"]:
        lines.append(f"ended early: {best['reason']}")
    others = best["other_metrics"]
    parameters = [PARAMETER_PREFIX + name for name in best["params"]]
    for name, value in zip(headings([*others, *parameters]), others.values(), strict=False):
        lines.append(f"{name} {number_text(value)}")
    if best["seconds"] is not None:
        lines.append(f"seconds {best['seconds']:.1f}")
    lines.append(f"seed {best['seed']}")
    rows = [[name, value_text(value)] for name, value in best["params"].items()]
    name = f"Best trial: {best['trial']}"
    return [
        Part(name, lines, splits_grid(best["metrics"])),
        Part(
            f"Parameters of trial {best['trial']}",
            [],
            Grid(["parameter", "value"], rows, ["parameter"]),
        ),
    ]


def splits_grid(splits: Mapping[str, Mapping[str, Any]]) -> Grid | None:
    """Lay out metrics by split.

    Args:
        splits: As `split_metrics` gives them.

    Returns:
        A row a split; None if there is none.
    """
    if not splits:
        return None
    names = list(next(iter(splits.values())))
    rows = [[split, *(number_text(values[n]) for n in names)] for split, values in splits.items()]
    return Grid(["split", *map(heading, names)], rows, ["split"])


def _importance(facts: Facts) -> Part:
    name = f"What mattered for {facts['metric']}"
    lines = []
    if facts["note"]:
        lines.append(f"not told: {facts['note']}")
    else:
        drawn = facts["n_trials"] < facts["n_complete"]
        of = f"{facts['n_trials']} of {facts['n_complete']:,}" if drawn else facts["n_trials"]
        lines.append(f"fANOVA over {of} complete trials, seed {facts['seed']}")
    if facts["only_in"] and not facts["note"]:
        only = ", ".join(f"{parameter} ({n})" for parameter, n in facts["only_in"].items())
        lines.append(f"not judged, as only some of these trials have it: {only}")
    rows = [[parameter, share_text(share)] for parameter, share in facts["importances"].items()]
    return Part(name, lines, Grid(["parameter", "importance"], rows, ["parameter"]))


def _edges(facts: Facts) -> Part | None:
    if not facts["edges"]:
        return None
    rows = [
        [
            edge["parameter"],
            edge["end"],
            value_text(edge["limit"]),
            f"{len(edge['trials'])} of {edge['n_best']}",
            ", ".join(map(str, edge["trials"])),
            edge["suggestion"],
        ]
        for edge in facts["edges"]
    ]
    columns = ["parameter", "end", "at", "best trials", "which", "suggestion"]
    lines = ["parameters of the best trials at the end of their range; the space may be too small"]
    return Part(
        "Edges of the space",
        lines,
        Grid(columns, rows, ["parameter", "end", "which", "suggestion"]),
    )


def _endings(facts: Facts) -> Part | None:
    endings = facts["endings"]
    if not endings["n_trials"]:
        return None
    rows = []
    for name in ("complete", "pruned", "failed", "infeasible", "running", "interrupted"):
        counted = endings[name]
        if counted["n"]:
            rows.append([name, str(counted["n"]), share_text(counted["share"]), _why(counted)])
    lines = _saving_lines(facts["savings"])
    return Part(
        "How trials ended", lines, Grid(["end", "trials", "share", "why"], rows, ["end", "why"])
    )


def _why(counted: Facts) -> str:
    if "after_epochs" in counted:
        after = counted["after_epochs"]
        return ", ".join(f"{pruned['n']} after epoch {pruned['epoch']}" for pruned in after)
    reasons: Sequence[Facts] = counted.get("reasons", [])
    texts = [f"{reason['n']} x {reason['reason']}" for reason in reasons[:_MOST_REASONS]]
    more = sum(reason["n"] for reason in reasons[_MOST_REASONS:])
    return "; ".join([*texts, f"{more} others"] if more else texts)


def _saving_lines(savings: Facts | None) -> list[str]:
    if savings is None:
        return []
    total = savings["trained_epochs"] + savings["saved_epochs"]
    time = format_duration(round(savings["saved_seconds"], 1))
    return [
        f"pruning saved {savings['saved_epochs']:,} of {total:,} epochs "
        f"({share_text(savings['share'])}), about {time}, had each pruned trial gone on to "
        f"epoch {savings['full_epochs']} at its own pace"
    ]
