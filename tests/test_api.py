"""The public functions: what a notebook or a command gets, whatever state a study is in."""

import json
import os
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

FAILING = [
    "objective=tests.toys:misbehaving",
    "parameters.way={type: categorical, choices: [raises]}",
]
"""Overrides after which each trial fails."""


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
    opened = search.open("toy", tmp_path / "studies")
    assert repr(opened) == repr(study) == "<Study toy, 4 trials: 4 complete>"
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


def test_run_takes_what_the_command_takes(study: search.Study, space: Path) -> None:
    options: dict[str, Any] = {"studies": study.folder.parent, "engine": "inline", "quiet": True}
    other = search.run(
        space, name="other", trials=2, seed=7, sampler="tpe", warm_start="toy", **options
    )
    assert (other.name, len(other.trials)) == ("other", 2)
    assert other.reader.spec.sampler.seed == 7
    assert other.reader.spec.sampler.name == "tpe"


def test_run_names_the_study_that_informs_the_sampler(
    study: search.Study, space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options: dict[str, Any] = {"studies": study.folder.parent, "engine": "inline", "quiet": True}
    search.run(space, name="other", trials=1, warm_start="toy", **options)
    assert capsys.readouterr().err == "other: 4 of 4 trials of toy inform the sampler\n"


def test_run_gives_what_has_run_to_ended_even_if_it_fails(space: Path, tmp_path: Path) -> None:
    seen: list[int] = []
    with pytest.raises(SearchError):
        search.run(
            space,
            FAILING,
            studies=tmp_path,
            engine="inline",
            quiet=True,
            ended=lambda study: seen.append(len(study.trials)),
        )
    assert seen == [4]


@pytest.mark.parametrize("by", ["name", "path", "study"])
def test_resume_goes_on(study: search.Study, tmp_path: Path, by: str) -> None:
    given: Any = {"name": "toy", "path": study.folder, "study": study}[by]
    longer = search.resume(given, "+2", studies=tmp_path / "studies", engine="inline", quiet=True)
    assert len(longer.trials) == len(study.leaderboard()) == 6


def test_resume_goes_on_in_another_space(study: search.Study, space: Path) -> None:
    space.write_text(SPACE.replace("high: 1.0", "high: 2.0"), encoding="utf-8")
    wider = search.resume(study, 6, space=space, engine="inline", quiet=True)
    assert wider.reader.version == 2
    assert [trial.params["x"] <= 1 for trial in wider.trials].count(True) >= 4


def test_retry_runs_failed_trials_again(
    space: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options: dict[str, Any] = {"engine": "inline", "quiet": True}
    with pytest.raises(SearchError):
        search.run(space, FAILING, studies=tmp_path, **options)
    study = search.open("toy", tmp_path)
    with pytest.raises(SearchError, match="no trial completed"):
        search.retry(study, [1, 3], **options)
    assert "toy: retrying 1, 3\n" in capsys.readouterr().err
    assert len(study.trials) == 6
    with pytest.raises(SearchError, match="did you mean 'timeout'"):
        search.retry(study, kind="timout", **options)


def test_retry_without_failed_trials_says_so(study: search.Study) -> None:
    with pytest.raises(search.StudyError, match="^toy: no failed trials to retry; "):
        search.retry(study, engine="inline")


def test_check_describes_a_space_without_a_study(space: Path, tmp_path: Path) -> None:
    checked = search.check(space, ["budget.trials=9"])
    assert (checked.spec.budget.trials, checked.problem) == (9, "")
    tried = search.try_epoch(space)
    assert (tried.epoch.number, "score" in tried.epoch.metrics) == (1, True)
    with pytest.raises(search.SpaceError, match=r"the space: metric\.name: .* got 'scor'"):
        search.try_epoch({**BASE, "metric": {"name": "scor", "direction": "maximize"}})
    assert list(tmp_path.iterdir()) == [space]


@pytest.mark.parametrize("point", [{"x": 0.125}, ["x=0.125"]], ids=["values", "assignments"])
def test_enqueue_adds_a_point_that_is_tried_next(study: search.Study, point: Any) -> None:
    assert search.enqueue(study, point) == 4
    assert search.resume(study, "+1", engine="inline", quiet=True).trial(4).params == {"x": 0.125}


def test_keep_tells_which_checkpoints_are_there(run_study: RunStudy) -> None:
    study = search.Study(
        run_study("inline", objective="tests.classifying:Using", budget={"trials": 3}, keep=1)
    )
    best = study.best.number
    assert search.keep(study).present == [best]
    assert search.keep(study, [best]).named == [best]
    with pytest.raises(search.StudyError, match="the checkpoints of trials .* are gone"):
        search.keep(study, sorted({0, 1, 2} - {best}))


def test_what_is_shown_is_plain_data_and_a_document(study: search.Study) -> None:
    best = study.best
    assert study.show().facts["best_trial"] == best.number
    assert study.show_trial(best).facts["history"][0]["epoch"] == 1
    assert [row["trial"] for row in study.show_leaderboard(2).facts] == [
        trial.number for trial in study.trials[:2]
    ]
    assert study.show_leaderboard()._repr_markdown_().startswith("| rank | trial |")
    assert study.outcome() == "4 trials: 4 complete"


def test_studies_are_shown_and_those_that_cannot_be_read_are_named(
    study: search.Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "studies" / "odd").mkdir()
    (tmp_path / "studies" / "odd" / "space.yaml").write_text("study: odd\n")
    shown = search.show_studies(tmp_path / "studies")
    assert [facts["study"] for facts in shown.facts] == ["toy"]
    assert "left out: " in capsys.readouterr().err
    with pytest.raises(search.StudyError, match="--storage: the URL of a database"):
        search.list_studies(storage="journal")


def test_watch_of_a_study_at_rest_says_so(
    study: search.Study, capsys: pytest.CaptureFixture[str]
) -> None:
    study.watch()
    assert not study.is_running
    assert capsys.readouterr().err.startswith("toy is not running; its budget is spent, extend")


def test_schema_is_that_of_the_space_file() -> None:
    assert "budget" in search.schema()["properties"]


def test_stop_of_a_study_at_rest_says_so(study: search.Study) -> None:
    with pytest.raises(search.StudyError, match="^toy is not running$"):
        search.stop(study)


def test_remove_leaves_nothing(study: search.Study, tmp_path: Path) -> None:
    search.remove("toy", studies=tmp_path / "studies")
    assert not study.folder.exists()


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


def test_compare_and_ladder_tell_what_differs(study: search.Study) -> None:
    worst = study.trials[-1]
    compared = study.compare(worst, study.best)
    sides = compared.facts["trials"]
    assert (sides["a"]["trial"], sides["b"]["trial"]) == (worst.number, study.best.number)
    assert study.compare(worst) == study.compare(worst, of=study) == compared
    assert [step["trial"] for step in study.ladder([worst, 0]).facts["steps"]] == [worst.number, 0]


def test_files_are_written_where_they_are_wanted(
    study: search.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEARCH_DOWNLOAD", raising=False)
    assert study.export(tmp_path / "board.md") == 4
    assert (tmp_path / "board.md").read_text().startswith("| rank | trial |")
    with (tmp_path / "board.csv").open("wb") as file:
        assert study.export(file) == 4
    assert (tmp_path / "board.csv").read_text().startswith("rank,trial,")
    with pytest.raises(SearchError, match="ending must name its format"):
        study.export(tmp_path / "board.xlsx")
    with pytest.raises(SearchError, match="did you mean 'csv'"):
        study.export(tmp_path / "board.csv", "cvs")
    assert study.export(tmp_path / "epochs.csv", trial=study.best) == study.best.n_epochs
    assert study.report() == study.folder / "report.html"
    assert "toy" in study.report(tmp_path / "page.html").read_text()
    assert "SEARCH_DOWNLOAD" not in os.environ
    plots = study.write_plots(tmp_path / "plots")
    assert tmp_path / "plots" / "history.svg" in plots
    assert all(path.exists() for path in plots)


def test_evaluate_predict_and_confusion_matrix(run_study: RunStudy, tmp_path: Path) -> None:
    driver = run_study("inline", objective="tests.classifying:Using", budget={"trials": 2})
    study = search.Study(driver)
    (evaluated,) = study.evaluate().facts
    assert evaluated["trial"] == study.best.number
    assert evaluated["test"]["accuracy"] == study.leaderboard(1)["test_accuracy"][0]
    assert [json.loads(json.dumps(evaluated))] == study.evaluate(study.best).facts
    assert len(study.evaluate([0, 1]).facts) == 2
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
