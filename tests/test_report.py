"""The report of a study: one page that needs nothing else, whatever the study holds."""

import base64
import os
import platform
import re
import shutil
from pathlib import Path

import pytest

from search.errors import StudyError
from search.report.page import report_html, write_report
from search.spaces.space_file import space_file_text
from search.studies.driver import StudyDriver
from search.studies.folder import provenance, read_provenance, write_pictures
from search.studies.leaderboard import leaderboard_rows
from search.studies.trials import Epoch, Failure
from tests.conftest import make_spec
from tests.pages import PageText
from tests.predicting import Showing
from tests.processes import command_in
from tests.reports import CONFUSIONS, assert_golden, fill, make_study

PICTURE = b"a picture"
MINE = """objective: mine:train
metric: {name: score, direction: maximize}
budget: {trials: 1}
parameters: {x: {type: float, low: 0, high: 1}}
"""


def new_study(folder: Path, n_complete: int, n_failed: int = 0) -> StudyDriver:
    """Make trials whose score is that of their number."""
    study = StudyDriver.create(make_spec(budget={"trials": 100}), folder)
    for number in range(n_complete + n_failed):
        assert study.ask()
        if number < n_complete:
            study.report(number, Epoch(1, {"score": number, "val_loss": 1.0}, 0.1, 0.1))
            study.complete(number, 0.1)
        else:
            study.fail(number, 0.1, Failure("error", "a <b> & a </script>"))
    return study


@pytest.fixture
def full_study(tmp_path: Path) -> StudyDriver:
    return make_full_study(tmp_path)


def make_full_study(folder: Path) -> StudyDriver:
    """Make a study of everything: evaluated, one of its two worst images as a picture."""
    study = fill(make_study(folder, objective="tests.predicting:Showing"))
    write_pictures(study.trial_folder(1), {3: PICTURE})
    head = [
        "Resolved on 2026-11-24 09:00:00 by: search run toy.yaml --trials 7",
        "With Python 3.11.7, search 0.1.0, optuna 5.0.0",
        "On Linux x86_64, 2 cores",
    ]
    study.space_file.write_text(space_file_text(study.spec, head), encoding="utf-8")
    return study


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> PageText:
    """Read the report of such a study, for all tests that look at it."""
    return PageText(report_html(make_full_study(tmp_path_factory.mktemp("whole"))))


@pytest.mark.parametrize(("n_complete", "n_failed"), [(0, 0), (0, 3), (1, 0), (12, 1)], ids=str)
def test_report_of_any_study_is_a_whole_page(
    tmp_path: Path, n_complete: int, n_failed: int
) -> None:
    study = new_study(tmp_path, n_complete, n_failed)
    page = PageText(report_html(study))
    assert page.open == []
    assert page.texts["title"] == ["toy – report"]
    assert page.texts["pre"][0] == study.space_file.read_text(encoding="utf-8")


def test_report_needs_no_other_file(tmp_path: Path) -> None:
    html = report_html(new_study(tmp_path, 12))
    assert all(address.startswith("#") for address in PageText(html).addresses)
    assert not re.search(r"@import|url\((?!#)|<link|<iframe", html)


def test_report_has_every_trial_and_column_of_the_leaderboard(tmp_path: Path) -> None:
    study = new_study(tmp_path, 3, 2)
    html = report_html(study)
    table = html[html.index('<table id="leaderboard"') :]
    body = table[table.index("<tbody>") : table.index("</tbody>")]
    rows = re.findall(r"<tr>.*?</tr>", body, flags=re.S)
    assert len(rows) == 5
    # No trial says which images it classified right: there is no error and no tie to show.
    shown = leaderboard_rows(study)[0].keys() - {"value_se", "tied_with_best"}
    assert all(row.count("<td") == len(shown) for row in rows)
    assert '<td data-key="2">2.0000</td>' in rows[0]


def test_report_says_in_a_line_what_there_is_too_little_for(tmp_path: Path) -> None:
    html = report_html(new_study(tmp_path, 3))
    plots = re.findall(r'<figure[^>]* aria-label="(.*?)"', html)
    assert plots == ["history", "slices", "timeline"], "no curve of one epoch, no empty card"
    assert (
        "Importance of parameters: Not told: at least 10 complete trials are needed, there are 3."
        in PageText(html).texts["p"]
    )


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


@pytest.mark.parametrize("flag", ["--plots", "--figures"])
def test_report_verb_writes_page_and_plots(tmp_path: Path, flag: str) -> None:
    new_study(tmp_path / "studies", 3)
    search = command_in(tmp_path)
    result = search("report", "toy", flag, "plots")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "studies" / "toy" / "report.html").exists()
    names = {path.stem for path in (tmp_path / "plots").iterdir()}
    assert {"history", "slices", "importance", "timeline"} <= names
    assert {path.suffix for path in (tmp_path / "plots").iterdir()} == {".png", ".svg"}


def test_report_tables_are_as_kept(whole: PageText) -> None:
    assert_golden(whole.as_text(), "report_tables.text")


def test_report_tells_of_the_test_split_classes_layers_and_environment(
    whole: PageText,
) -> None:
    assert whole.tables["Images by class"][1] == ["cat", "1,200", "300", "10"]
    assert "Conv2d  32\nLinear  <2>" in "".join(whole.texts["pre"])
    assert dict(whole.tables["Environment"])["command"] == "search run toy.yaml --trials 7"
    worst = whole.tables["Worst classified test images"]
    assert worst[1] == ["test image 3", "3", "cat", "dog", "0.0125"]
    assert worst[2][0] == "–"
    pictures = [a for a in whole.addresses if not a.startswith("#")]
    assert pictures == [f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"]


def test_report_neither_trains_nor_reads_the_test_split(full_study: StudyDriver) -> None:
    Showing.made.clear()
    Showing.read.clear()
    report_html(full_study)
    assert (Showing.made, Showing.read) == ([], [])


def test_report_without_the_objective_lacks_only_what_it_tells(
    full_study: StudyDriver, whole: PageText, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = PageText(report_html(full_study, ask=False))
    elsewhere = full_study.spec.model_copy(update={"objective": "nowhere:Nothing"})
    monkeypatch.setattr(full_study, "spec", elsewhere)
    gone = PageText(report_html(full_study))
    for page in (plain, gone):
        assert page.tables.keys() == whole.tables.keys()
        assert page.tables["Images by class"][1] == ["cat", "10"]
        assert "Conv2d" not in "".join(page.texts["pre"])
    assert (
        plain.texts["p"].count("left out: the objective was not asked (--without-objective)") == 2
    )
    assert any("the module 'nowhere' must be importable" in text for text in gone.texts["p"])


def test_report_of_a_deleted_folder_has_everything_else(
    full_study: StudyDriver, whole: PageText
) -> None:
    shutil.rmtree(full_study.folder / "trials")
    page = PageText(report_html(full_study))
    assert page.tables.keys() == whole.tables.keys()
    assert page.tables["Worst classified test images"][1] == ["3", "cat", "dog", "0.0125"]


def test_report_of_an_older_record_names_the_command(full_study: StudyDriver) -> None:
    for number in CONFUSIONS:
        stored = dict(full_study.optuna_study.user_attrs[f"test:{number}"])
        stored.pop("worst")
        full_study.optuna_study.set_user_attr(f"test:{number}", stored)
    page = PageText(report_html(full_study))
    assert "Worst classified test images" not in page.tables
    assert (
        "not kept when trial 1 was evaluated; run `search evaluate toy --trial 1 --again`"
        in (page.texts["p"])
    )


def test_report_of_a_study_that_was_not_evaluated_names_the_command(tmp_path: Path) -> None:
    page = PageText(report_html(new_study(tmp_path, 3)))
    text = "no trial has been evaluated on the test split; run `search evaluate toy`"
    assert text in page.texts["p"]


def test_report_verb_downloads_nothing(tmp_path: Path) -> None:
    root = tmp_path / "data"
    study = make_study(
        tmp_path / "studies",
        objective="objectives.image_classifier:ImageClassifier",
        settings={"data": {"name": "mnist", "root": str(root)}},
    )
    result = command_in(tmp_path)("report", study.name)
    assert result.returncode == 0, result.stderr
    assert "got: SEARCH_DOWNLOAD=0" in (study.folder / "report.html").read_text()
    assert not root.exists()


def test_provenance_names_the_command(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def train(params):\n    yield {'score': params['x']}\n")
    (tmp_path / "mine.yaml").write_text("study: mine\n" + MINE)
    result = command_in(tmp_path)("run", "mine.yaml", "--engine", "inline")
    assert result.returncode == 0, result.stderr
    facts = read_provenance(tmp_path / "studies" / "mine" / "space.yaml")
    assert facts["command"] == "search run mine.yaml --engine inline"


def test_provenance_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text("".join(f"# {line}\n" for line in provenance()) + "study: x\n")
    facts = read_provenance(file)
    assert list(facts)[:4] == ["time", "command", "Python", "search"]
    assert facts["Python"] == platform.python_version()
    assert facts["machine"].endswith(f", {os.cpu_count()} cores")
    file.write_text("study: x\n")
    assert read_provenance(file) == {}


def test_report_shows_no_password(tmp_path: Path) -> None:
    study = new_study(tmp_path, 1)
    secret = (
        "# Resolved on 2026-01-01 00:00:00 by: search run --set storage=pg://me:se@cret@host/db"
    )
    text = study.space_file.read_text(encoding="utf-8")
    rest = text.partition("\n")[2]
    study.space_file.write_text(f"{secret}\n{rest}", encoding="utf-8")
    html = report_html(study)
    assert "cret" not in html.replace("secret", "")
    assert html.count("pg://me:***@host/db") == 2
