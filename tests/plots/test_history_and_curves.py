"""The optimisation history, and learning curves."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from search.plots.curves import learning_curves
from search.plots.history import optimization_history
from search.plots.style import MARKS
from search.studies.driver import StudyDriver
from search.studies.trials import Epoch
from tests.plots.studies import (
    drawn,
    legend_of,
    new_study,
    points_of,
    run_trial,
    trials_of,
)


def test_history_marks_are_the_values_of_the_trials(study: StudyDriver) -> None:
    axes = optimization_history(study).axes[0]
    for state, word in [("COMPLETE", "complete"), ("PRUNED", "pruned"), ("RUNNING", "running")]:
        wanted = [(t.number, t.value) for t in trials_of(study, state)]
        assert points_of(axes, word) == wanted
    assert [x for x, _ in points_of(axes, "failed")] == [3]
    assert axes.get_xlabel() == "trial (number)"
    assert axes.get_ylabel() == "validation accuracy (share), higher is better"
    assert legend_of(axes) == [
        *["complete (4)", "pruned (2)", "running (1)", "failed (1)", "best so far"]
    ]


@pytest.mark.parametrize(
    ("direction", "best"), [("maximize", [1, 5, 5, 7]), ("minimize", [1, 1, 0.5, 0.5])]
)
def test_history_best_so_far_is_a_step_line(
    tmp_path: Path, direction: str, best: list[float]
) -> None:
    study = new_study(tmp_path, metrics=[{"name": "val_loss", "direction": direction}])
    for value in (1.0, 5.0, 0.5, 7.0):
        assert study.ask()
        number = study.live_trials()[-1]
        study.report(number, Epoch(1, {"val_loss": value}, 0.1, 0.1))
        study.complete(number, 0.1)
    axes = optimization_history(study).axes[0]
    (line,) = axes.lines
    assert list(map(float, line.get_ydata()))[:-1] == best  # type: ignore[arg-type]
    assert line.get_drawstyle() == "steps-post"
    assert axes.get_ylabel().startswith("validation loss (nats), ")


def test_states_differ_by_shape_and_by_colour() -> None:
    for of in (lambda m: m.shape, lambda m: m.colour, lambda m: m.hatch):
        assert len({of(mark) for mark in MARKS.values()}) == len(MARKS)
    luminances = sorted(np.dot(to_rgb(m.colour), [0.3, 0.59, 0.11]).item() for m in MARKS.values())
    assert luminances[-1] - luminances[0] > 0.2


def test_curves_are_the_values_of_the_best_trials(study: StudyDriver) -> None:
    axes = drawn(learning_curves(study, n_best=2)).axes[0]
    first, second = study.trial(6), study.trial(4)
    lines = {str(line.get_label()): line for line in axes.lines}
    for trial in (first, second):
        line = lines[f"trial {trial.number}: {trial.value:.4f}"]
        pairs = zip(line.get_xdata(), line.get_ydata(), strict=True)  # type: ignore[arg-type]
        assert dict(pairs) == trial.values
    assert legend_of(axes) == [
        *["trial 6: 0.7700", "trial 4: 0.7300", "other trials (3)", "pruned (2)"]
    ]
    assert axes.get_xlabel() == "epoch"
    faint = {str(c.get_label()): c for c in axes.collections if isinstance(c, LineCollection)}
    segments = faint["pruned (2)"].get_segments()
    wanted = [sorted(t.values.items()) for t in trials_of(study, "PRUNED")]
    assert [list(map(tuple, s)) for s in segments] == [[(e, v) for e, v in w] for w in wanted]


def test_curves_of_many_trials_are_an_image(large: StudyDriver) -> None:
    axes = drawn(learning_curves(large)).axes[0]
    assert all(c.get_rasterized() for c in axes.collections)
    assert not any(line.get_rasterized() for line in axes.lines)


def test_history_says_where_its_axis_is_cut_and_keeps_the_others_at_its_edge(
    tmp_path: Path,
) -> None:
    study = new_study(tmp_path)
    ends = [(0.9 + 0.01 * n, "complete") for n in range(6)]
    for value, end in [*ends, (0.1, "prune"), (0.3, "prune"), (0.99, "prune")]:
        assert study.ask()
        number = study.live_trials()[-1]
        study.report(number, Epoch(1, {"val_accuracy": value}, 0.1, 0.1))
        getattr(study, end)(number, 0.1)
    axes = optimization_history(study).axes[0]
    low, high = axes.get_ylim()
    assert 0.8 < low < 0.9 < 0.99 < high, "a better trial is shown, whatever its state"
    assert [y for _, y in points_of(axes, "pruned")] == pytest.approx([low, low, 0.99])
    assert [text.get_text() for text in axes.texts] == [f"axis from {low:.3g}; 2 trials below"]


def test_curves_of_one_epoch_are_no_curves(tmp_path: Path) -> None:
    study = new_study(tmp_path)
    run_trial(study, "complete", n_epochs=1)
    assert learning_curves(study) is None


def test_history_of_a_trial_without_an_epoch_has_no_legend(tmp_path: Path) -> None:
    study = new_study(tmp_path)
    assert study.ask()
    assert optimization_history(study).axes[0].get_legend() is None
