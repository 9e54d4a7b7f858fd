"""What a served demo answers, and what a real browser shows of it: digits, pictures, images."""

import base64
import io
import json
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Request

from objectives.data import load_test_split
from objectives.images import DataSettings
from tests.browser import DESKTOP, PHONE, Visit
from tests.conftest import OpenPage
from tests.demo.serving import Served, png, served, settled, verdict
from tests.processes import command_in
from tests.strokes import LOWER_RIGHT, MIDDLE, UPRIGHT, Place, draw

TRUTH = "true class: {} – right"


# What the server answers


def test_answer_has_a_probability_of_each_class_and_what_the_network_sees(digits: Served) -> None:
    test = load_test_split(DataSettings(), "cpu")
    status, answer = digits.answer(png(test.images[0, 0].numpy()))
    assert status == 200
    assert answer["classes"] == list("0123456789")
    assert sum(answer["probabilities"]) == pytest.approx(1)
    assert int(np.argmax(answer["probabilities"])) == int(test.labels[0])
    seen = base64.b64decode(answer["seen"].removeprefix("data:image/png;base64,"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(seen))), test.images[0, 0])


def test_answer_is_that_of_predict(digits: Served, digits_folder: Path) -> None:
    drawing = np.full((90, 70), 255)
    drawing[20:70, 30:38] = 0
    (digits_folder / "one.png").write_bytes(png(drawing))
    done = command_in(digits_folder)("predict", "digits", "one.png", "--json", "--top", "10")
    predicted = {one["class"]: one["probability"] for one in json.loads(done.stdout)[0]["classes"]}
    _, answer = digits.answer(png(drawing))
    found = dict(zip(answer["classes"], answer["probabilities"], strict=True))
    assert found == pytest.approx(predicted, abs=1e-6)


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (b"no image", 422, "picture: an image file must be given, got something else"),
        (b"", 422, "picture: an image file must be given, got something else"),
        (png(np.full((50, 50), 7)), 422, "picture: something must be drawn on it, got pixels"),
        (bytes(16 * 1024**2 + 1), 413, "picture: at most 16 MiB must be given, got more"),
    ],
    ids=["text", "nothing", "flat", "large"],
)
def test_what_cannot_be_classified_is_one_sentence(
    digits: Served, content: bytes, status: int, sentence: str
) -> None:
    found, answer = digits.answer(content)
    assert found == status
    assert answer["error"].startswith(sentence)
    assert "\n" not in answer["error"]


@pytest.mark.parametrize("host", ["search.example", "127.0.0.1.search.example", "10.0.0.1:7860"])
def test_other_names_of_the_machine_are_refused(digits: Served, host: str) -> None:
    for method, path in (("GET", "/"), ("GET", "/examples/0.png"), ("POST", "/classify")):
        assert digits.ask(method, path, Host=host)[0] == 400


def test_own_names_of_the_machine_are_taken(digits: Served) -> None:
    for host in (f"127.0.0.1:{digits.port}", f"localhost:{digits.port}"):
        assert digits.ask("GET", "/", Host=host)[0] == 200


def test_other_pages_may_not_ask(digits: Served) -> None:
    assert digits.ask("POST", "/classify", b"x", Origin="http://search.example")[0] == 403
    assert digits.ask("POST", "/classify", b"x", Origin=digits.address)[0] == 422


def test_examples_are_test_images_and_no_others(digits: Served) -> None:
    status, body = digits.ask("GET", "/examples/0.png")
    assert (status, Image.open(io.BytesIO(body)).size) == (200, (8, 8))
    assert digits.ask("GET", "/examples/29.png")[0] == 200
    assert digits.ask("GET", "/examples/30.png")[0] == 404
    assert digits.ask("GET", "/examples/-1.png")[0] == 404


def test_page_needs_no_other_place(digits: Served) -> None:
    page = digits.ask("GET", "/")[1].decode()
    assert not re.search(r"https?://|@import|<script src|<iframe", page)
    assert "Trained on 1,150 images of digits in 10 classes, chosen by val_accuracy" in page


def test_page_names_the_folder_of_its_images(colours: Served) -> None:
    assert "Trained on 48 images of stones in 2 classes" in colours.ask("GET", "/")[1].decode()


def test_interrupt_ends_it_without_a_word(digits_folder: Path) -> None:
    with served(digits_folder, "digits", "--trial", "0", "--port", "0") as server:
        assert server.address == f"http://127.0.0.1:{server.port}"
        server.process.send_signal(signal.SIGINT)
        _, errors = server.process.communicate(timeout=60)
    assert server.process.returncode == 0
    assert re.fullmatch(r"digits: trial 0, epoch \d; Ctrl-C ends it\n", errors)


def test_port_that_is_taken_is_told(digits_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with served(digits_folder, "digits", "--port", str(taken)) as server:
            assert server.port > taken
            server.process.send_signal(signal.SIGINT)
            _, errors = server.process.communicate(timeout=60)
    assert errors.startswith(f"port {taken} is taken, {server.port} is free\n")


def test_what_cannot_be_shown_is_an_error(digits_folder: Path) -> None:
    search = command_in(digits_folder)
    for arguments, message in (
        (["digit"], "error: studies/digit: there is no such study; did you mean 'digits'"),
        (["digits", "--trial", "7"], "error: --trial: a COMPLETE trial must be given, got 7"),
    ):
        done = search("demo", *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith(message)


# What the browser shows


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
