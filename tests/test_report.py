"""The report of a study: one page that needs nothing else, whatever the study holds."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from search.errors import StudyError
from search.report import report_html, write_report
from search.studies.leaderboard import leaderboard_rows
from search.studies.record import Failure, Report
from search.studies.study import Study
from tests.browser import DESKTOP, PHONE
from tests.conftest import OpenPage, make_spec
from tests.processes import command_in

VOID = {"meta", "input"}


class Page(HTMLParser):
    """Reads a page: its texts by element, and whether every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.addresses: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def new_study(folder: Path, n_complete: int, n_failed: int = 0) -> Study:
    """Make trials whose score is that of their number."""
    study = Study.create(make_spec(budget={"trials": 100}), folder)
    for number in range(n_complete + n_failed):
        assert study.ask()
        if number < n_complete:
            study.report(number, Report(1, {"score": number, "val_loss": 1.0}, 0.1, 0.1))
            study.complete(number, 0.1)
        else:
            study.fail(number, 0.1, Failure("error", "a <b> & a </script>"))
    return study


@pytest.mark.parametrize(("n_complete", "n_failed"), [(0, 0), (0, 3), (1, 0), (12, 1)], ids=str)
def test_report_of_any_study_is_a_whole_page(
    tmp_path: Path, n_complete: int, n_failed: int
) -> None:
    study = new_study(tmp_path, n_complete, n_failed)
    page = Page(report_html(study))
    assert page.open == []
    assert page.texts["title"] == ["toy – report"]
    assert page.texts["pre"][0] == study.space_file.read_text(encoding="utf-8")


def test_report_needs_no_other_file(tmp_path: Path) -> None:
    html = report_html(new_study(tmp_path, 12))
    assert all(address.startswith("#") for address in Page(html).addresses)
    assert not re.search(r"@import|url\((?!#)|<link|<iframe", html)


def test_report_has_every_trial_and_column_of_the_leaderboard(tmp_path: Path) -> None:
    study = new_study(tmp_path, 3, 2)
    html = report_html(study)
    table = html[html.index('<table id="leaderboard">') :]
    body = table[table.index("<tbody>") : table.index("</tbody>")]
    rows = re.findall(r"<tr>.*?</tr>", body, flags=re.S)
    assert len(rows) == 5
    assert all(row.count("<td") == len(leaderboard_rows(study)[0]) for row in rows)
    assert [row.count('data-key="2"') > 0 for row in rows][0]


def test_report_texts_of_trials_are_escaped(tmp_path: Path) -> None:
    html = report_html(new_study(tmp_path, 1, 1))
    assert "a &lt;b&gt; &amp; a &lt;/script&gt;" in html
    assert "a <b>" not in html


def test_report_same_study_gives_the_same_page(tmp_path: Path) -> None:
    study = new_study(tmp_path, 12)
    assert report_html(study) == report_html(study)


def test_write_report_to_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    study = new_study(tmp_path, 1)
    with pytest.raises(StudyError, match=r"the file must be writable"):
        write_report(study, tmp_path / "missing" / "report.html")


def test_report_verb_writes_page_and_figures(tmp_path: Path) -> None:
    new_study(tmp_path / "studies", 3)
    search = command_in(tmp_path)
    result = search("report", "toy", "--figures", "figures")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "studies" / "toy" / "report.html").exists()
    names = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert {"history", "curves", "slices", "importance", "timeline"} <= names
    assert {path.suffix for path in (tmp_path / "figures").iterdir()} == {".png", ".svg"}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_report_opens_in_a_browser_without_a_problem(
    tmp_path: Path, visit: OpenPage, size: tuple[int, int]
) -> None:
    file = tmp_path / "report.html"
    write_report(new_study(tmp_path / "studies", 12, 1), file)
    assert visit(file.as_uri(), size).overflow() == 0
