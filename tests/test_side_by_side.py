"""Studies side by side: who is ahead, whether that is real, and when no ranking is claimed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

import search
from search.errors import StudyError
from search.plots.side_by_side import best_so_far
from search.report.comparison import comparison_html
from search.studies.driver import StudyDriver
from search.summaries.side_by_side import sides_of
from tests.answered import ACCURACY, add, make_answered, new_study, right
from tests.browser import PHONE, Visit
from tests.conftest import make_spec
from tests.pages import PageText
from tests.processes import command_in
from tests.reports import told

N = 200
SETTINGS = {"data": {"name": "digits"}}


def answered(folder: Path, name: str, *n_right: int, **sections: Any) -> StudyDriver:
    """Make a study of a trial for each number of images that are classified right."""
    rows = [right(n, N, wrong_from=3 * place) for place, n in enumerate(n_right)]
    return make_answered(folder, rows, **{"study": name, "settings": SETTINGS, **sections})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make three studies: the second one is ahead, the first near it, the third far behind."""
    answered(tmp_path, "near", 180, 170)
    answered(tmp_path, "ahead", 150, 186)
    answered(
        tmp_path,
        "behind",
        140,
        settings={**SETTINGS, "epochs": 3},
        parameters={"rate": {"type": "float", "low": 0.0, "high": 2.0}},
    )
    return tmp_path


def test_best_trials_are_ranked_and_their_leads_tested(folder: Path) -> None:
    found = search.compare_studies(["near", "ahead", "behind"], studies=folder)
    facts = found.facts
    assert facts["leader"] == "ahead"
    best = [(side["name"], side["best_trial"], side["value"]) for side in facts["studies"]]
    assert best == [("ahead", 1, 0.93), ("near", 0, 0.9), ("behind", 0, 0.7)]
    near, behind = facts["leads"]
    # All 14 images that the leader has wrong are among the 20 of the other: 6 to 0 (McNemar).
    assert near["p_value"] == pytest.approx(0.5**5), "the largest one stays, by Holm"
    pair = search.Study.open("near", folder).compare(0, 1, of=search.Study.open("ahead", folder))
    assert near["paired"] == pair.facts["paired"]
    assert behind["p_value"] == pytest.approx(2 * behind["paired"]["p_value"])
    assert [lead["is_shown"] for lead in facts["leads"]] == [True, True]
    text = told(found.parts)
    assert "the best trial of ahead is better than that of near, behind" in text
    assert facts["space"] == {"rate": {"ahead": "0 to 1", "near": "0 to 1", "behind": "0 to 2"}}
    assert facts["settings"] == {"settings.epochs": {"behind": 3}}


def test_equals_are_tied_and_said_to_be(tmp_path: Path) -> None:
    answered(tmp_path, "one", 181)
    answered(tmp_path, "two", 180)
    found = search.compare_studies(["two", "one"], studies=tmp_path)
    assert [lead["is_shown"] for lead in found.facts["leads"]] == [False]
    text = told(found.parts)
    assert "the best trials of one, two cannot be told apart on the same images" in text
    assert "is better than" not in text


@pytest.mark.parametrize(
    ("sections", "why"),
    [
        (
            {"settings": {"data": {"name": "mnist"}}},
            "no ranking: their data settings differ, so that trials were validated on other "
            "images",
        ),
        (
            {"objective": "tests.toys:flat"},
            "no ranking: the objectives differ, so that nothing tells whether the images are the "
            "same",
        ),
        (
            {"metric": {**ACCURACY, "reduce": "last"}},
            "no ranking: a value is that of the best epoch in some of them, of the last in others",
        ),
    ],
    ids=["data", "objective", "reduce"],
)
def test_no_ranking_is_claimed_of_what_cannot_be_compared(
    tmp_path: Path, sections: dict[str, Any], why: str
) -> None:
    answered(tmp_path, "a", 100)
    answered(tmp_path, "b", 190, **sections)
    found = search.compare_studies(["a", "b"], studies=tmp_path)
    assert (found.facts["leader"], found.facts["leads"]) == (None, [])
    assert [side["name"] for side in found.facts["studies"]] == ["a", "b"], "as they were named"
    assert why in told(found.parts)


def test_untested_lead_says_why(tmp_path: Path) -> None:
    answered(tmp_path, "a", 100)
    add(new_study(tmp_path, study="b", settings=SETTINGS), None, 0.75)
    found = search.compare_studies(["a", "b"], studies=tmp_path)
    assert found.facts["leader"] == "b"
    assert found.facts["untested"] == [
        "whether b:0 is really better than a:0 is not tested: no per-image answers of b "
        "(a = a:0, b = b:0)"
    ]


def test_more_trials_are_said_to_have_more_luck(tmp_path: Path) -> None:
    answered(tmp_path, "many", *[180] * 6)
    answered(tmp_path, "few", 180, 170)
    new_study(tmp_path, study="none", settings=SETTINGS)
    notes = search.compare_studies(["many", "few", "none"], studies=tmp_path).facts["notes"]
    assert notes == [
        "none has no complete trial",
        "each value is that of the luckiest trial of its study, and a study of more complete "
        "trials has more luck: here they have 6, 2",
    ]


def test_other_metrics_and_the_same_study_twice_are_refused(folder: Path) -> None:
    metric = {"name": "val_loss", "direction": "minimize"}
    StudyDriver.create(make_spec(study="loss", metric=metric), folder)
    with pytest.raises(StudyError) as error:
        search.compare_studies(["near", "loss"], studies=folder)
    assert str(error.value) == (
        "studies of one metric must be named, got near: val_accuracy (maximize), "
        "loss: val_loss (minimize)"
    )
    with pytest.raises(StudyError, match="each once, got near, near"):
        search.compare_studies(["near", "near"], studies=folder)


def test_history_shows_the_best_so_far_against_trials_and_their_time(folder: Path) -> None:
    plot = best_so_far(sides_of([StudyDriver.open(n, folder) for n in ("near", "ahead")]))
    assert plot
    by_trial, by_time = plot.axes
    near, _, ahead, _ = by_trial.lines
    assert np.asarray(near.get_xdata()).tolist() == [1, 2, 2]
    assert np.asarray(near.get_ydata()).tolist() == [0.9, 0.9, 0.9]
    assert np.asarray(ahead.get_ydata()).tolist() == [0.75, 0.93, 0.93]
    assert np.asarray(by_time.lines[0].get_xdata()).tolist() == [9.0, 17.5, 17.5]
    assert (by_trial.get_xlabel(), by_time.get_xlabel()) == ("trials", "time of all trials (s)")
    legend = by_trial.get_legend()
    assert legend
    assert [text.get_text() for text in legend.get_texts()] == ["near", "ahead"]
    empty = new_study(folder, study="empty")
    assert best_so_far(sides_of([empty, StudyDriver.open("near", folder)])) is not None
    assert best_so_far(sides_of([empty, new_study(folder, study="void")])) is None


def test_page_of_several_studies_is_whole_and_needs_nothing_else(folder: Path) -> None:
    html = comparison_html([StudyDriver.open(n, folder) for n in ("near", "ahead", "behind")])
    page = PageText(html)
    assert page.open == []
    assert page.addresses == []
    assert page.texts["h1"] == ["near, ahead, behind"]
    assert page.tables["Best trials"][1][:3] == ["ahead", "1", "0.9300"]
    assert page.tables["Differences in space"][1] == ["rate", "0 to 1", "0 to 1", "0 to 2"]
    assert [row[0] for row in page.tables["Is the lead real?"]] == ["study", "near", "behind"]
    empty = [new_study(folder, study=name) for name in ("void", "empty")]
    assert "No trial is complete yet." in comparison_html(empty)


def test_command_writes_the_page_which_fits_a_phone(folder: Path, browser: Browser) -> None:
    search_ = command_in(folder)
    done = search_("report", "near", "ahead", "behind", "--studies", ".")
    assert (done.returncode, done.stderr) == (0, "wrote comparison.html\n")
    visit = Visit(browser, PHONE, dark=True)
    visit.page.goto((folder / "comparison.html").as_uri())
    assert visit.page.locator("figure").count() == 1
    visit.page.mouse.move(100, 500)
    assert (visit.overflow(), visit.problems) == (0, [])
    for flag in ("--live", "--plots=x"):
        refused = search_("report", "near", "ahead", "--studies", ".", flag)
        option = flag.partition("=")[0]
        assert (refused.returncode, refused.stderr) == (
            2,
            f"error: {option}: one study must be named, got near, ahead\n",
        )
