"""The course of a study: the value of each trial with the best so far, and when each ran."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from search.plots.rendering import tell_marks
from search.plots.style import (
    BLACK,
    GREY,
    MARKS,
    SMALL,
    dress,
    legend_above,
    new_plot,
    note,
    sentence_plot,
)
from search.plots.values import by_number, cut_text, of_state, value_label, value_limits, value_of
from search.studies import attributes
from search.studies.reader import StudyReader
from search.studies.trials import Trial, has_begun

HISTORY = "Optimisation history"
TIMELINE = "Timeline"
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_MANY = 100
"""Bars from which on they are too thin for hatches."""
_PAUSE, _PAUSE_S, _MOST_PAUSES = 0.1, 60.0, 12
"""Share of the busy time, and seconds, from which on a pause is cut out; how many are at most."""


def optimization_history(study: StudyReader) -> Figure:
    """Draw the value of each trial by number, and the best complete one so far as a step line.

    The axis of values is that of the complete trials; others beyond it stand at its edge, and
    so do failed ones, as their values do not count.
    """
    trials = by_number(study)
    if not trials:
        return sentence_plot(HISTORY, "No trial has begun yet.")
    plot = new_plot(HISTORY)
    axes = plot.add_subplot()
    dress(axes, "trial (number)", value_label(study))
    shown = of_state(trials, "COMPLETE", "PRUNED", "RUNNING", "INTERRUPTED")
    limits = value_limits(shown, study.direction) if shown else (0.0, 1.0)
    axes.set_ylim(*limits)
    for state in MARKS:
        _draw_state(axes, state, [t for t in trials if t.state == state], study)
    _draw_best(axes, of_state(trials, "COMPLETE"), trials[-1].number, study)
    note(axes, cut_text(map(value_of, shown), limits, study.direction))
    if not shown:
        axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    room = 0.5 + 0.02 * len(trials)
    axes.set_xlim(trials[0].number - room, trials[-1].number + room)
    legend_above(axes)
    return plot


def _draw_state(axes: Axes, state: str, trials: Sequence[Trial], study: StudyReader) -> None:
    """Draw the trials of a state; of the others, only those that have reported."""
    failed = state == "FAIL"
    drawn = [trial for trial in trials if failed or trial.value is not None]
    if not drawn:
        return
    mark = MARKS[state]
    low, high = axes.get_ylim()
    edge = low if study.direction.name == "MAXIMIZE" else high
    values = [edge if failed else min(max(value_of(t), low), high) for t in drawn]
    tell_marks(axes, [(t.number, [(t.number, y)]) for t, y in zip(drawn, values, strict=True)])
    axes.scatter(
        [trial.number for trial in drawn],
        values,
        s=mark.size if len(drawn) < 200 else mark.size / 2,
        c=mark.colour,
        marker=mark.shape,
        linewidths=1.0 if failed else 0.0,
        alpha=0.9 if len(drawn) < 200 else 0.6,
        label=f"{mark.word} ({len(trials):,})",
        clip_on=False,
        zorder=2 if state == "COMPLETE" else 1.8,
    )


def _draw_best(axes: Axes, complete: Sequence[Trial], last: int, study: StudyReader) -> None:
    if not complete:
        return
    best = np.maximum if study.direction.name == "MAXIMIZE" else np.minimum
    values = best.accumulate([value_of(trial) for trial in complete])
    axes.step(
        [*(trial.number for trial in complete), last],
        [*values, values[-1]],
        where="post",
        color=BLACK,
        linewidth=1.2,
        label="best so far",
    )


@dataclass(frozen=True)
class Span:
    """When a trial ran."""

    number: int
    state: str
    start_s: float
    end_s: float


def timeline(study: StudyReader) -> Figure:
    """Draw each trial as a bar from its start to its end, trials at the same time in lanes.

    Only trials of the study's present space are shown. Time in which no trial ran for long,
    as between two sessions, is cut out and marked.
    """
    spans = _spans(study)
    if not spans:
        return sentence_plot(TIMELINE, "No trial has begun in the present space yet.")
    lanes = _lanes(spans)
    n_lanes = max(lanes) + 1
    shorter, pauses = _without_pauses(spans)
    whole_s = max(span.end_s for span in shorter)
    shorter = [replace(s, end_s=max(s.end_s, s.start_s + whole_s / 1000)) for s in shorter]
    unit, length = time_unit(whole_s)
    plot = new_plot(TIMELINE, height=min(8.0, 1.5 + 0.3 * n_lanes))
    axes = plot.add_subplot()
    cut = f"; {len(pauses)} pause{'s' if len(pauses) > 1 else ''} cut out" if pauses else ""
    dress(axes, f"time since the first trial ({unit}{cut})", "trials at a time", grid="x")
    for state in MARKS:
        drawn = [(s, lane) for s, lane in zip(shorter, lanes, strict=True) if s.state == state]
        _draw_bars(axes, state, drawn, length, many=len(spans) > _MANY)
    end = whole_s / length
    for at, pause in pauses:
        _draw_pause(axes, at / length, pause)
    axes.set_xlim(-0.01 * (end or 1), 1.01 * (end or 1))
    axes.set_ylim(n_lanes + 0.5, 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend_above(axes)
    return plot


def _spans(study: StudyReader) -> list[Span]:
    trials = study.optuna_study.get_trials(deepcopy=False)
    states = {trial.number: trial.state for trial in study.trials()}
    begun = [t for t in trials if has_begun(t) and t.datetime_start]
    # A changed space takes over trials without the times at which they ran.
    begun = [t for t in begun if t.user_attrs.get(attributes.SPACE_VERSION, 1) == study.version]
    if not begun:
        return []
    starts = [t.datetime_start for t in begun if t.datetime_start]
    ends = [t.datetime_complete for t in begun if t.datetime_complete]
    first, last = min(starts), max([*starts, *ends, study.last_change()])
    return [
        Span(
            t.number,
            states[t.number],
            _since(first, start),
            _since(first, t.datetime_complete or last),
        )
        for t, start in sorted(zip(begun, starts, strict=True), key=lambda pair: pair[1])
    ]


def _since(first: datetime, time: datetime) -> float:
    return max(0.0, (time - first).total_seconds())


def _lanes(spans: Sequence[Span]) -> list[int]:
    """Give each trial the first lane that is free when it starts."""
    free_at: list[float] = []
    lanes = []
    for span in spans:
        lane = next((i for i, at in enumerate(free_at) if at <= span.start_s), len(free_at))
        free_at[lane : lane + 1] = [span.end_s]
        lanes.append(lane)
    return lanes


def _without_pauses(spans: Sequence[Span]) -> tuple[list[Span], list[tuple[float, float]]]:
    """Move trials together over long pauses; also tell where each was, with its length."""
    gaps, busy, until = list[tuple[float, float]](), 0.0, 0.0
    for span in spans:
        if span.start_s > until:
            gaps.append((until, span.start_s - until))
            until = span.start_s
        busy += max(0.0, span.end_s - until)
        until = max(until, span.end_s)
    least = max(_PAUSE_S, _PAUSE * busy)
    longest = sorted(gaps, key=lambda gap: -gap[1])[:_MOST_PAUSES]
    pauses = sorted(gap for gap in longest if gap[1] > least)
    places = [at for at, _ in pauses]
    lost = [0.0]
    for _, length in pauses:
        lost.append(lost[-1] + length)

    def moved(span: Span) -> Span:
        away = lost[bisect_right(places, span.start_s - 1e-9)]
        return Span(span.number, span.state, span.start_s - away, span.end_s - away)

    shorter = [moved(span) for span in spans]
    return shorter, [(at - lost[i], length) for i, (at, length) in enumerate(pauses)]


def time_unit(length_s: float) -> tuple[str, float]:
    """Choose a unit of time for a length: its name and its seconds."""
    fitting = [(unit, s) for unit, s in _UNITS.items() if length_s >= 3 * s]
    return fitting[-1] if fitting else ("s", 1.0)


def _draw_bars(
    axes: Axes, state: str, spans: Sequence[tuple[Span, int]], length: float, *, many: bool
) -> None:
    if not spans:
        return
    mark = MARKS[state]
    for span, lane in spans:
        ends = [(time_s / length, lane + 1.0) for time_s in (span.start_s, span.end_s)]
        tell_marks(axes, [(span.number, ends)])
    boxes = [_box(span, lane, length) for span, lane in spans]
    bars = PathPatch(
        Path.make_compound_path(*map(Path, boxes)),
        facecolor=mark.colour,
        edgecolor="white",
        linewidth=0.1 if many else 0.6,
        hatch="" if many else mark.hatch,
        label=f"{mark.word} ({len(spans):,})",
    )
    axes.add_patch(bars)


def _box(span: Span, lane: int, length: float) -> list[tuple[float, float]]:
    left, right = span.start_s / length, span.end_s / length
    top, bottom = lane + 0.6, lane + 1.4
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]


def _draw_pause(axes: Axes, at: float, pause_s: float) -> None:
    unit, length = time_unit(pause_s)
    axes.axvline(at, color=GREY, linestyle=":", linewidth=1.2)
    axes.text(
        at,
        0.02,
        f" {pause_s / length:.0f} {unit}",
        transform=axes.get_xaxis_transform(),
        rotation=90,
        fontsize=SMALL - 1,
        color=GREY,
        ha="right",
        va="bottom",
    )
