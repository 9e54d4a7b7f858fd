"""The report in a real browser: it sorts, filters, fits every screen, and prints whole."""

from pathlib import Path

import pytest

from search.report import write_report
from search.studies.study import Study
from search.studies.worst_pictures import write_pictures
from search.winner.pictures import small_png
from tests.browser import DESKTOP, PHONE, Visit
from tests.conftest import OpenPage
from tests.large_studies import make_large_study

N_TRIALS = 40
A4_ACROSS = (1030, 700)
"""What an A4 page holds within its margins, in pixels of CSS."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Make a study of two metrics whose worst images have pictures."""
    from PIL import Image

    study = make_large_study(tmp_path_factory.mktemp("studies"), N_TRIALS, several=True)
    best = next(record for record in study.records() if record.test)
    assert best.test
    pictures = {m.index: small_png(Image.new("L", (8, 8), 99)) for m in best.test.worst or []}
    write_pictures(study.trial_folder(best.number), pictures)
    return study


@pytest.fixture(scope="module")
def report(study: Study) -> str:
    """Write its report and give the address, which is one of a file."""
    path = study.folder / "report.html"
    write_report(study, path, ask=False)
    return path.as_uri()


def column(visit: Visit, name: str) -> list[str]:
    """Read the cells of a column, of the rows that are shown."""
    heads = visit.page.locator("#leaderboard th").all_inner_texts()
    place = [head.strip(" ▲▼\n") for head in heads].index(name) + 1
    return visit.page.locator(
        f"#leaderboard tbody tr:visible td:nth-child({place})"
    ).all_inner_texts()


def sort_by(visit: Visit, name: str) -> str | None:
    """Click a heading and tell how the column is sorted now."""
    button = visit.page.get_by_role("button", name=name, exact=True)
    button.click()
    return button.locator("..").get_attribute("aria-sort")


def numbers(cells: list[str]) -> list[float]:
    return [float(cell.replace(",", "")) for cell in cells if cell != "–"]


def test_leaderboard_sorts_numbers_as_numbers_both_ways(visit: OpenPage, report: str) -> None:
    page = visit(report)
    assert sort_by(page, "parameters") == "ascending"
    up = numbers(column(page, "parameters"))
    assert up == sorted(up)
    assert len({len(str(int(number))) for number in up}) > 2, "texts would sort differently"
    assert sort_by(page, "parameters") == "descending"
    assert numbers(column(page, "parameters")) == up[::-1]
    assert page.page.locator("#leaderboard th[aria-sort]").count() == 1


@pytest.mark.parametrize("n_clicks", [1, 2])
def test_leaderboard_sorts_what_is_missing_last(
    visit: OpenPage, report: str, n_clicks: int
) -> None:
    page = visit(report)
    for _ in range(n_clicks):
        sort_by(page, "momentum")
    cells = column(page, "momentum")
    n_missing = cells.count("–")
    assert 0 < n_missing < N_TRIALS
    assert cells[-n_missing:] == ["–"] * n_missing


def test_leaderboard_sorts_words_and_keeps_the_order_of_equals(
    visit: OpenPage, report: str
) -> None:
    page = visit(report)
    assert page.page.locator("#leaderboard th").first.get_attribute("aria-sort") == "ascending"
    sort_by(page, "trial")
    sort_by(page, "optimizer")
    words = column(page, "optimizer")
    assert words == sorted(words)
    of_adamw = numbers(column(page, "trial"))[: words.count("adamw")]
    assert of_adamw == sorted(of_adamw)


def test_leaderboard_sorts_from_the_keyboard(visit: OpenPage, report: str) -> None:
    page = visit(report)
    page.page.get_by_role("button", name="seconds", exact=True).focus()
    page.page.keyboard.press("Enter")
    seconds = numbers(column(page, "seconds"))
    assert seconds == sorted(seconds)


def test_filter_shows_rows_that_have_every_word(visit: OpenPage, report: str) -> None:
    page = visit(report)
    count = page.page.get_by_role("status")
    assert count.inner_text() == "40 of 40 trials"
    page.page.get_by_label("Filter").fill("pruned SGD")
    states, optimizers = column(page, "state"), column(page, "optimizer")
    assert 0 < len(states) < N_TRIALS
    assert (set(states), set(optimizers)) == ({"PRUNED"}, {"sgd"})
    assert count.inner_text() == f"{len(states)} of 40 trials"
    page.page.get_by_label("Filter").fill("no such trial")
    assert count.inner_text() == "0 of 40 trials"
    page.page.get_by_label("Filter").fill("")
    assert count.inner_text() == "40 of 40 trials"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_page_is_no_wider_than_the_screen(
    visit: OpenPage, report: str, size: tuple[int, int], dark: bool
) -> None:
    page = visit(report, size, dark)
    assert page.overflow() == 0
    box = page.page.locator("#leaderboard").locator("..")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth"), "it scrolls in its own box"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_texts_stand_out_from_their_ground(visit: OpenPage, report: str, dark: bool) -> None:
    page = visit(report, DESKTOP, dark)
    style = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    ink, paper = page.page.locator("body").evaluate(style)
    assert (luminance(ink) > luminance(paper)) == dark
    assert contrast(ink, paper) > 7  # WCAG 2.2, success criterion 1.4.6
    links, _ = page.page.locator("nav a").first.evaluate(style)
    assert contrast(links, paper) > 4.5
    # Figures are drawn for white paper.
    _, ground = page.page.locator("figure").first.evaluate(style)
    assert ground == "rgb(255, 255, 255)"


def luminance(colour: str) -> float:
    """Compute the relative luminance of `rgb(r, g, b)` (WCAG 2.2)."""
    shares = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Compute how much two colours differ, from 1 to 21 (WCAG 2.2)."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_page_prints_whole(visit: OpenPage, report: str) -> None:
    page = visit(report, A4_ACROSS, dark=True)
    page.page.emulate_media(media="print")
    assert page.overflow() == 0
    hidden = page.page.evaluate(
        """[...document.querySelectorAll(".scroll, figure, pre")]
        .filter(e => getComputedStyle(e).overflow != "visible")
        .map(e => e.className || e.tagName)"""
    )
    assert hidden == []
    assert page.page.locator("#leaderboard tbody tr:visible").count() == N_TRIALS
    assert not page.page.locator("nav").is_visible()
    colours = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    assert page.page.locator("body").evaluate(colours) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    n_pages = page.page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
    assert 8 < n_pages < 40


def test_page_leads_to_each_of_its_sections(visit: OpenPage, report: str) -> None:
    page = visit(report)
    targets = page.page.locator("nav a").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    ids = page.page.locator("h2").evaluate_all("all => all.map(h => '#' + h.id)")
    assert targets == ids
    assert len(set(ids)) == len(ids)


def test_page_shows_the_worst_images(visit: OpenPage, report: str) -> None:
    page = visit(report)
    pictures = page.page.locator("td img")
    assert pictures.count() == 10
    loaded = pictures.evaluate_all("all => all.map(i => [i.complete, i.naturalWidth])")
    assert loaded == [[True, 8]] * 10


@pytest.mark.parametrize("n_trials", [1, 3])
def test_page_of_few_trials_opens(visit: OpenPage, tmp_path: Path, n_trials: int) -> None:
    path = tmp_path / "report.html"
    write_report(make_large_study(tmp_path / "studies", n_trials), path, ask=False)
    page = visit(path.as_uri(), PHONE)
    assert page.overflow() == 0
    trials = f"{n_trials} of {n_trials} trials"
    assert page.page.get_by_role("status").inner_text() == trials
