"""Figures over parameters: slices, parallel coordinates, importance, contour."""

import math
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection

from search.plots.contour import contour
from search.plots.importance import importance, main_importance
from search.plots.labels import value_label
from search.plots.parallel import parallel_coordinates
from search.plots.slices import slices
from search.studies.points import warm_start
from search.studies.study import Study
from search.summaries.importance import FEWEST_TRIALS
from tests.plots.studies import (
    PARAMETERS,
    new_study,
    points_of,
    records_of,
    run_trial,
    sentence_of,
)


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
