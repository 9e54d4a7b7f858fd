"""Evaluation over parameters: slices, parallel coordinates, importance, contour."""

import math
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection

from search.plots.contour import contour
from search.plots.parallel import parallel_coordinates
from search.plots.slices import importance, slices
from search.plots.values import value_label
from search.studies.driver import StudyDriver
from search.studies.queue import warm_start
from search.summaries.importance import FEWEST_TRIALS, importance_facts
from tests.plots.studies import (
    PARAMETERS,
    drawn,
    new_study,
    points_of,
    run_trial,
    sentence_of,
    trials_of,
)


def test_slices_have_an_axis_for_each_parameter(study: StudyDriver) -> None:
    plot = drawn(slices(study))
    shown = [axes for axes in plot.axes if axes.get_visible()]
    assert [axes.get_xlabel() for axes in shown] == list(PARAMETERS)
    assert [axes.get_xscale() == "log" for axes in shown] == [
        bool(p.get("log")) for p in PARAMETERS.values()
    ]
    assert plot.get_supylabel() == value_label(study)
    wanted = [(t.params["dropout"], t.value) for t in trials_of(study, "COMPLETE")]
    assert points_of(shown[1], "complete") == wanted
    choices = shown[4]
    assert [text.get_text() for text in choices.get_xticklabels()] == ["none", "lpft", "null"]
    places = [round(x) for x, _ in points_of(choices, "complete")]
    values = [t.params["freeze"] for t in trials_of(study, "COMPLETE")]
    assert places == [["none", "lpft", None].index(value) for value in values]


def test_slices_leave_out_trials_without_the_parameter(large: StudyDriver) -> None:
    axes = drawn(slices(large)).axes[5]
    with_it = [t for t in trials_of(large, "COMPLETE") if "unfreeze_at" in t.params]
    assert 0 < len(points_of(axes, "complete")) == len(with_it) < 500


def test_slices_pruned_trials_beyond_the_values_stand_at_the_edge(study: StudyDriver) -> None:
    axes = drawn(slices(study)).axes[1]
    low, high = axes.get_ylim()
    pruned = trials_of(study, "PRUNED")
    wanted = [max(low, min(high, cast("float", t.value))) for t in pruned]
    assert [y for _, y in points_of(axes, "pruned")] == pytest.approx(wanted)


def test_parallel_lines_go_through_all_parameters(study: StudyDriver) -> None:
    plot = parallel_coordinates(study, n_best=1)
    assert plot is not None
    axes = plot.axes[0]
    lines = [c for c in axes.collections if isinstance(c, LineCollection)]
    assert sorted(len(c.get_segments()) for c in lines) == [1, 3]
    (best,) = next(c.get_segments() for c in lines if len(c.get_segments()) == 1)
    params = study.trial(6).params
    assert best[0][1] == pytest.approx((math.log10(params["learning_rate"]) + 5) / 4)
    assert best[1][1] == pytest.approx(params["dropout"] / 0.6)
    assert (best[5][1] < 0) == ("unfreeze_at" not in params)
    assert [text.get_text() for text in axes.get_xticklabels()] == list(PARAMETERS)
    texts = {text.get_text() for text in axes.texts}
    assert {"1e-5", "0.1", "lpft", "null", "not there", "0.6"} <= texts


def test_parallel_colour_bar_names_the_metric(study: StudyDriver) -> None:
    plot = parallel_coordinates(study)
    assert plot is not None
    assert plot.axes[1].get_ylabel() == value_label(study)


def test_parallel_of_one_parameter_is_left_out(tmp_path: Path) -> None:
    study = new_study(tmp_path, parameters={"dropout": PARAMETERS["dropout"]})
    run_trial(study, "complete")
    assert slices(study) is None, "one value is no difference"
    run_trial(study, "complete")
    assert parallel_coordinates(study) is None
    assert [axes.get_xlabel() for axes in drawn(slices(study)).axes] == ["dropout"]


def test_importances_find_what_matters(large: StudyDriver) -> None:
    found = importance_facts(large)[0]["importances"]
    assert list(found)[:2] == ["learning_rate", "dropout"]
    assert sum(found.values()) == pytest.approx(1.0)
    axes = drawn(importance(large)).axes[0]
    assert [bar.get_width() for bar in axes.containers[0]] == list(found.values())
    assert [text.get_text() for text in axes.get_yticklabels()] == list(found)
    assert axes.get_xlabel() == "importance (share; fANOVA of 300 complete trials)"


def test_importance_of_few_trials_is_a_sentence(study: StudyDriver) -> None:
    assert sentence_of(importance(study)) == (
        f"Not told: at least {FEWEST_TRIALS} complete trials are needed, there are 4."
    )


def test_importance_leaves_out_trials_of_another_study(large: StudyDriver, tmp_path: Path) -> None:
    new = new_study(tmp_path, study="new")
    warm_start(new, large)
    assert importance_facts(new)[0]["importances"] == {}


def test_importance_of_several_metrics_is_that_of_the_first(tmp_path: Path) -> None:
    study = new_study(tmp_path, n_metrics=2)
    for _ in range(FEWEST_TRIALS):
        run_trial(study, "complete")
    assert sum(importance_facts(study)[0]["importances"].values()) == pytest.approx(1.0)


def test_contour_is_over_the_two_most_important_numbers(large: StudyDriver) -> None:
    plot = contour(large)
    assert plot is not None
    axes, bar = plot.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("learning_rate", "dropout")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert bar.get_ylabel() == value_label(large)
    wanted = sorted(
        (t.params["learning_rate"], t.params["dropout"]) for t in trials_of(large, "COMPLETE")
    )
    marks = [c for c in axes.collections if isinstance(c, PathCollection)][-1]
    assert sorted(map(tuple, np.asarray(marks.get_offsets()).tolist())) == wanted


def test_contour_needs_two_parameters_and_some_trials(study: StudyDriver, tmp_path: Path) -> None:
    assert sentence_of(contour(study)).startswith("At least 5 complete trials with ")
    one = new_study(tmp_path, study="one", parameters={"dropout": PARAMETERS["dropout"]})
    for _ in range(5):
        run_trial(one, "complete")
    assert contour(one) is None


@pytest.mark.parametrize("names", [("layers", "few"), ("freeze", "layers"), ("few", "dropout")])
def test_contour_of_few_values_is_a_table_of_means(tmp_path: Path, names: tuple[str, str]) -> None:
    parameters = {**PARAMETERS, "few": {"type": "int", "low": 16, "high": 48, "step": 16}}
    study = new_study(tmp_path, parameters={name: parameters[name] for name in names})
    for _ in range(FEWEST_TRIALS + 10):
        run_trial(study, "complete")
    plot = contour(study)
    assert plot is not None
    axes = plot.axes[0]
    x, y = axes.get_xlabel(), axes.get_ylabel()
    texts = [text.get_text().split("\n") for text in axes.texts]
    assert sum(int(count.split()[0]) for _, count in texts) == FEWEST_TRIALS + 10
    assert not axes.collections, "no surface, and no marks that would hide the numbers"
    if "dropout" in names:
        return
    cell = study.trial(0).params[x], study.trial(0).params[y]
    values = [t.value for t in study.trials() if (t.params[x], t.params[y]) == cell]
    assert [f"{np.mean(cast('list[float]', values)):.4f}", len(values)] in [
        [mean, int(count.split()[0])] for mean, count in texts
    ]


def test_constants_are_not_drawn(tmp_path: Path) -> None:
    fixed = {"type": "float", "low": 0.5, "high": 0.5}
    names = ("dropout", "layers")
    kept = {name: PARAMETERS[name] for name in names}
    study = new_study(tmp_path, parameters={"fixed": fixed, **kept})
    for _ in range(FEWEST_TRIALS):
        run_trial(study, "complete")
    grid, lines = slices(study), parallel_coordinates(study)
    assert grid is not None
    assert lines is not None
    assert [axes.get_xlabel() for axes in grid.axes if axes.get_visible()] == list(names)
    assert [text.get_text() for text in lines.axes[0].get_xticklabels()] == list(names)
    alone = new_study(
        tmp_path, study="alone", parameters={"fixed": fixed, "layers": kept["layers"]}
    )
    for _ in range(FEWEST_TRIALS):
        run_trial(alone, "complete")
    assert importance(alone) is None, "the share of one parameter is always 1"
