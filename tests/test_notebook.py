"""The public names: what a notebook gets of a study, whatever state it is in."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from PIL import Image

import search
from search.errors import SearchError
from search.studies.driver import StudyDriver
from tests.conftest import BASE, RunStudy, make_spec

PLOTS = ("history", "curves", "slices", "importance", "timeline")
"""Plots of every study."""

SPACE = """
study: toy
objective: tests.toys:quadratic
metric: {name: score, direction: maximize}
budget: {trials: 4}
pruner: {name: none}
resources: {gpus_per_trial: 0}
parameters: {x: {type: float, low: 0.0, high: 1.0}}
"""


@pytest.fixture
def space(tmp_path: Path) -> Path:
    file = tmp_path / "toy.yaml"
    file.write_text(SPACE, encoding="utf-8")
    return file


@pytest.fixture
def study(space: Path, tmp_path: Path) -> search.Study:
    return search.run(space, studies=tmp_path / "studies", engine="inline", quiet=True)


def test_public_names_are_there_and_documented() -> None:
    assert set(dir(search)) == set(search.__all__)
    assert all(getattr(search, name).__doc__ for name in search.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'search' has no attribute 'runn'"):
        search.runn  # noqa: B018


def test_run_gives_the_study_that_open_gives(study: search.Study, tmp_path: Path) -> None:
    opened = search.Study.open("toy", tmp_path / "studies")
    assert repr(opened) == repr(study) == "<StudyDriver toy, 4 trials: 4 complete>"
    assert opened.trials == study.trials
    assert opened.best == opened.trials[0] == opened.trial(opened.best.number)


def test_run_takes_what_a_space_file_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    space = {**BASE, "budget": {"trials": 2}}
    study = search.run(space, studies=tmp_path, engine="inline", quiet=True)
    assert len(study.trials) == 2
    with pytest.raises(
        SearchError, match=r"^the space: buget: unknown key; did you mean 'budget'"
    ):
        search.run({**BASE, "buget": {}}, studies=tmp_path, engine="inline")


def test_studies_lie_where_the_environment_says(
    study: search.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_STUDIES", str(tmp_path / "studies"))
    assert search.Study.open("toy").folder == study.folder
    assert search.list_studies()["study"].tolist() == ["toy"]


def test_run_leaves_signals_as_they_were(space: Path, tmp_path: Path) -> None:
    previous = signal.getsignal(signal.SIGTERM)
    objective = "objective=tests.toys:interrupting"
    with pytest.raises(search.SearchError):
        search.run(space, [objective], studies=tmp_path, engine="inline", quiet=True)
    assert signal.getsignal(signal.SIGTERM) is previous


def test_resume_goes_on(study: search.Study, tmp_path: Path) -> None:
    place = {"studies": tmp_path / "studies", "engine": "inline", "quiet": True}
    longer = search.resume("toy", "+2", **place)  # type: ignore[arg-type]
    assert len(longer.trials) == len(study.leaderboard()) == 6


def test_leaderboard_is_a_table_with_types(study: search.Study) -> None:
    table = study.leaderboard(sort="-x")
    assert table["params_x"].is_monotonic_decreasing
    assert table.dtypes[["trial", "rank", "value"]].map(str).tolist() == [
        "Int64",
        "Int64",
        "Float64",
    ]
    assert len(study.leaderboard(2)) == 2


def test_history_by_number_by_trial_and_of_the_best(study: search.Study) -> None:
    best = study.history()
    assert best["epoch"].tolist() == list(range(1, study.best.n_epochs + 1))
    assert best["score"].max() == study.best.value
    assert study.history(study.best).equals(best)
    assert study.history(study.best.number).equals(best)
    assert study.history(study.leaderboard()["trial"][0]).equals(best)


@pytest.mark.parametrize("name", PLOTS)
def test_figures(study: search.Study, name: str) -> None:
    assert isinstance(getattr(study, f"plot_{name}")(), Figure)


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("front", "several metrics"),
        ("parallel", "two parameters"),
        ("contour", "two parameters that differ"),
        ("learning_rate", "reported learning_rate"),
        ("confusion_matrix", "see evaluate"),
        ("class_accuracy", "see evaluate"),
    ],
)
def test_figures_that_a_study_has_no_data_for_say_what_is_needed(
    study: search.Study, name: str, needed: str
) -> None:
    with pytest.raises(SearchError, match=needed):
        getattr(study, f"plot_{name}")()


def test_evaluate_predict_and_confusion_matrix(run_study: RunStudy, tmp_path: Path) -> None:
    recorded = run_study("inline", objective="tests.classifying:Using", budget={"trials": 2})
    study = search.Study(recorded)
    evaluated = study.evaluate()
    assert evaluated["trial"] == study.best.number
    assert evaluated["test"]["accuracy"] == study.leaderboard(1)["test_accuracy"][0]
    assert json.loads(json.dumps(evaluated)) == study.evaluate(study.best)
    assert isinstance(study.plot_confusion_matrix(study.best), Figure)
    Image.new("L", (8, 8), 200).save(tmp_path / "light.png")
    (tmp_path / "text.png").write_text("no image")
    assert study.predict([]).empty
    assert len(study.predict(str(tmp_path / "light.png"))) == 1
    table = study.predict([tmp_path / "light.png", tmp_path / "text.png"])
    assert table.index.tolist() == [str(tmp_path / "light.png")]
    assert table.sum(axis=1).tolist() == pytest.approx([1.0])


def test_html_shows_the_best_trials_and_escapes(study: search.Study) -> None:
    html = study._repr_html_()
    assert "<b>toy</b>, 4 trials: 4 complete" in html
    assert html.count("<tr") == 5


def test_study_without_trials_can_be_looked_into(tmp_path: Path) -> None:
    StudyDriver.create(make_spec(), tmp_path)
    empty = search.Study.open(str(BASE["study"]), tmp_path)
    assert empty.trials == []
    assert empty.leaderboard().empty
    assert "no trials" in empty._repr_html_()
    assert isinstance(empty.plot_history(), Figure)
    with pytest.raises(search.StudyError, match="a complete trial must exist, got no trials"):
        empty.best  # noqa: B018


@pytest.mark.parametrize("trial", ["x", 1.5, 9])
def test_what_is_no_trial_is_a_study_error(study: search.Study, trial: Any) -> None:
    with pytest.raises(search.StudyError, match=rf"must be given, got {trial!r}"):
        study.history(trial)


def test_users_mistakes_are_search_errors(space: Path, tmp_path: Path) -> None:
    with pytest.raises(SearchError, match="did you mean 'inline'"):
        search.run(space, studies=tmp_path, engine="inlin")
    with pytest.raises(search.SpaceError, match="did you mean 'tpe'"):
        search.run(space, ["sampler.name=tpr"], studies=tmp_path)
    with pytest.raises(search.StudyError, match="there is no such study"):
        search.resume("toy", studies=tmp_path)
    assert list(tmp_path.glob("toy")) == []
