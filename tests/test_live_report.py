"""`search report --live`: a page that follows its study without losing the reader's place."""

import json
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from search.studies.driver import StudyDriver
from search.studies.lock import driving
from tests.browser import PHONE, Visit
from tests.processes import command_in, start
from tests.reports import make_study, run

PATIENCE_MS = 120_000
"""How long a page that must change may take on a busy machine."""
MANY = 25
"""Trials that fill the frame of the leaderboard."""


def new_study(folder: Path, n_trials: int) -> StudyDriver:
    """Make a study in a folder of studies, its trials ever better."""
    study = make_study(folder / "studies")
    run_trials(study, n_trials)
    return study


def run_trials(study: StudyDriver, n_trials: int) -> None:
    n_there = len(study.trials())
    for number in range(n_there, n_there + n_trials):
        run(study, [0.25, 0.5 + number / 1000])


def add(study: StudyDriver, n_trials: int) -> None:
    """Add trials to the record of a study all at once, so that its page is made anew only once."""
    aside = study.folder.parent.with_name("aside")
    shutil.copytree(study.folder.parent, aside)
    run_trials(StudyDriver.open(study.name, aside), n_trials)
    journal = "study.journal"
    (aside / study.name / journal).replace(study.folder / journal)
    shutil.rmtree(aside)


class Served:
    """The page of a study, served by a process of its own.

    Attributes:
        address: Where.
        said: What it has said on stderr, once it has ended.
    """

    def __init__(self, folder: Path) -> None:
        flags = ("--live", "--port", "0", "--without-objective")
        self.process: subprocess.Popen[str] = start(folder, "report", "toy", *flags)
        assert self.process.stdout
        self.address = self.process.stdout.readline().strip()
        self.said = ""

    def end(self) -> int:
        """End it as Ctrl-C does; give its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        _, self.said = self.process.communicate(timeout=60)
        return self.process.returncode

    def changes(self, since: str = "") -> dict[str, Any]:
        """Ask as a page does."""
        with urllib.request.urlopen(f"{self.address}/changes?since={since}", timeout=60) as answer:
            return dict(json.load(answer))


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    page = Served(folder)
    try:
        yield page
    finally:
        page.end()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> StudyDriver:
    """Make a study of three trials."""
    return new_study(tmp_path_factory.mktemp("three"), 3)


@pytest.fixture(scope="module")
def page_of_three(three: StudyDriver) -> Iterator[Served]:
    """Serve its page."""
    with served(three.folder.parent.parent) as page:
        yield page


def wait_for_trials(visit: Visit, n: int) -> None:
    count = visit.page.locator("#count")
    expect(count).to_have_text(f"{n} of {n} trials", timeout=PATIENCE_MS)


def wait_for_state(visit: Visit, text: str) -> None:
    expect(visit.page.locator("#live b")).to_have_text(text, timeout=PATIENCE_MS)


def top_of(visit: Visit, selector: str) -> float:
    return float(visit.page.locator(selector).evaluate("e => e.getBoundingClientRect().top"))


def numbers(visit: Visit) -> list[int]:
    """Read the numbers of trials in the order of the table."""
    cells = visit.page.locator("#leaderboard tbody td:nth-child(2)").all_inner_texts()
    return [int(cell) for cell in cells]


def test_page_follows_a_run_to_its_end_and_says_when_nobody_serves_it(
    tmp_path: Path, browser: Browser
) -> None:
    study = new_study(tmp_path, 3)
    visit = Visit(browser, PHONE, dark=True)
    with served(tmp_path) as page:
        with driving(study.folder):
            visit.page.goto(page.address)
            wait_for_state(visit, "live")
            visit.page.evaluate(
                "window.loaded = 'once'; window.space = document.querySelector('#repeat')"
            )
            add(study, 2)
            wait_for_trials(visit, 5)
            assert numbers(visit) == [4, 3, 2, 1, 0]
            assert visit.page.locator("#header p").first.inner_text().count("5 trials") == 1
        wait_for_state(visit, "ended")
        assert visit.page.evaluate("window.loaded") == "once", "it is not loaded again"
        assert visit.page.evaluate("window.space.isConnected"), "what is the same stays"
        assert visit.overflow() == 0
        assert visit.problems == []
        shutil.rmtree(study.folder)
        wait_for_state(visit, "not current")
        gone = re.compile("studies/toy: there is no such study")
        expect(visit.page.locator("#live")).to_have_attribute("title", gone, timeout=PATIENCE_MS)
        assert page.end() == 0
        wait_for_state(visit, "no answer")
    assert numbers(visit) == [4, 3, 2, 1, 0], "what was shown stays"
    assert {problem.partition(":")[0] for problem in visit.problems} == {"Failed to load resource"}
    first, *_, last = page.said.splitlines()
    assert first.startswith("toy is not running, but may go on; the page follows it, Ctrl-C ends")
    assert last == "no longer served; as a file: search report toy"


def test_reader_keeps_place_order_marks_and_words(tmp_path: Path, browser: Browser) -> None:
    study = new_study(tmp_path, 6)
    visit = Visit(browser, (1280, 700), dark=False)
    with served(tmp_path) as page, driving(study.folder):
        visit.page.goto(page.address)
        wait_for_trials(visit, 6)
        visit.page.get_by_role("button", name="weights", exact=True).click()
        visit.page.get_by_label("mark trial 2 in the plots").check()
        visit.page.locator("#plot-history").evaluate(
            "e => scrollBy(0, e.getBoundingClientRect().top - 90)"
        )
        before = top_of(visit, "#plot-history"), visit.page.evaluate("scrollY")
        add(study, MANY)
        wait_for_trials(visit, 6 + MANY)
        assert top_of(visit, "#plot-history") == pytest.approx(before[0], abs=2)
        assert visit.page.evaluate("scrollY") > before[1] + 100, "the table above has grown"
        assert numbers(visit) == list(range(6 + MANY)), "by weights, as it was sorted"
        head = visit.page.locator("#leaderboard th[aria-sort]")
        assert (head.inner_text().strip(" ▲\n"), head.get_attribute("aria-sort")) == (
            "weights",
            "ascending",
        )
        assert visit.page.get_by_label("mark trial 2 in the plots").is_checked()
        marks = visit.page.locator("#plot-history circle")
        assert marks.evaluate_all("all => all.map(e => e.dataset.trial)") == ["2"]

        visit.page.get_by_role("button", name="rank", exact=True).click()
        visit.page.get_by_label("Filter").fill("complete")
        box = visit.page.locator("#leaderboard").locator("..")
        box.evaluate("e => { e.scrollTop = 200; e.scrollLeft = 60; }")
        place = "e => e.getBoundingClientRect().top"
        row = visit.page.locator("#leaderboard tr:has(input[value='20'])")
        seen = row.evaluate(place)
        add(study, 2)
        wait_for_trials(visit, 8 + MANY)
        assert numbers(visit)[:3] == [7 + MANY, 6 + MANY, 5 + MANY]
        assert row.evaluate(place) == pytest.approx(seen, abs=2), "the row in sight stays"
        assert box.evaluate("e => e.scrollLeft") == 60
        assert visit.page.get_by_label("Filter").input_value() == "complete"
    visit.problems.clear()


def test_only_what_has_changed_is_sent(page_of_three: Served, three: StudyDriver) -> None:
    whole = page_of_three.changes()
    assert {"header", "board", "drawn", "repeat"} <= whole["pieces"].keys()
    assert whole["state"] == "ended"
    assert page_of_three.changes("another-7")["pieces"] == whole["pieces"], "of another server"
    since = whole["since"]
    assert page_of_three.changes(since) == {**whole, "pieces": {}, "places": None}
    add(three, 1)
    while (news := page_of_three.changes(since))["since"] == since:
        time.sleep(0.2)
    assert {"header", "trial-3", "trial-2", "plot-history"} <= news["pieces"].keys()
    assert news["places"] == [3, 2, 1, 0]
    assert not {"board", "drawn", "repeat", "network"} & news["pieces"].keys()
    assert page_of_three.changes(news["since"])["pieces"] == {}


@pytest.mark.parametrize(
    ("path", "method", "host", "status", "text"),
    [
        ("/", "GET", "evil.example", 400, "this is 127.0.0.1, not evil.example"),
        (
            "/changes",
            "POST",
            "localhost",
            405,
            "this page only shows a study, POST would change it",
        ),
        ("/space.yaml", "GET", "localhost", 404, "there is nothing here but /"),
    ],
    ids=["other name", "change", "other page"],
)
def test_requests_for_anything_else_are_refused(
    page_of_three: Served, path: str, method: str, host: str, status: int, text: str
) -> None:
    asked = urllib.request.Request(
        page_of_three.address + path, headers={"Host": host}, method=method
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(asked, timeout=60)
    with caught.value as answer:
        assert (answer.code, answer.read().decode().strip()) == (status, text)


def test_page_may_load_nothing_from_elsewhere(page_of_three: Served) -> None:
    with urllib.request.urlopen(page_of_three.address, timeout=60) as answer:
        policy = answer.headers["Content-Security-Policy"]
        html = answer.read().decode()
    assert policy.startswith("default-src 'none'; ")
    assert "connect-src 'self'" in policy
    assert 'id="live"' in html


def test_static_file_asks_nobody(tmp_path: Path) -> None:
    study = new_study(tmp_path, 1)
    assert command_in(tmp_path)("report", "toy", "--without-objective").returncode == 0
    html = (study.folder / "report.html").read_text()
    assert "fetch(" not in html
    assert 'id="live"' not in html


@pytest.mark.parametrize(
    ("flags", "refusal"),
    [
        (["--port", "0"], "error: --port: a page is served with --live only\n"),
        (["--live", "-o", "page.html"], "error: --output: with --live no file is written\n"),
    ],
    ids=["port", "output"],
)
def test_flags_that_make_no_sense_together_are_refused(
    tmp_path: Path, flags: list[str], refusal: str
) -> None:
    new_study(tmp_path, 1)
    result = command_in(tmp_path)("report", "toy", *flags)
    assert (result.returncode, result.stderr) == (2, refusal)
