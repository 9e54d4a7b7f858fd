"""How many digits drawn with the mouse the demo of an MNIST network reads right."""

import os
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import ROOT, command_seconds
from tests.benchmarks.training import mnist_root
from tests.browser import DESKTOP, Visit, chromium
from tests.demo.serving import served, settled, verdict
from tests.strokes import (
    LOWER_RIGHT,
    MIDDLE,
    ROUND,
    SLANTED,
    UPPER_LEFT,
    UPRIGHT,
    Place,
    Stroke,
    draw,
)

HANDS = (UPRIGHT, SLANTED, ROUND)
PLACES = (MIDDLE, LOWER_RIGHT, UPPER_LEFT)
SPACE = ROOT / "spaces" / "mnist_lab_cnn.yaml"


def measure() -> list[Benchmark]:
    """Draw ten digits in three hands at three places, in a real Chromium."""
    if not (mnist_root() / "MNIST").exists():
        print("drawing   skipped: no MNIST; give its folder as $SEARCH_DATA")
        return []
    os.environ["SEARCH_DATA"] = data = str(mnist_root())
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        flags = ["--engine", "inline", "--trials", "1", "--set", "settings.epochs=4", "--quiet"]
        command_seconds("run", str(SPACE), "--studies", f"{folder}/studies", *flags)
        with served(Path(folder), "mnist_lab_cnn", "--port", "0", SEARCH_DATA=data) as server:
            visit = Visit(browser, DESKTOP, dark=False)
            visit.page.goto(server.address)
            drawings = product(HANDS, PLACES, range(10))
            n_right = sum(_is_right(visit, hand[n], place, n) for hand, place, n in drawings)
    return [Benchmark("digits drawn with the mouse, right of 90", n_right, "", 85, at_most=False)]


def _is_right(visit: Visit, strokes: Sequence[Stroke], place: Place, digit: int) -> bool:
    visit.page.click("#clear")
    draw(visit.page, strokes, place)
    settled(visit)
    return verdict(visit).startswith(str(digit))  # torchvision calls it "3 - three"
