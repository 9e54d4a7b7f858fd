"""What the best trial's lead is worth: on the leaderboard, in the summary, between two trials."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from search.api.study import Study
from search.commands.comparing import choose_sides, compare, summary
from search.commands.looking import leaderboard
from search.report.page import report_html
from search.studies.driver import StudyDriver
from search.studies.export import write_leaderboard
from search.studies.leaderboard import leaderboard_rows
from search.studies.reader import StudyReader
from search.studies.space_change import change_space
from search.summaries.leaderboard import leaderboard_findings
from search.summaries.summary import summary_facts, summary_parts
from tests.answered import Answers, add, make_answered, new_study, right
from tests.reports import assert_golden, told

TIED = [right(284, 288, 10), right(285, 288), right(283, 288, 100), right(200, 288, 20)]
"""Trial 1 is the best of four, trials 0 and 2 cannot be told from it, trial 3 can."""


@pytest.fixture
def study(tmp_path: Path) -> StudyDriver:
    return make_answered(tmp_path, TIED)


def columns_of(study: StudyReader, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in leaderboard_rows(study)]


def test_rows_have_errors_and_ties(study: StudyDriver) -> None:
    rows = columns_of(study, "trial", "tied_with_best", "value_se")
    assert [row[:2] for row in rows] == [(1, True), (0, True), (2, True), (3, False)]
    assert [round(row[2], 4) for row in rows] == [0.0076, 0.0083, 0.0090, 0.0270]


def test_leaderboard_marks_ties_at_80_columns(study: StudyDriver) -> None:
    text = told(leaderboard_findings(study).parts, 80)
    assert_golden(text, "leaderboard_ties.text")
    assert max(map(len, text.splitlines())) <= 80


def test_leaderboard_verb_says_who_is_tied(
    study: StudyDriver, capsys: pytest.CaptureFixture[str]
) -> None:
    leaderboard("toy", format_="latex", studies=study.folder.parent)
    out = capsys.readouterr().out
    assert "trials 1, 0, 2 cannot be told apart on 288 images" in out
    assert "$\\pm$" in out


@pytest.mark.parametrize("format_name", ["csv", "json", "parquet"])
def test_export_has_the_columns_in_their_types(
    study: StudyDriver, tmp_path: Path, format_name: str
) -> None:
    path = tmp_path / f"rows.{format_name}"
    write_leaderboard(leaderboard_rows(study), format_name, path)
    rows = getattr(pd, f"read_{format_name}")(path)
    assert list(rows["tied_with_best"]) == [True, True, True, False]
    assert rows["value_se"].dtype == float or rows["value_se"].dtype == "Float64"


def test_export_of_a_study_without_answers_can_be_put_beside_one_with(
    study: StudyDriver, tmp_path: Path
) -> None:
    other = new_study(tmp_path / "others")
    add(other, None, value=0.5)
    for name, each in (("with", study), ("without", other)):
        write_leaderboard(leaderboard_rows(each), "parquet", tmp_path / f"{name}.parquet")
    both = pd.concat(
        pd.read_parquet(tmp_path / f"{name}.parquet")[["value", "value_se"]]
        for name in ("with", "without")
    )
    assert both["value_se"].isna().tolist() == [False] * 4 + [True]
    assert pd.to_numeric(both["value_se"]).max() < 0.03


def test_summary_tells_what_the_lead_is_worth(study: StudyDriver) -> None:
    (part,) = (p for p in summary_parts(summary_facts(study)) if "lead" in p.heading)
    assert part.heading == "What the lead of trial 1 is worth"
    assert part.sentences == [
        "val_accuracy 0.9896 ±0.0076 (standard error on 288 images)",
        "trials 1, 0, 2 cannot be told apart on 288 images; the cheapest of them is 2 "
        "(8.0 s, 88,000 weights)",
        "about 16,000 images would be needed to tell trial 1 from trial 0",
        "the best of 4 is also a lucky one: its value is expected to be 0.0046 too good",
    ]


def test_summary_verb_prints_trust_as_json(
    study: StudyDriver, capsys: pytest.CaptureFixture[str]
) -> None:
    summary("toy", as_json=True, studies=study.folder.parent)
    trust = json.loads(capsys.readouterr().out)["trust"]
    assert trust["tied"] == [1, 0, 2]
    assert (trust["n_images"], trust["n_compared"], trust["n_complete"]) == (288, 4, 4)
    assert trust["cheapest"] == {"trial": 2, "seconds": 8.0, "n_parameters": 88_000}
    assert 15_000 < trust["images_needed"] < 17_000
    assert 0.001 < trust["optimism"] < trust["value_se"]


def test_report_has_both(study: StudyDriver) -> None:
    page = report_html(study, ask=False)
    assert "What the lead of trial 1 is worth" in page
    assert "±" in page


def test_tied_lists_trials_best_first(study: StudyDriver) -> None:
    assert [trial.number for trial in Study(study).tied()] == [1, 0, 2]


def test_a_clear_lead_is_said_and_nothing_is_marked(tmp_path: Path) -> None:
    study = make_answered(tmp_path, [right(1_980, 2_000), right(1_900, 2_000)])
    text = told([*leaderboard_findings(study).parts, *summary_parts(summary_facts(study))], 100)
    assert "trial 0 is better than the other one, as 2,000 images show" in text
    assert "=" not in text
    assert "tied" not in text
    assert "would be needed" not in text
    assert columns_of(study, "tied_with_best") == [(True,), (False,)]


def test_equals_need_no_number_of_images(tmp_path: Path) -> None:
    study = make_answered(tmp_path, [right(284, 288), right(284, 288, 50)])
    facts = summary_facts(study)
    assert facts["trust"]
    assert facts["trust"]["images_needed"] is None
    assert "trials 0 and 1 have the same value" in told(summary_parts(facts), 100)


def test_many_ties_are_counted(tmp_path: Path) -> None:
    study = make_answered(tmp_path, [right(280, 288, place) for place in range(12)])
    text = told(leaderboard_findings(study).parts, 100)
    assert "trials 0, 1, 2, 3, 4, 5, 6, 7 and 4 others cannot be told apart on 288" in text


def test_one_trial_is_compared_with_nothing(tmp_path: Path) -> None:
    study = make_answered(tmp_path, TIED[:1])
    trust = summary_facts(study)["trust"]
    assert trust
    assert (trust["tied"], trust["optimism"], trust["runner_up"]) == ([0], None, None)
    text = told([*leaderboard_findings(study).parts, *summary_parts(summary_facts(study))], 100)
    assert "±0.0083 (standard error on 288 images)" in text
    assert "told apart" not in text


def without_answers(folder: Path) -> StudyDriver:
    study = new_study(folder)
    add(study, None, value=0.9)
    add(study, None, value=0.8)
    return study


def with_a_minimised_metric(folder: Path) -> StudyDriver:
    return make_answered(folder, TIED, metric={"name": "val_error", "direction": "minimize"})


def with_another_metric(folder: Path) -> StudyDriver:
    study = new_study(folder, metric={"name": "val_f1", "direction": "maximize"})
    add(study, TIED[0], value=0.98)
    add(study, TIED[1], value=0.97)
    return study


NOTHING_TO_TELL = [without_answers, with_a_minimised_metric, with_another_metric]


def assert_nothing_is_told(study: StudyDriver) -> None:
    assert set(columns_of(study, "value_se", "tied_with_best")) == {(None, None)}
    assert summary_facts(study)["trust"] is None
    text = told([*leaderboard_findings(study).parts, *summary_parts(summary_facts(study))], 200)
    assert not {"±", "=", "lead", "tied"} & set(text.split())
    assert Study(study).tied() == []


@pytest.mark.parametrize("make", NOTHING_TO_TELL, ids=lambda make: make.__name__)
def test_nothing_is_told_of_a_study(make: Any, tmp_path: Path) -> None:
    assert_nothing_is_told(make(tmp_path))


def test_nothing_is_told_of_several_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.conftest import BASE

    monkeypatch.delitem(BASE, "metric")
    size = {"name": "n_parameters", "direction": "minimize"}
    accuracy = {"name": "val_accuracy", "direction": "maximize"}
    assert_nothing_is_told(make_answered(tmp_path, TIED, metrics=[accuracy, size]))


def test_nothing_is_told_of_no_trial(tmp_path: Path) -> None:
    study = new_study(tmp_path)
    assert summary_facts(study)["trust"] is None
    assert Study(study).tied() == []


@pytest.mark.parametrize(
    ("answers", "value", "error"),
    [(None, 0.98, False), (right(196, 200), None, True), (TIED[2], 0.9, False)],
    ids=["none", "of other images", "of another value"],
)
def test_trials_that_cannot_be_compared_are_left_out(
    study: StudyDriver, answers: Answers | None, value: float | None, error: bool
) -> None:
    left_out = add(study, answers, value)
    rows = {row[0]: row[1:] for row in columns_of(study, "trial", "tied_with_best", "value_se")}
    tied, value_se = rows[left_out]
    assert (tied, value_se is not None) == (None, error)
    text = told(summary_parts(summary_facts(study)), 100)
    assert "trials 1, 0, 2 cannot be told apart" in text
    assert "not compared: 1 complete trial without these images" in text


def test_pruned_trial_has_an_error_and_is_compared_with_nothing(study: StudyDriver) -> None:
    pruned = add(study, right(286, 288), is_pruned=True)
    rows = {row[0]: row[1:] for row in columns_of(study, "trial", "tied_with_best", "value_se")}
    assert rows[pruned][0] is None
    assert rows[pruned][1] < 0.01
    assert [trial.number for trial in Study(study).tied()] == [1, 0, 2]


def test_cheapest_goes_by_seconds_where_weights_are_not_known(tmp_path: Path) -> None:
    study = new_study(tmp_path)
    for answers, seconds in zip(TIED[:3], (5.0, 3.0, 4.0), strict=True):
        add(study, answers, seconds=seconds)
    text = told(summary_parts(summary_facts(study)), 100)
    assert "the cheapest of them is 1 (3.0 s)" in text


def test_best_trial_without_answers_leaves_only_errors(study: StudyDriver) -> None:
    add(study, None, value=0.999)
    rows = columns_of(study, "trial", "tied_with_best", "value_se")
    assert [(trial, tied) for trial, tied, _ in rows][:2] == [(4, None), (1, None)]
    assert rows[1][2] is not None
    assert summary_facts(study)["trust"] is None


@pytest.mark.parametrize(
    ("settings", "compared"),
    [({"data": {"name": "digits", "seed": 1}}, [4]), ({"width": 8}, [4, 1, 0, 2])],
    ids=["other split", "other width"],
)
def test_trials_of_another_space_are_compared_on_the_same_data(
    tmp_path: Path, settings: dict[str, Any], compared: Sequence[int]
) -> None:
    digits = {"data": {"name": "digits"}}
    study = make_answered(tmp_path, TIED, settings=digits)
    spec = study.spec.model_copy(update={"settings": {**digits, **settings}})
    changed = change_space(study, spec, [])
    add(changed, right(286, 288))
    trust = summary_facts(changed)["trust"]
    assert trust
    assert trust["tied"] == compared


def test_thousand_trials_of_ten_thousand_images_take_no_second(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    accuracies = generator.uniform(0.8, 0.99, size=1_000)
    study = new_study(tmp_path)
    for accuracy in accuracies:
        add(study, generator.random(10_000) < accuracy)
    leaderboard_rows(study)
    began = time.perf_counter()
    leaderboard_rows(study)
    assert time.perf_counter() - began < 1.0


def compared(study: StudyReader, *names: str) -> tuple[dict[str, Any], str]:
    (a, first), (b, second) = choose_sides(names, study.folder.parent)
    found = a.compare(first, second, of=b)
    return dict(found.facts), told(found.parts, 200)


def test_comparison_says_that_no_difference_is_shown(study: StudyDriver) -> None:
    facts, text = compared(study, "toy", "0", "1")
    assert facts["paired"]["shown"] is False
    assert facts["paired"]["p_value"] == 1.0
    assert (
        "val_accuracy on the same 288 images: +0.003 (95 % interval -0.017 to +0.024, "
        "p = 1.000): no difference shown\n"
    ) in text


def test_comparison_says_who_is_better(study: StudyDriver) -> None:
    facts, text = compared(study, "toy", "1", "3")
    assert facts["paired"]["shown"] is True
    assert facts["paired"]["low"] < -0.295 < facts["paired"]["high"] < 0
    assert "p < 0.001): a is better\n" in text


def test_comparison_verb_prints_paired_as_json(
    study: StudyDriver, capsys: pytest.CaptureFixture[str]
) -> None:
    compare(["toy", "1", "3"], as_json=True, studies=study.folder.parent)
    printed = json.loads(capsys.readouterr().out)
    assert printed["paired"]["n_images"] == 288
    assert printed["paired"] == Study(study).compare(1, 3).facts["paired"]


def test_comparison_of_two_studies_on_the_same_images(study: StudyDriver) -> None:
    other = make_answered(study.folder.parent, TIED[1:2], study="other")
    facts, _ = compared(other, "toy:0", "other")
    assert facts["paired"] == Study(study).compare(0, 1).facts["paired"]


def test_comparison_without_answers_says_so(study: StudyDriver) -> None:
    lacking = add(study, None, value=0.9)
    facts, _ = compared(study, "toy:0", f"toy:{lacking}")
    assert facts["paired"] is None
    assert facts["notes"][-1] == ("no per-image answers of b: whether they differ is not tested")


@pytest.mark.parametrize(
    "settings", [{"data": {"name": "digits", "seed": 1}}, {"data": {"name": "mnist"}}]
)
def test_comparison_on_other_images_says_so(study: StudyDriver, settings: dict[str, Any]) -> None:
    rows = [right(196, 200)] if settings["data"]["name"] == "mnist" else [right(284, 288)]
    other = make_answered(study.folder.parent, rows, study="other", settings=settings)
    facts, _ = compared(other, "toy", "other")
    assert facts["paired"] is None
    assert facts["notes"][-1] == (
        "the validation images are not the same: whether they differ is not tested"
    )


def test_comparison_of_other_splits_says_so(study: StudyDriver) -> None:
    other = add(study, right(284, 288), split_seed=1)
    facts, _ = compared(study, "toy:0", f"toy:{other}")
    assert facts["notes"][-1].startswith("the validation images are not the same")


def test_comparison_of_another_metric_says_so(tmp_path: Path) -> None:
    facts, _ = compared(with_another_metric(tmp_path), "toy", "0", "1")
    assert facts["paired"] is None
    assert facts["notes"][-1] == (
        "no probabilities in a best.pt of a and b that give val_f1: "
        "whether they differ is not tested"
    )
