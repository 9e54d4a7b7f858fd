"""Pages that are served while the tests of a module go on."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.demo.serving import Served, served, trained


@pytest.fixture(scope="module")
def digits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("grey"), "digits", "{name: digits}", 8)


@pytest.fixture(scope="module")
def digits(digits_folder: Path) -> Iterator[Served]:
    with served(digits_folder, "digits", "--port", "0") as server:
        yield server


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("colour")
    random = np.random.default_rng(0)
    for split, n in (("train", 30), ("test", 4)):
        for channel, name in enumerate(("blood", "moss <b>")):
            (folder / "stones" / split / name).mkdir(parents=True)
            for i in range(n):
                pixels = random.integers(0, 60, (12, 12, 3), np.uint8)
                pixels[..., channel] += 150
                Image.fromarray(pixels).save(folder / "stones" / split / name / f"{i}.png")
    trained(folder, "colours", "{name: image_folder, path: stones}", 6)
    with served(folder, "colours", "--port", "0") as server:
        yield server
