"""All plots: of any study, and as files."""

import threading
from pathlib import Path

import pytest
from optuna.study import StudyDirection

from search.errors import StudyError
from search.plots.catalogue import PLOTS, write_plots
from search.plots.history import optimization_history
from search.plots.rendering import plot_bytes
from search.plots.values import axis_label
from search.studies.driver import StudyDriver
from search.summaries.importance import FEWEST_TRIALS
from tests.plots.studies import (
    evaluate,
    new_study,
    run_trial,
    sentence_of,
    title_of,
)


@pytest.mark.parametrize("ends", [[], ["complete"], ["fail"] * 3, ["run"], ["prune"]], ids=str)
@pytest.mark.parametrize("n_metrics", [1, 2])
def test_every_plot_of_a_small_study_can_be_drawn(
    tmp_path: Path, ends: list[str], n_metrics: int
) -> None:
    study = new_study(tmp_path, n_metrics=n_metrics)
    for end in ends:
        run_trial(study, end, n_epochs=1)
    for name, draw in PLOTS.items():
        plot = draw(study)
        if plot is not None:
            assert title_of(plot), name
            assert plot.axes or sentence_of(plot).endswith("."), name
            assert plot_bytes(plot, "svg").startswith(b"<?xml"), name


@pytest.mark.parametrize("name", ["slices", "parallel", "contour", "importance"])
def test_plots_of_fixed_and_strange_parameters_can_be_drawn(tmp_path: Path, name: str) -> None:
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
    plot = PLOTS[name](study)
    assert plot is not None
    assert plot_bytes(plot, "png")


def test_every_plot_of_a_thousand_trials_is_small(large: StudyDriver) -> None:
    evaluate(large, 0, n_classes=100)
    for name, draw in PLOTS.items():
        plot = draw(large)
        if plot is not None:
            assert len(plot_bytes(plot, "svg")) < 500_000, name


def test_plots_can_be_drawn_in_threads_without_pyplot(study: StudyDriver) -> None:
    from matplotlib import pyplot

    sizes: list[int] = []

    def draw() -> None:
        sizes.append(len(plot_bytes(optimization_history(study), "png")))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sizes) == 4
    assert pyplot.get_fignums() == []


def test_write_makes_the_files_and_the_same_ones_again(study: StudyDriver, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "plots"
    files = write_plots(study, folder)
    names = [path.name for path in files]
    assert names[:4] == ["history.png", "history.svg", "curves.png", "curves.svg"]
    assert not [name for name in names if name.startswith(("front", "confusion"))]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    before = [path.read_bytes() for path in files if "timeline" not in path.name]
    again = write_plots(study, folder)
    assert [p.read_bytes() for p in again if "timeline" not in p.name] == before


def test_write_only_what_is_named(study: StudyDriver, tmp_path: Path) -> None:
    files = write_plots(study, tmp_path, ["pdf"], names=["slices"])
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
            "a plot must be given, got 'slice'; did you mean 'slices'; valid: history, curves, "
            "slices, parallel, importance, contour, front, confirmation, timeline, learning_rate, "
            "confusion_matrix, class_accuracy",
        ),
    ],
)
def test_write_unknown_words_are_refused(
    study: StudyDriver, tmp_path: Path, formats: list[str], names: list[str] | None, message: str
) -> None:
    with pytest.raises(StudyError) as error:
        write_plots(study, tmp_path / "new", formats, names)
    assert str(error.value) == message
    assert not (tmp_path / "new").exists()


def test_write_to_no_folder_is_refused(study: StudyDriver, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(StudyError, match="file: the folder must be writable, got "):
        write_plots(study, place)
    (tmp_path / "history.png").mkdir()
    with pytest.raises(StudyError, match=r"history\.png: the file must be writable, got "):
        write_plots(study, tmp_path, ["png"])
    assert not list(tmp_path.glob(".*unfinished"))


def test_axis_label_that_is_too_long_has_two_lines() -> None:
    label = axis_label("validation_score_of_the_harder_half", StudyDirection.MAXIMIZE)
    assert label == "validation score of the harder half,\nhigher is better"
