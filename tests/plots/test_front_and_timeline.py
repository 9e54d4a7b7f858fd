"""The Pareto front, and the timeline of workers."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from matplotlib.path import Path as Outline
from optuna.trial import FrozenTrial, TrialState

from search.plots.front import pareto_plot
from search.plots.history import timeline
from search.studies.driver import StudyDriver
from search.studies.trials import Epoch
from tests.plots.studies import (
    ENDS,
    legend_of,
    new_study,
    points_of,
    run_trial,
)


@pytest.mark.parametrize("n_metrics", [1, 2, 3])
def test_front_has_axes_for_each_further_metric(tmp_path: Path, n_metrics: int) -> None:
    study = new_study(tmp_path, n_metrics=n_metrics)
    for end in ENDS[:5]:
        run_trial(study, end)
    plot = pareto_plot(study)
    if n_metrics == 1:
        assert plot is None
        return
    assert plot is not None
    assert [axes.get_xlabel() for axes in plot.axes] == [
        *["latency (ms), lower is better", "size (MB), lower is better"][: n_metrics - 1]
    ]
    assert plot.axes[0].get_ylabel() == "validation accuracy (share), higher is better"
    wanted = [(1.0 + n, study.trial(n).value) for n in (4, 1, 0)]
    assert sorted(points_of(plot.axes[0], "front (3)")) == sorted(wanted)


def test_front_marks_dominated_trials_and_the_knee(tmp_path: Path) -> None:
    study = new_study(tmp_path, n_metrics=2)
    for accuracy, cost in [(0.9, 9.0), (0.8, 2.0), (0.5, 1.5), (0.2, 1.0), (0.7, 3.0)]:
        assert study.ask()
        number = study.live_trials()[-1]
        metrics = {"val_accuracy": accuracy, "latency_ms": cost}
        study.report(number, Epoch(1, {**metrics}, 0.1, 0.1))
        study.complete(number, 0.1)
    plot = pareto_plot(study)
    assert plot is not None
    axes = plot.axes[0]
    assert points_of(axes, "dominated (1)") == [(3.0, 0.7)]
    assert points_of(axes, "knee (trial 1)") == [(2.0, 0.8)]
    low, high = axes.get_xlim()
    assert low < 1.0
    assert high > 9.0


START = datetime(2026, 1, 1, 12)


def add_timed(study: StudyDriver, start_s: float, end_s: float) -> None:
    frozen = FrozenTrial(
        number=-1,
        trial_id=-1,
        state=TrialState.COMPLETE,
        value=0.5,
        datetime_start=START + timedelta(seconds=start_s),
        datetime_complete=START + timedelta(seconds=end_s),
        params={},
        distributions={},
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )
    study.optuna_study.add_trial(frozen)


def test_timeline_bars_are_the_times_of_the_trials_in_lanes(tmp_path: Path) -> None:
    study = new_study(tmp_path)
    for times in [(0, 300), (60, 600), (300, 500)]:
        add_timed(study, *times)
    axes = timeline(study).axes[0]
    (bars,) = axes.patches
    polygons = bars.get_path().to_polygons(closed_only=False)
    boxes = [Outline(polygon).get_extents() for polygon in polygons]
    assert [(box.x0, box.x1) for box in boxes] == [(0, 5), (1, 10), (5, pytest.approx(500 / 60))]
    assert [(box.y0 + box.y1) / 2 for box in boxes] == pytest.approx([1, 2, 1])
    assert axes.get_xlabel() == "time since the first trial (min)"
    assert axes.get_ylabel() == "trials at a time"
    assert legend_of(axes) == ["complete (3)"]


def test_timeline_cuts_long_pauses_out(tmp_path: Path) -> None:
    study = new_study(tmp_path)
    for times in [(0, 100), (101, 200), (36_200, 36_250)]:
        add_timed(study, *times)
    axes = timeline(study).axes[0]
    assert axes.get_xlabel() == "time since the first trial (min; 1 pause cut out)"
    assert [text.get_text().strip() for text in axes.texts] == ["10 h"]
    assert axes.get_xlim()[1] == pytest.approx(1.01 * 250 / 60)


def test_timeline_colours_states(study: StudyDriver) -> None:
    axes = timeline(study).axes[0]
    assert legend_of(axes) == ["complete (4)", "pruned (2)", "running (1)", "failed (1)"]
