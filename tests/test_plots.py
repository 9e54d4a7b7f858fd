"""Figures: their labels, their data against the records, and studies that have little to show."""

import math
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.path import Path as Outline
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.errors import StudyError
from search.plots.catalogue import FIGURES, TRIAL_FIGURES
from search.plots.classes import class_accuracy, confusion_matrix
from search.plots.contour import contour
from search.plots.curves import learning_curves
from search.plots.files import figure_bytes, write_figures
from search.plots.front import pareto_plot
from search.plots.history import optimization_history
from search.plots.importance import importance, main_importance
from search.plots.labels import axis_label, value_label
from search.plots.parallel import parallel_coordinates
from search.plots.rates import learning_rate
from search.plots.scales import scale_of
from search.plots.slices import slices
from search.plots.style import MARKS, focus, plain, shortened
from search.plots.timeline import timeline
from search.spaces.parameters import CategoricalParameter, FloatParameter, IntParameter
from search.studies import record
from search.studies.figures import LARGEST_MATRIX, compute_figures, store_figures
from search.studies.points import warm_start
from search.studies.record import Failure, Report, TrialRecord
from search.studies.study import Study
from search.summaries.importance import FEWEST_TRIALS
from tests.conftest import BASE, make_spec

ACCURACY = {"name": "val_accuracy", "direction": "maximize"}
COSTS = [
    {"name": "latency_ms", "direction": "minimize"},
    {"name": "size_mb", "direction": "minimize"},
]
PARAMETERS: dict[str, Any] = {
    "learning_rate": {"type": "float", "low": 1e-5, "high": 1e-1, "log": True},
    "dropout": {"type": "float", "low": 0.0, "high": 0.6},
    "filters": {"type": "int", "low": 8, "high": 64, "log": True},
    "layers": {"type": "int", "low": 1, "high": 4},
    "freeze": {"type": "categorical", "choices": ["none", "lpft", None]},
    "unfreeze_at": {"type": "float", "low": 0.1, "high": 0.5, "when": {"freeze": "lpft"}},
}
ENDS = ["complete", "complete", "prune", "fail", "complete", "prune", "complete", "run"]


def new_study(tmp_path: Path, n_metrics: int = 1, **sections: Any) -> Study:
    metrics = [ACCURACY, *COSTS][:n_metrics]
    return Study.create(
        make_spec(**{"metrics": metrics, "parameters": PARAMETERS, **sections}), tmp_path
    )


def run_trial(study: Study, end: str, n_epochs: int = 4) -> None:
    trial = study.ask()
    assert trial is not None
    if end == "fail":
        study.fail(trial.number, 0.1, Failure("error", "no such layer"))
        return
    for epoch in range(1, n_epochs + 1):
        accuracy = 0.5 + 0.02 * trial.number + 0.05 * min(epoch, 3)
        metrics: dict[str, float | int | None] = {
            "val_accuracy": accuracy,
            "latency_ms": 1.0 + trial.number,
            "size_mb": 9.0 - trial.number,
            "learning_rate": 0.1 / 4**epoch,
            "backbone_learning_rate": 0.0 if epoch <= 2 else 0.01 / 4**epoch,
        }
        study.report(trial.number, Report(epoch, metrics, 0.1, 0.1 * epoch))
    if end != "run":
        getattr(study, end)(trial.number, 0.4)


def evaluate(study: Study, number: int, n_classes: int = 3) -> None:
    labels = np.arange(6 * n_classes) % n_classes
    probabilities = np.eye(n_classes)[np.where(np.arange(len(labels)) % 4, labels, 0)]
    names = [f"$class {n}$" for n in range(n_classes)]
    figures = compute_figures(probabilities, labels, names, 1.0)
    store_figures(study.optuna_study, number, figures)


def add_trials(study: Study, n_trials: int, n_epochs: int = 10) -> None:
    """Add ended trials at once: complete ones, pruned ones, a few failed ones."""
    generator = np.random.default_rng(0)
    trials = []
    for number in range(n_trials):
        params = study.space.walk(lambda _, kind: kind.to_external_repr(_draw(kind, generator)))
        rate = math.log10(cast("float", params["learning_rate"]))
        end = 0.9 - 0.05 * (rate + 3) ** 2 - 0.3 * (cast("float", params["dropout"]) - 0.2) ** 2
        state = TrialState(1 if number % 2 == 0 else 3 if number % 21 == 0 else 2)
        last = n_epochs if state is TrialState.COMPLETE else 1 + number % 5
        values = {epoch: end * (1 - math.exp(-epoch / 4)) for epoch in range(1, last + 1)}
        best = {"epoch": last, "metrics": {"val_accuracy": values[last]}}
        trials.append(
            create_trial(
                state=state,
                value=values[last] if state is TrialState.COMPLETE else None,
                params=params,
                distributions={name: study.space.distributions[name] for name in params},
                intermediate_values=values,
                user_attrs={record.SEED: 0, record.SECONDS: 1.0, record.BEST: best},
            )
        )
    study.optuna_study.add_trials(trials)


def _draw(kind: Any, generator: np.random.Generator) -> float:
    if hasattr(kind, "choices"):
        return int(generator.integers(len(kind.choices)))
    if kind.log:
        low, high = math.log(kind.low), math.log(kind.high)
        drawn = math.exp(generator.uniform(low, high))
        return float(min(kind.high, max(kind.low, drawn)))
    if isinstance(kind.low, int):
        return float(generator.integers(kind.low, kind.high + 1))
    return float(generator.uniform(kind.low, kind.high))


@pytest.fixture(autouse=True)
def _metric_of_the_base_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(BASE, "metric")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Trials of all states, see `ENDS`; the pruned ones after two epochs."""
    study = new_study(tmp_path)
    for end in ENDS:
        run_trial(study, end, n_epochs=2 if end == "prune" else 4)
    return study


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A thousand trials, for tests that change none of them."""
    with pytest.MonkeyPatch.context() as patch:
        if "metric" in BASE:
            patch.delitem(BASE, "metric")
        study = new_study(tmp_path_factory.mktemp("large"))
    add_trials(study, 1000)
    return study


def records_of(study: Study, state: str) -> list[TrialRecord]:
    return sorted((r for r in study.records() if r.state == state), key=lambda r: r.number)


def points_of(axes: Axes, label: str) -> list[tuple[float, float]]:
    """Read the marks of a scatter whose label begins so."""
    found = [
        c
        for c in axes.collections
        if isinstance(c, PathCollection) and str(c.get_label()).startswith(label)
    ]
    assert len(found) == 1
    return [(float(x), float(y)) for x, y in np.asarray(found[0].get_offsets())]


def sentence_of(figure: Figure | None) -> str:
    assert figure is not None
    assert not figure.axes
    return " ".join(figure.texts[-1].get_text().split())


def legend_of(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def title_of(figure: Figure) -> str:
    return str(figure.get_suptitle())


# The optimisation history.


def test_history_marks_are_the_values_of_the_records(study: Study) -> None:
    axes = optimization_history(study).axes[0]
    for state, word in [("COMPLETE", "complete"), ("PRUNED", "pruned"), ("RUNNING", "running")]:
        wanted = [(r.number, r.value) for r in records_of(study, state)]
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
        study.report(number, Report(1, {"val_loss": value}, 0.1, 0.1))
        study.complete(number, 0.1)
    axes = optimization_history(study).axes[0]
    (line,) = axes.lines
    assert list(map(float, line.get_ydata()))[:-1] == best  # type: ignore[arg-type]
    assert line.get_drawstyle() == "steps-post"
    assert axes.get_ylabel().startswith("validation loss (nats), ")


def test_states_differ_by_shape_and_by_colour() -> None:
    for of in (lambda m: m.shape, lambda m: m.colour, lambda m: m.hatch):
        assert len({of(mark) for mark in MARKS.values()}) == 4
    luminances = sorted(np.dot(to_rgb(m.colour), [0.3, 0.59, 0.11]).item() for m in MARKS.values())
    assert luminances[-1] - luminances[0] > 0.2


# Learning curves.


def test_curves_are_the_values_of_the_best_trials(study: Study) -> None:
    axes = learning_curves(study, n_best=2).axes[0]
    first, second = study.record(6), study.record(4)
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
    wanted = [sorted(r.values.items()) for r in records_of(study, "PRUNED")]
    assert [list(map(tuple, s)) for s in segments] == [[(e, v) for e, v in w] for w in wanted]


def test_curves_of_many_trials_are_an_image(large: Study) -> None:
    axes = learning_curves(large).axes[0]
    assert all(c.get_rasterized() for c in axes.collections)
    assert not any(line.get_rasterized() for line in axes.lines)


# Slices.


def test_slices_have_an_axis_for_each_parameter(study: Study) -> None:
    figure = slices(study)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_xlabel() for axes in shown] == list(PARAMETERS)
    assert [axes.get_xscale() == "log" for axes in shown] == [
        bool(p.get("log")) for p in PARAMETERS.values()
    ]
    assert figure.get_supylabel() == value_label(study)
    wanted = [(r.params["dropout"], r.value) for r in records_of(study, "COMPLETE")]
    assert points_of(shown[1], "complete") == wanted
    choices = shown[4]
    assert [text.get_text() for text in choices.get_xticklabels()] == ["none", "lpft", "null"]
    places = [round(x) for x, _ in points_of(choices, "complete")]
    values = [r.params["freeze"] for r in records_of(study, "COMPLETE")]
    assert places == [["none", "lpft", None].index(value) for value in values]


def test_slices_leave_out_trials_without_the_parameter(large: Study) -> None:
    axes = slices(large).axes[5]
    with_it = [r for r in records_of(large, "COMPLETE") if "unfreeze_at" in r.params]
    assert 0 < len(points_of(axes, "complete")) == len(with_it) < 500


def test_slices_pruned_trials_beyond_the_values_stand_at_the_edge(study: Study) -> None:
    axes = slices(study).axes[1]
    low, high = axes.get_ylim()
    pruned = records_of(study, "PRUNED")
    wanted = [max(low, min(high, cast("float", r.value))) for r in pruned]
    assert [y for _, y in points_of(axes, "pruned")] == pytest.approx(wanted)


# Parallel coordinates.


def test_parallel_lines_go_through_all_parameters(study: Study) -> None:
    figure = parallel_coordinates(study, n_best=1)
    assert figure is not None
    axes = figure.axes[0]
    lines = [c for c in axes.collections if isinstance(c, LineCollection)]
    assert sorted(len(c.get_segments()) for c in lines) == [1, 3]
    (best,) = next(c.get_segments() for c in lines if len(c.get_segments()) == 1)
    params = study.record(6).params
    assert best[0][1] == pytest.approx((math.log10(params["learning_rate"]) + 5) / 4)
    assert best[1][1] == pytest.approx(params["dropout"] / 0.6)
    assert (best[5][1] < 0) == ("unfreeze_at" not in params)
    assert [text.get_text() for text in axes.get_xticklabels()] == list(PARAMETERS)
    texts = {text.get_text() for text in axes.texts}
    assert {"1e-5", "0.1", "lpft", "null", "not there", "0.6"} <= texts


def test_parallel_colour_bar_names_the_metric(study: Study) -> None:
    figure = parallel_coordinates(study)
    assert figure is not None
    assert figure.axes[1].get_ylabel() == value_label(study)


def test_parallel_of_one_parameter_is_left_out(tmp_path: Path) -> None:
    study = new_study(tmp_path, parameters={"dropout": PARAMETERS["dropout"]})
    run_trial(study, "complete")
    assert parallel_coordinates(study) is None
    assert [axes.get_xlabel() for axes in slices(study).axes] == ["dropout"]


# Importance.


def test_importances_find_what_matters(large: Study) -> None:
    found = main_importance(large)["importances"]
    assert list(found)[:2] == ["learning_rate", "dropout"]
    assert sum(found.values()) == pytest.approx(1.0)
    axes = importance(large).axes[0]
    assert [bar.get_width() for bar in axes.containers[0]] == list(found.values())
    assert [text.get_text() for text in axes.get_yticklabels()] == list(found)
    assert axes.get_xlabel() == "importance (share; fANOVA of 300 complete trials)"


def test_importance_of_few_trials_is_a_sentence(study: Study) -> None:
    assert sentence_of(importance(study)) == (
        f"Not told: at least {FEWEST_TRIALS} complete trials are needed, there are 4."
    )


def test_importance_leaves_out_trials_of_another_study(large: Study, tmp_path: Path) -> None:
    new = new_study(tmp_path, study="new")
    warm_start(new, large)
    assert main_importance(new)["importances"] == {}


def test_importance_of_several_metrics_is_that_of_the_first(tmp_path: Path) -> None:
    study = new_study(tmp_path, n_metrics=2)
    for _ in range(FEWEST_TRIALS):
        run_trial(study, "complete")
    assert sum(main_importance(study)["importances"].values()) == pytest.approx(1.0)


# Contour.


def test_contour_is_over_the_two_most_important_numbers(large: Study) -> None:
    figure = contour(large)
    assert figure is not None
    axes, bar = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("learning_rate", "dropout")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert bar.get_ylabel() == value_label(large)
    wanted = sorted(
        (r.params["learning_rate"], r.params["dropout"]) for r in records_of(large, "COMPLETE")
    )
    marks = [c for c in axes.collections if isinstance(c, PathCollection)][-1]
    assert sorted(map(tuple, np.asarray(marks.get_offsets()).tolist())) == wanted


def test_contour_needs_two_numbers_and_some_trials(study: Study, tmp_path: Path) -> None:
    assert sentence_of(contour(study)).startswith("At least 5 complete trials with ")
    one = new_study(
        tmp_path, study="one", parameters={n: PARAMETERS[n] for n in ("dropout", "freeze")}
    )
    assert contour(one) is None


# The Pareto front.


@pytest.mark.parametrize("n_metrics", [1, 2, 3])
def test_front_has_axes_for_each_further_metric(tmp_path: Path, n_metrics: int) -> None:
    study = new_study(tmp_path, n_metrics=n_metrics)
    for end in ENDS[:5]:
        run_trial(study, end)
    figure = pareto_plot(study)
    if n_metrics == 1:
        assert figure is None
        return
    assert figure is not None
    assert [axes.get_xlabel() for axes in figure.axes] == [
        *["latency (ms), lower is better", "size (MB), lower is better"][: n_metrics - 1]
    ]
    assert figure.axes[0].get_ylabel() == "validation accuracy (share), higher is better"
    wanted = [(1.0 + n, study.record(n).value) for n in (4, 1, 0)]
    assert sorted(points_of(figure.axes[0], "front (3)")) == sorted(wanted)


def test_front_marks_dominated_trials_and_the_knee(tmp_path: Path) -> None:
    study = new_study(tmp_path, n_metrics=2)
    for accuracy, cost in [(0.9, 9.0), (0.8, 2.0), (0.5, 1.5), (0.2, 1.0), (0.7, 3.0)]:
        assert study.ask()
        number = study.live_trials()[-1]
        metrics = {"val_accuracy": accuracy, "latency_ms": cost}
        study.report(number, Report(1, {**metrics}, 0.1, 0.1))
        study.complete(number, 0.1)
    figure = pareto_plot(study)
    assert figure is not None
    axes = figure.axes[0]
    assert points_of(axes, "dominated (1)") == [(3.0, 0.7)]
    assert points_of(axes, "knee (trial 1)") == [(2.0, 0.8)]
    low, high = axes.get_xlim()
    assert low < 1.0
    assert high > 9.0


# The timeline.

START = datetime(2026, 1, 1, 12)


def add_timed(study: Study, start_s: float, end_s: float) -> None:
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


def test_timeline_colours_states(study: Study) -> None:
    axes = timeline(study).axes[0]
    assert legend_of(axes) == ["complete (4)", "pruned (2)", "running (1)", "failed (1)"]


# Learning rates.


def test_rates_are_those_of_the_history_with_the_frozen_phase(study: Study) -> None:
    figure = learning_rate(study)
    assert figure is not None
    assert title_of(figure) == "Learning rate of trial 6"
    upper, lower = figure.axes
    head, backbone = lower.lines
    assert list(head.get_ydata()) == pytest.approx([0.1 / 4**e for e in range(1, 5)])  # type: ignore[arg-type]
    shown = np.asarray(backbone.get_ydata(), dtype=float)
    assert np.isnan(shown).tolist() == [True, True, False, False]
    assert legend_of(lower) == ["head", "backbone", "backbone frozen"]
    assert lower.get_yscale() == "log"
    assert [patch.get_extents().width > 0 for patch in upper.patches] == [True]
    shaded = upper.patches[0].get_path().get_extents(upper.patches[0].get_patch_transform())
    assert (shaded.x0, shaded.x1) == (0.5, 2.5)
    assert (lower.get_xlabel(), lower.get_ylabel()) == ("epoch", "learning rate")
    assert upper.get_ylabel() == "validation accuracy (share)"


def test_rates_need_a_history(large: Study) -> None:
    assert learning_rate(large) is None


# The test split.


def test_confusions_are_the_shares_and_counts(study: Study) -> None:
    assert confusion_matrix(study) is None
    evaluate(study, 4)
    figure = confusion_matrix(study)
    assert figure is not None
    counts = np.array(study.record(4).test.confusion)  # type: ignore[union-attr]
    axes, bar = figure.axes
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert np.asarray(axes.images[0].get_array()) == pytest.approx(shares)
    assert title_of(figure) == "Confusions on the test split, trial 4"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert bar.get_ylabel() == "share of the true class"
    cells = {text.get_text().split("\n")[0] for text in axes.texts}
    assert cells == {str(count) for count in counts.ravel() if count}
    assert [t.get_text() for t in axes.get_xticklabels()][0] == r"\$class 0\$"


def test_class_accuracy_is_the_recall_worst_first(study: Study) -> None:
    evaluate(study, 4)
    figure = class_accuracy(study, 4)
    assert figure is not None
    axes = figure.axes[0]
    columns = study.record(4).test.per_class  # type: ignore[union-attr]
    bars = next(c for c in axes.containers if hasattr(c, "patches"))
    assert [bar.get_width() for bar in bars.patches] == sorted(columns["recall"])
    assert axes.get_yticklabels()[-1].get_text().endswith("(6)")
    assert axes.get_xlabel() == "accuracy (share of the class; lines: 95 % interval)"
    assert class_accuracy(study, 0) is None


def test_confusions_of_very_many_classes_are_a_sentence(study: Study) -> None:
    evaluate(study, 4, n_classes=LARGEST_MATRIX + 1)
    assert sentence_of(confusion_matrix(study)) == (
        "The matrix is kept for up to 100 classes; there are 101."
    )
    figure = class_accuracy(study)
    assert figure is not None
    assert "the worst 30 of 101 classes" in figure.axes[0].get_xlabel()


@pytest.mark.parametrize("name", TRIAL_FIGURES)
def test_figure_of_a_trial_that_is_not_there_is_refused(study: Study, name: str) -> None:
    with pytest.raises(StudyError) as error:
        TRIAL_FIGURES[name](study, 99)
    assert str(error.value) == "toy: a trial from 0 to 7 must be given, got 99"


# All figures.


@pytest.mark.parametrize("ends", [[], ["complete"], ["fail"] * 3, ["run"], ["prune"]], ids=str)
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("n_metrics", [1, 2])
def test_every_figure_of_a_small_study_can_be_drawn(
    tmp_path: Path, name: str, ends: list[str], n_metrics: int
) -> None:
    study = new_study(tmp_path, n_metrics=n_metrics)
    for end in ends:
        run_trial(study, end, n_epochs=1)
    figure = FIGURES[name](study)
    if figure is not None:
        assert title_of(figure)
        assert figure.axes or sentence_of(figure).endswith(".")
        assert figure_bytes(figure, "svg").startswith(b"<?xml")


@pytest.mark.parametrize("name", ["slices", "parallel", "contour", "importance"])
def test_figures_of_fixed_and_strange_parameters_can_be_drawn(tmp_path: Path, name: str) -> None:
    study = new_study(
        tmp_path,
        parameters={
            "fixed": {"type": "float", "low": 0.5, "high": 0.5},
            "fixed_log": {"type": "float", "low": 0.5, "high": 0.5, "log": True},
            "single": {"type": "categorical", "choices": ["a_$very$_long_name_of_a_choice"]},
            "mixed": {"type": "categorical", "choices": [True, 1, "1", None, 0.5]},
            "narrow": {"type": "float", "low": 0.7, "high": 0.75, "log": True},
            "stepped": {"type": "int", "low": 32, "high": 96, "step": 32},
        },
    )
    for _ in range(FEWEST_TRIALS):
        run_trial(study, "complete", n_epochs=1)
    figure = FIGURES[name](study)
    assert figure is not None
    assert figure_bytes(figure, "png")


def test_every_figure_of_a_thousand_trials_is_small(large: Study) -> None:
    evaluate(large, 0, n_classes=100)
    for name, draw in FIGURES.items():
        figure = draw(large)
        if figure is not None:
            assert len(figure_bytes(figure, "svg")) < 500_000, name


def test_figures_can_be_drawn_in_threads_without_pyplot(study: Study) -> None:
    from matplotlib import pyplot

    sizes: list[int] = []

    def draw() -> None:
        sizes.append(len(figure_bytes(optimization_history(study), "png")))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sizes) == 4
    assert pyplot.get_fignums() == []


def test_write_makes_the_files_and_the_same_ones_again(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "figures"
    files = write_figures(study, folder)
    names = [path.name for path in files]
    assert names[:4] == ["history.png", "history.svg", "curves.png", "curves.svg"]
    assert not [name for name in names if name.startswith(("front", "confusion"))]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    before = [path.read_bytes() for path in files if "timeline" not in path.name]
    again = write_figures(study, folder)
    assert [p.read_bytes() for p in again if "timeline" not in p.name] == before


def test_write_only_what_is_named(study: Study, tmp_path: Path) -> None:
    files = write_figures(study, tmp_path, ["pdf"], names=["slices"])
    assert files == [tmp_path / "slices.pdf"]
    assert files[0].read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("formats", "names", "message"),
    [
        (
            ["pgn"],
            None,
            "a format must be given, got 'pgn'; did you mean 'png'; valid: png, svg, pdf",
        ),
        (
            ["png"],
            ["slice"],
            "a figure must be given, got 'slice'; did you mean 'slices'; valid: history, curves, "
            "slices, parallel, importance, contour, front, timeline, learning_rate, "
            "confusion_matrix, class_accuracy",
        ),
    ],
)
def test_write_unknown_words_are_refused(
    study: Study, tmp_path: Path, formats: list[str], names: list[str] | None, message: str
) -> None:
    with pytest.raises(StudyError) as error:
        write_figures(study, tmp_path / "new", formats, names)
    assert str(error.value) == message
    assert not (tmp_path / "new").exists()


def test_write_to_no_folder_is_refused(study: Study, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(StudyError, match="file: the folder must be writable, got "):
        write_figures(study, place)
    (tmp_path / "history.png").mkdir()
    with pytest.raises(StudyError, match=r"history\.png: the file must be writable, got "):
        write_figures(study, tmp_path, ["png"])
    assert not list(tmp_path.glob(".*unfinished"))


def test_axis_label_that_is_too_long_has_two_lines() -> None:
    label = axis_label("validation_score_of_the_harder_half", StudyDirection.MAXIMIZE)
    assert label == "validation score of the harder half,\nhigher is better"


# Scales and limits.


def _labels(parameter: CategoricalParameter | FloatParameter | IntParameter) -> list[str]:
    return [text for _, text in scale_of("p", parameter, []).ticks()]


@pytest.mark.parametrize(
    ("low", "high", "log", "labels"),
    [
        (1e-4, 1e-1, True, ["1e-4", "0.001", "0.01", "0.1"]),
        (1e-12, 1.0, True, ["1e-12", "1e-9", "1e-6", "0.001", "1"]),
        (0.01, 0.3, True, ["0.01", "0.03", "0.1", "0.3"]),
        (0.7, 0.75, True, ["0.7", "0.75"]),
        (0.0, 1.0, False, ["0", "0.25", "0.5", "0.75", "1"]),
        (0.5, 0.5, False, ["0.5"]),
    ],
)
def test_ticks_lie_within_the_range(low: float, high: float, log: bool, labels: list[str]) -> None:
    assert _labels(FloatParameter(type="float", low=low, high=high, log=log)) == labels


@pytest.mark.parametrize(
    ("low", "high", "log", "labels"),
    [
        (1, 4, False, ["1", "2", "3", "4"]),
        (8, 128, True, ["8", "16", "32", "64", "128"]),
        (10, 1000, True, ["10", "100", "1000"]),
        (3, 3, False, ["3"]),
    ],
)
def test_ticks_of_whole_numbers_are_whole(
    low: int, high: int, log: bool, labels: list[str]
) -> None:
    assert _labels(IntParameter(type="int", low=low, high=high, log=log)) == labels


def test_scale_has_a_place_for_each_choice_and_for_those_that_went() -> None:
    parameter = CategoricalParameter(type="categorical", choices=[True, 1, "1", None])
    gone = TrialRecord(0, "COMPLETE", {"p": "gone"}, 1.0, 1, 1, {}, 1.0, 0)
    scale = scale_of("p", parameter, [gone])
    assert [scale.place(value) for value in (True, 1, "1", None, "gone")] == [0, 1, 2, 3, 4]
    assert math.isnan(scale.place("never"))


@pytest.mark.parametrize(
    ("direction", "values", "n_outside"),
    [
        (StudyDirection.MINIMIZE, [*np.linspace(0.1, 1, 50), 1e6], 1),
        (StudyDirection.MAXIMIZE, [*np.linspace(0.1, 1, 50), -1e6], 1),
        (StudyDirection.MAXIMIZE, [*np.linspace(0.1, 1, 50), 5.0], 0),
        (StudyDirection.MINIMIZE, [0.1, 1e6], 0),
        (StudyDirection.MINIMIZE, [0.0], 0),
    ],
)
def test_focus_leaves_out_a_few_very_bad_values_only(
    direction: StudyDirection, values: list[float], n_outside: int
) -> None:
    low, high, found = focus(values, direction)
    assert low < high
    assert found == n_outside
    best = max(values) if direction == StudyDirection.MAXIMIZE else min(values)
    assert low < best < high


def test_texts_of_users_are_no_formulas() -> None:
    assert plain("a$b$") == r"a\$b\$"
    assert shortened("x" * 9, 5) == "xxxx…"
