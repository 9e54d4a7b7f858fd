"""The summary of a study: its facts, and its tables as text, Markdown, LaTeX and JSON."""

import json
from pathlib import Path

import pytest

from search.commands.comparing import summary
from search.errors import SearchError, StudyError
from search.studies.driver import StudyDriver
from search.studies.trials import Failure
from search.summaries.layout import WRITERS
from search.summaries.study import study_parts
from search.summaries.summary import summary_facts, summary_parts
from tests.conftest import BASE
from tests.processes import command_in
from tests.reports import SECTIONS, assert_golden, fail, fill, make_study, report, run, told


@pytest.fixture
def study(tmp_path: Path) -> StudyDriver:
    return fill(make_study(tmp_path))


@pytest.fixture
def front_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyDriver:
    metrics = [
        {"name": "val_accuracy", "direction": "maximize"},
        {"name": "n_parameters", "direction": "minimize"},
    ]
    for sections in (BASE, SECTIONS):
        monkeypatch.delitem(sections, "metric")
    study = make_study(tmp_path, metrics=metrics)
    for accuracy in (0.5, 0.875, 0.75, 0.9):
        run(study, [accuracy])
    return study


@pytest.mark.parametrize("name", WRITERS)
def test_summary_is_written_as_kept(study: StudyDriver, name: str) -> None:
    assert_golden(WRITERS[name](summary_parts(summary_facts(study))), f"summary.{name}")


def test_summary_text_is_as_kept_and_fits_the_width(study: StudyDriver) -> None:
    text = told(summary_parts(summary_facts(study)), 80)
    assert_golden(text, "summary.text")
    assert max(map(len, text.splitlines())) <= 80


def test_summary_facts_are_as_kept(study: StudyDriver) -> None:
    assert_golden(json.dumps(summary_facts(study), indent=2), "summary.json")


def test_summary_verb_prints_what_the_facts_are(
    study: StudyDriver, capsys: pytest.CaptureFixture[str]
) -> None:
    studies = study.folder.parent
    for name in ("md", "latex"):
        summary("toy", format_=name, studies=studies)
        out = capsys.readouterr().out
        assert out == WRITERS[name](summary_parts(summary_facts(study)))
    summary("toy", as_json=True, studies=studies)
    out, err = capsys.readouterr()
    assert json.loads(out) == json.loads(json.dumps(summary_facts(study)))
    assert err.startswith(f"next: search show toy 1 --studies {studies}\n")


def test_summary_of_several_metrics_has_the_front(front_study: StudyDriver) -> None:
    facts = summary_facts(front_study)
    assert [row["trial"] for row in facts["front"] or []] == [3, 1, 0]
    assert facts["knee"] == 1
    assert list(facts["leaderboard"][0])[:5] == [
        "rank",
        "front",
        "trial",
        "value",
        "train_accuracy",
    ]
    text = told(summary_parts(facts), 100)
    assert_golden(text, "summary_front.text")


def test_columns_are_chosen_in_order_with_or_without_prefix(study: StudyDriver) -> None:
    facts = summary_facts(study, 2, ["trial", "filters", "params_rate", "trial"])
    assert facts["leaderboard"] == [
        {"trial": 1, "params_filters": 32, "params_rate": 0.01},
        {"trial": 2, "params_filters": 32, "params_rate": 0.05},
    ]
    assert facts["problems"] == []


def test_columns_that_do_not_exist_are_named_and_the_others_shown(
    study: StudyDriver, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StudyError) as error:
        summary("toy", columns="trial,filtres, nothing", studies=study.folder.parent)
    lines = str(error.value).splitlines()
    assert lines[0].startswith("--columns: a column must be given, got 'filtres'")
    assert lines[1].startswith(
        "--columns: a column must be given, got 'nothing'; valid: rank, trial, state, value, "
    )
    out = capsys.readouterr().out
    assert "Best trials of toy" in out
    assert "Best trial: 1" in out


def test_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SearchError) as error:
        summary("toy", format_="markdown")
    assert str(error.value) == (
        "--format: a format must be given, got 'markdown'; valid: text, md, latex, json"
    )


def test_study_without_a_trial_is_said(tmp_path: Path) -> None:
    facts = summary_facts(make_study(tmp_path))
    assert facts["notes"] == ["toy: no trial has begun"]
    text = told(summary_parts(facts), 80)
    assert text == "Best trials of toy\ntoy: no trial has begun\n"


def test_study_of_one_trial_is_shown(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    run(study, [0.5])
    facts = summary_facts(study)
    assert facts["notes"] == ["only one trial is complete, so there is nothing to compare it with"]
    assert facts["best"]
    assert facts["best"]["trial"] == 0
    assert facts["savings"] is None
    assert "one trial is complete" in told(summary_parts(facts), 80)


def test_study_without_a_complete_trial_shows_the_others(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    run(study, [0.25, 0.5, 0.25], end="prune")
    facts = summary_facts(study)
    assert facts["notes"] == [
        "no trial is complete, so there is no best trial; the best of the others is trial 0 "
        "(PRUNED), val_accuracy 0.5000 at epoch 2"
    ]
    assert (facts["best"], facts["edges"], facts["importance"]) == (None, [], [])
    assert facts["savings"]
    assert facts["savings"]["saved_epochs"] == 1
    assert_golden(told(summary_parts(facts), 100), "summary_pruned.text")


def test_study_of_failed_trials_says_why(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    for reason in ("no such layer", "no such layer", "no such pool"):
        fail(study, Failure("error", reason))
    facts = summary_facts(study)
    assert facts["notes"] == ["no trial is complete: all 3 failed"]
    assert facts["endings"]["failed"]["reasons"] == [
        {"n": 2, "reason": "error: no such layer"},
        {"n": 1, "reason": "error: no such pool"},
    ]
    assert "2 x error: no such layer; 1 x error: no such pool" in told(summary_parts(facts), 200)


def test_command_line_ends_with_2_after_showing_what_there_is(
    study: StudyDriver, tmp_path: Path
) -> None:
    flags = ["--studies", str(study.folder.parent)]
    result = command_in(tmp_path)("summary", "toy", "--columns", "trial,nothing", *flags)
    assert result.returncode == 2
    assert result.stderr.startswith("error: --columns: a column must be given, got 'nothing'")
    assert result.stdout.startswith("Best trials of toy")


def test_failed_trial_with_the_best_value_is_named(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    run(study, [0.75])
    trial = study.ask()
    assert trial
    report(study, trial.number, [0.9])
    study.fail(trial.number, 0.5, Failure("timeout", "longer than 1s at epoch 2"))
    note = "0.9000, is that of trial 1 at epoch 1, which is FAIL"
    assert note in told(study_parts(study))
    assert note in summary_facts(study)["notes"][0]
