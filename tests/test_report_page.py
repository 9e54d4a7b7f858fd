"""The report in a real browser: it sorts, filters, fits every screen, and prints whole."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from search.best_trial.pictures import small_png
from search.report.page import write_report
from search.studies.folder import write_pictures
from search.studies.reader import StudyReader
from tests.browser import DESKTOP, PHONE, Visit
from tests.conftest import OpenPage
from tests.large_studies import make_large_study

N_TRIALS = 40
A4_UPRIGHT = (703, 1030)
"""What an A4 page holds within its margins, in pixels of CSS."""


Look = Callable[..., Visit]
"""Looks at the report at a size, light or dark, and changes nothing."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyReader:
    """Make a study of two metrics whose worst images have pictures."""
    from PIL import Image

    study = make_large_study(tmp_path_factory.mktemp("studies"), N_TRIALS, several=True)
    best = next(trial for trial in study.trials() if trial.test)
    assert best.test
    pictures = {m.index: small_png(Image.new("L", (8, 8), 99)) for m in best.test.worst or []}
    write_pictures(study.trial_folder(best.number), pictures)
    return study


@pytest.fixture(scope="module")
def report(study: StudyReader) -> str:
    """Write its report and give the address, which is one of a file."""
    path = study.folder / "report.html"
    write_report(study, path, ask=False)
    return path.as_uri()


@pytest.fixture(scope="module")
def open_pages(browser: Browser) -> dict[tuple[tuple[int, int], bool], Visit]:
    """Keep the pages that `look` has opened, by size and colours."""
    return {}


@pytest.fixture
def look(
    browser: Browser, report: str, open_pages: dict[tuple[tuple[int, int], bool], Visit]
) -> Iterator[Look]:
    """Open the report once for all tests that change nothing of it, at a size, light or dark."""

    def at(size: tuple[int, int] = DESKTOP, dark: bool = False) -> Visit:
        if (size, dark) not in open_pages:
            open_pages[size, dark] = Visit(browser, size, dark)
            open_pages[size, dark].page.goto(report)
        return open_pages[size, dark]

    yield at
    assert [problem for visit in open_pages.values() for problem in visit.problems] == []


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
    assert sort_by(page, "weights") == "ascending"
    up = numbers(column(page, "weights"))
    assert up == sorted(up)
    assert len({len(str(int(number))) for number in up}) > 2, "texts would sort differently"
    assert sort_by(page, "weights") == "descending"
    assert numbers(column(page, "weights")) == up[::-1]
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


def test_parameters_stand_right_after_the_value_and_no_two_headings_are_alike(look: Look) -> None:
    page = look()
    heads = page.page.locator("#leaderboard th button").all_inner_texts()
    names = [head.strip() for head in heads]
    place = names.index("value")
    assert names[:2] == ["rank", "trial"]
    assert names[place + 1 : place + 4] == ["blocks", "filters", "kernel size"]
    assert len(set(names)) == len(names)
    assert {"learning rate (parameter)", "learning rate (metric)"} < set(names)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_leaderboard_keeps_rank_and_trial_in_sight_and_says_that_it_goes_on(
    visit: OpenPage, report: str, size: tuple[int, int]
) -> None:
    page = visit(report, size)
    box = page.page.locator("#leaderboard").locator("..")
    cue = page.page.locator("#cue")
    assert cue.inner_text().endswith("more columns →")
    firsts = page.page.locator("#leaderboard tbody tr:first-child td:nth-child(-n+2)")
    lefts = "all => all.map(e => e.getBoundingClientRect().left)"
    before = firsts.evaluate_all(lefts)
    box.evaluate("e => { e.scrollLeft = e.scrollWidth; e.scrollTop = 200; }")
    page.page.wait_for_function("document.getElementById('cue').textContent == ''")
    assert firsts.evaluate_all(lefts) == before
    assert firsts.first.evaluate("e => getComputedStyle(e).position") == "sticky"
    assert page.page.locator("#leaderboard th").last.is_visible()


def mark_of(visit: Visit, plot: str, trial: int) -> tuple[float, float]:
    """Find where the first mark of a trial is on the screen, after scrolling to its plot."""
    place = visit.page.locator(f'figure[aria-label="{plot}"]')
    place.scroll_into_view_if_needed()
    x, y = place.evaluate(
        """(figure, trial) => {
          const panes = JSON.parse(figure.querySelector("script").textContent);
          const mark = panes.flatMap(pane => pane.marks).find(mark => mark[0] === trial);
          const at = new DOMPoint(...mark.slice(-2));
          const there = at.matrixTransform(figure.querySelector("svg").getScreenCTM());
          return [there.x, there.y];
        }""",
        trial,
    )
    return float(x), float(y)


@pytest.mark.parametrize("plot", ["history", "curves", "parallel", "front", "timeline"])
def test_pointing_at_a_mark_tells_of_its_trial(look: Look, study: StudyReader, plot: str) -> None:
    page = look()
    best = study.trials()[0]
    page.page.mouse.move(*mark_of(page, plot, best.number))
    tip = page.page.get_by_role("tooltip")
    lines = tip.inner_text().split("\n")
    assert lines[0] == f"trial {best.number}, complete"
    assert lines[lines.index("value") + 1] == f"{best.value:.4f}"
    assert lines[lines.index("optimizer") + 1] == best.params["optimizer"]
    page.page.mouse.move(2, 2)
    assert not tip.is_visible()


def test_marked_trials_are_drawn_over_every_plot(visit: OpenPage, report: str) -> None:
    page = visit(report)
    curves = page.page.locator('figure[aria-label="curves"]')
    lines = curves.locator("polyline.line")
    assert lines.count() == 0
    for number in (29, 37):
        page.page.get_by_label(f"mark trial {number} in the plots").check()
    assert lines.evaluate_all("all => all.map(e => e.dataset.trial)") == ["29", "37"]
    strokes = lines.evaluate_all("all => all.map(e => getComputedStyle(e).stroke)")
    assert "none" not in strokes
    assert strokes[0] != strokes[1]
    assert curves.locator(".over text").all_text_contents() == ["29", "37"]
    history = page.page.locator('figure[aria-label="history"] circle')
    assert history.evaluate_all("all => all.map(e => e.dataset.trial)") == ["29", "37"]
    page.page.get_by_role("button", name="trial 29 ×").click()
    assert lines.evaluate_all("all => all.map(e => e.dataset.trial)") == ["37"]
    assert not page.page.get_by_label("mark trial 29 in the plots").is_checked()
    page.page.mouse.click(*mark_of(page, "history", 29))
    assert lines.count() == 2
    assert page.page.get_by_label("mark trial 29 in the plots").is_checked()


def test_plots_scale_to_a_phone(look: Look) -> None:
    page = look(PHONE)
    edges = page.page.locator("figure:not(.wide) > svg").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).map(r => [r.left, r.right])"
    )
    assert len(edges) == 10
    assert all(left >= 0 and right <= PHONE[0] for left, right in edges)
    assert all(right - left > 0.9 * PHONE[0] for left, right in edges), "they use its width"


def test_wide_plot_scrolls_on_a_phone(look: Look) -> None:
    page = look(PHONE)
    parallel = page.page.locator("figure.wide")
    assert parallel.get_attribute("aria-label") == "parallel"
    sizes = parallel.evaluate(
        "e => [e.getBoundingClientRect().right, e.clientWidth, e.scrollWidth]"
    )
    assert sizes[0] <= PHONE[0] + 1
    assert sizes[2] > 2 * sizes[1], "its letters can be read"
    assert page.overflow() == 0


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
def test_page_is_no_wider_than_the_screen(look: Look, size: tuple[int, int], dark: bool) -> None:
    page = look(size, dark)
    assert page.overflow() == 0
    box = page.page.locator("#leaderboard").locator("..")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth"), "it scrolls in its own box"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_texts_stand_out_from_their_ground(look: Look, dark: bool) -> None:
    page = look(DESKTOP, dark)
    style = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    ink, paper = page.page.locator("body").evaluate(style)
    assert (luminance(ink) > luminance(paper)) == dark
    assert contrast(ink, paper) > 7  # WCAG 2.2, success criterion 1.4.6
    links, _ = page.page.locator("nav a").first.evaluate(style)
    assert contrast(links, paper) > 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_plots_follow_the_page_into_the_dark(look: Look, dark: bool) -> None:
    page = look(DESKTOP, dark)
    ground = page.page.locator("figure").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert (luminance(ground) < 0.05) == dark
    texts = page.page.locator("figure > svg text").evaluate_all(
        "all => all.map(e => [e.closest('figure').ariaLabel, getComputedStyle(e).fill])"
    )
    # Those in the cells of these two stand on the colours of the cells.
    written = {fill for name, fill in texts if name not in {"contour", "confusion matrix"}}
    assert written
    for fill in written:
        assert contrast(fill, ground) > (4.5 if dark else 3)
    (paper,) = page.page.locator("figure > svg").evaluate_all(
        "all => [...new Set(all.map(e => getComputedStyle(e.querySelector('path')).fill))]"
    )
    assert contrast(paper, ground) < 1.05


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
    page = visit(report, A4_UPRIGHT, dark=True)
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
    assert 4 < n_pages < 12


def test_printed_leaderboard_has_the_columns_that_fit_and_repeats_their_headings(
    visit: OpenPage, report: str
) -> None:
    page = visit(report, A4_UPRIGHT)
    page.page.emulate_media(media="print")
    heads = page.page.locator("#leaderboard th:visible")
    names = heads.evaluate_all("all => all.map(e => getComputedStyle(e, '::before').content)")
    assert [name.strip('"') for name in names[:5]] == ["rank", "trial", "front", "state", "value"]
    assert len(names) == 5 + 8 + 2
    right = page.page.locator("#leaderboard").evaluate("e => e.getBoundingClientRect().right")
    assert right <= A4_UPRIGHT[0]
    # What Chromium asks for before it repeats a head on each page.
    assert page.page.locator("#leaderboard thead :visible:is(button, input)").count() == 0
    styles = page.page.locator("#leaderboard thead").evaluate(
        "e => [getComputedStyle(e).display, getComputedStyle(e).breakInside]"
    )
    assert styles == ["table-header-group", "avoid"]


def test_page_leads_to_each_of_its_sections(look: Look) -> None:
    page = look()
    targets = page.page.locator("nav a").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    ids = page.page.locator("h2").evaluate_all("all => all.map(h => '#' + h.id)")
    assert targets == ids
    assert len(set(ids)) == len(ids)


def test_page_shows_the_worst_images(look: Look) -> None:
    page = look()
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
