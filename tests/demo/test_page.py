"""What a real browser shows of the demo: drawn digits, chosen pictures, test images."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Request

from tests.browser import DESKTOP, PHONE, Visit
from tests.conftest import OpenPage
from tests.demo.serving import Served, png, settled, verdict
from tests.strokes import LOWER_RIGHT, MIDDLE, UPRIGHT, Place, draw

TRUTH = "true class: {} – right"


@pytest.mark.parametrize("place", [MIDDLE, LOWER_RIGHT], ids=["middle", "corner"])
def test_drawn_digits_are_read_off_the_bars(digits: Served, visit: OpenPage, place: Place) -> None:
    visited = visit(digits.address)
    for digit in (0, 3, 6):
        visited.page.click("#clear")
        draw(visited.page, UPRIGHT[digit], place)
        shares = settled(visited)
        assert len(shares) == 10
        assert max(shares, key=lambda name: shares[name]) == verdict(visited) == str(digit)
        assert sum(shares.values()) == pytest.approx(100, abs=1)
        assert visited.page.is_visible("#seen img")


def test_bars_live_while_the_pen_is_down(digits: Served, visit: OpenPage) -> None:
    visited = visit(digits.address)
    assert (verdict(visited), settled_bars_are_empty(visited)) == ("–", True)
    box = visited.page.locator("canvas").bounding_box()
    assert box is not None
    visited.page.mouse.move(box["x"] + 200, box["y"] + 80)
    visited.page.mouse.down()
    visited.page.mouse.move(box["x"] + 200, box["y"] + 300, steps=8)
    assert len(settled(visited)) == 10
    assert verdict(visited) != "–"
    visited.page.mouse.up()


def settled_bars_are_empty(visited: Visit) -> bool:
    return all(text == "–" for text in visited.page.locator("#bars .share").all_inner_texts())


def test_requests_do_not_pile_up(digits: Served, visit: OpenPage) -> None:
    visited = visit(digits.address)
    events: list[str] = []

    def note(event: str) -> Callable[[Request], None]:
        return lambda request: events.append(event) if "/classify" in request.url else None

    visited.page.on("request", note("asked"))
    visited.page.on("requestfinished", note("answered"))
    draw(visited.page, UPRIGHT[8])
    settled(visited)
    assert events[:2] == ["asked", "answered"]
    assert events == events[:2] * (len(events) // 2)


def test_clear_drops_the_answer_that_is_under_way(digits: Served, visit: OpenPage) -> None:
    visited = visit(digits.address)
    draw(visited.page, UPRIGHT[1])
    visited.page.keyboard.press("Escape")
    settled(visited)
    assert (verdict(visited), settled_bars_are_empty(visited)) == ("–", True)
    assert visited.page.is_visible("#hint")
    assert not visited.page.is_visible("#seen")


def test_file_that_is_no_image_is_one_sentence(digits: Served, visit: OpenPage) -> None:
    visited = visit(digits.address)
    file: Any = {"name": "notes.png", "mimeType": "image/png", "buffer": b"no image"}
    visited.page.set_input_files("#file", file)
    settled(visited)
    sentence = "picture: an image file must be given, got something else"
    assert visited.page.inner_text("#problem") == sentence
    assert verdict(visited) == "–"
    assert all("422" in problem for problem in visited.problems)
    visited.problems.clear()
    draw(visited.page, UPRIGHT[0])
    settled(visited)
    assert (verdict(visited), visited.page.inner_text("#problem")) == ("0", "")


def test_test_image_tells_its_class_after_the_click(colours: Served, visit: OpenPage) -> None:
    visited = visit(colours.address)
    assert visited.page.locator("canvas").count() == 0
    examples = visited.page.locator(".example")
    assert examples.count() == 8
    for place, name in enumerate(("blood", "moss <b>")):
        assert visited.page.inner_text("#truth") == ("" if place == 0 else TRUTH.format("blood"))
        examples.nth(place).focus()
        visited.page.keyboard.press("Enter")
        settled(visited)
        assert verdict(visited) == name
        assert visited.page.inner_text("#truth") == TRUTH.format(name)
        assert examples.nth(place).get_attribute("aria-pressed") == "true"


def test_colour_picture_is_chosen_or_dropped(colours: Served, visit: OpenPage) -> None:
    visited = visit(colours.address)
    green = np.zeros((40, 60, 3))
    green[..., 1] = 190
    file: Any = {"name": "green.png", "mimeType": "image/png", "buffer": png(green)}
    visited.page.set_input_files("#file", file)
    assert len(settled(visited)) == 2
    assert verdict(visited) == "moss <b>"
    visited.page.click("#clear")
    data = base64.b64encode(png(green[..., [1, 0, 2]])).decode()
    visited.page.evaluate(
        """data => {
          const carried = new DataTransfer();
          const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
          carried.items.add(new File([bytes], "red.png", { type: "image/png" }));
          document.getElementById("sheet").dispatchEvent(
            new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
        }""",
        data,
    )
    settled(visited)
    assert verdict(visited) == "blood"
    assert visited.page.is_visible("#picture")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_page_fits_its_window(
    digits: Served, colours: Served, visit: OpenPage, size: tuple[int, int], dark: bool
) -> None:
    for server in (digits, colours):
        visited = visit(server.address, size, dark)
        visited.page.locator(".example").first.click()
        settled(visited)
        assert visited.overflow() == 0
        paper = visited.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")


def test_drawing_in_the_dark_gives_the_same_answer(digits: Served, visit: OpenPage) -> None:
    visited = visit(digits.address, dark=True)
    draw(visited.page, UPRIGHT[3])
    settled(visited)
    assert verdict(visited) == "3"
