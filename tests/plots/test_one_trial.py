"""Plots of one trial: learning rates and the test split."""

import numpy as np
import pytest

from search.errors import StudyError
from search.plots.catalogue import TRIAL_PLOTS
from search.plots.classes import class_accuracy, confusion_matrix
from search.plots.rates import learning_rate
from search.studies.driver import StudyDriver
from search.studies.test_metrics import LARGEST_MATRIX
from tests.plots.studies import (
    evaluate,
    legend_of,
    sentence_of,
    title_of,
)


def test_rates_are_those_of_the_history_with_the_frozen_phase(study: StudyDriver) -> None:
    plot = learning_rate(study)
    assert plot is not None
    assert title_of(plot) == "Learning rate of trial 6"
    upper, lower = plot.axes
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


def test_rates_need_a_history(large: StudyDriver) -> None:
    assert learning_rate(large) is None


def test_confusions_are_the_shares_and_counts(study: StudyDriver) -> None:
    assert confusion_matrix(study) is None
    evaluate(study, 4)
    plot = confusion_matrix(study)
    assert plot is not None
    counts = np.array(study.trial(4).test.confusion)  # type: ignore[union-attr]
    axes, bar = plot.axes
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert np.asarray(axes.images[0].get_array()) == pytest.approx(shares)
    assert title_of(plot) == "Confusions on the test split, trial 4"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert bar.get_ylabel() == "share of the true class"
    cells = {text.get_text().split("\n")[0] for text in axes.texts}
    assert cells == {str(count) for count in counts.ravel() if count}
    assert [t.get_text() for t in axes.get_xticklabels()][0] == r"\$class 0\$"


def test_class_accuracy_is_the_recall_worst_first(study: StudyDriver) -> None:
    evaluate(study, 4)
    plot = class_accuracy(study, 4)
    assert plot is not None
    axes = plot.axes[0]
    columns = study.trial(4).test.per_class  # type: ignore[union-attr]
    bars = next(c for c in axes.containers if hasattr(c, "patches"))
    assert [bar.get_width() for bar in bars.patches] == sorted(columns["recall"])
    assert axes.get_yticklabels()[-1].get_text().endswith("(6)")
    assert axes.get_xlabel() == "accuracy (share of the class; lines: 95 % interval)"
    assert class_accuracy(study, 0) is None


def test_confusions_of_very_many_classes_are_a_sentence(study: StudyDriver) -> None:
    evaluate(study, 4, n_classes=LARGEST_MATRIX + 1)
    assert sentence_of(confusion_matrix(study)) == (
        "The matrix is kept for up to 100 classes; there are 101."
    )
    plot = class_accuracy(study)
    assert plot is not None
    assert "the worst 30 of 101 classes" in plot.axes[0].get_xlabel()


@pytest.mark.parametrize("name", TRIAL_PLOTS)
def test_plot_of_a_trial_that_is_not_there_is_refused(study: StudyDriver, name: str) -> None:
    with pytest.raises(StudyError) as error:
        TRIAL_PLOTS[name](study, 99)
    assert str(error.value) == "toy: a trial from 0 to 7 must be given, got 99"
