"""The objective contract through the commands: its members, and those that they replaced."""

from pathlib import Path

import pytest
from PIL import Image

from tests.processes import Search, command_in, process_in

SPACE = """\
study: toy
objective: toy:Toy
metric: {name: score, direction: maximize}
budget: {trials: 2}
parameters:
  x: {type: int, low: 1, high: 9}
constraints: [double <= 12]
start_from: [{x: 5}]
"""
STATE = """\
import numpy as np
import torch
from PIL import Image


class Network(torch.nn.Module):
    def forward(self, images):
        light = (images / 255).mean(dim=(1, 2, 3))
        return torch.stack([1 - light, light], dim=1)


class Trained:
    def __init__(self, params):
        self.x = params["x"]
        self.done = False

    def __iter__(self):
        if not self.done:
            self.done = True
            yield {"score": self.x}

    def state_dict(self):
        return {"done": self.done}

    def load_state_dict(self, state):
        self.done = state["done"]

    @staticmethod
    def measure(params):
        return {"double": 2 * params["x"]}


class Uses:
    classes = ("dark", "light")
    image_shape = (1, 4, 4)

    def predict(self, split):
        assert self.done, "the state must be loaded"
        return np.eye(2)[[0, 1, 1]], np.array([0, 1, 0])

    def images(self, split, indices):
        return [Image.new("L", (4, 4), 10 * i) for i in indices]

    def classify(self, images):
        light = np.array([np.asarray(image.convert("L")).mean() / 255 for image in images])
        return np.stack([1 - light, light], axis=1)

    def seen(self, images):
        return images

    def examples(self, n):
        return [(Image.new("L", (4, 4), 0), 0)][:n]

    def deployable(self):
        return Network()

"""
NEW = """\
class Toy(Trained):
    def classifier(self):
        used = Uses()
        used.done = self.done
        return used

    @staticmethod
    def describe():
        return {
            "parameters": ["x"],
            "metrics": ["score"],
            "class_counts": lambda: {"dark": {"train": 7}, "light": {"train": 5}},
            "notes": ["all are small"],
            "layers": lambda params: f"Linear {params['x']}",
        }
"""
OLD = """\
class Toy(Trained, Uses):
    @staticmethod
    def declares():
        return {"parameters": ["x"], "metrics": ["score"]}

    @staticmethod
    def class_counts():
        return {"dark": {"train": 7}, "light": {"train": 5}}

    @staticmethod
    def notes():
        return ["all are small"]

    @staticmethod
    def describe(params):
        return f"Linear {params['x']}"
"""


@pytest.fixture(params=["new", "old"])
def contract(request: pytest.FixtureRequest) -> str:
    assert isinstance(request.param, str)
    return request.param


@pytest.fixture
def search(tmp_path: Path, contract: str) -> Search:
    (tmp_path / "toy.yaml").write_text(SPACE)
    (tmp_path / "toy.py").write_text(STATE + (NEW if contract == "new" else OLD))
    Image.new("RGB", (6, 5), "white").save(tmp_path / "white.png")
    return command_in(tmp_path, warns=contract == "old")


@pytest.fixture
def aloud(search: Search, contract: str, tmp_path: Path) -> Search:
    """Give the command where it tells of old members: once in a process, so in one of its own."""
    return search if contract == "new" else process_in(tmp_path)


def told(search: Search, contract: str, *arguments: str) -> str:
    """Run a command; it warns once of each kind of old member, and of new ones never."""
    result = search(*arguments)
    assert result.returncode == 0, result.stderr
    warned = [line for line in result.stderr.splitlines() if "FutureWarning" in line]
    assert len({*warned}) == len(warned)
    uses = [line for line in warned if "classifier() takes their place" in line]
    facts = [line for line in warned if "describe(**settings) takes their place" in line]
    assert len(uses) <= 1
    assert len(facts) <= 1
    if contract == "new":
        assert not warned
    if uses:
        names = "classes, classify, deployable, examples, image_shape, images, predict, seen"
        assert f"toy:Toy has {names}; " in uses[0]
    if facts:
        assert "toy:Toy has declares, class_counts, notes, describe(params); " in facts[0]
    return result.stdout + " ".join(["uses"] * len(uses) + ["facts"] * len(facts))


def test_each_member_does_its_part(
    search: Search, aloud: Search, contract: str, tmp_path: Path
) -> None:
    is_old = contract == "old"
    checked = told(aloud, contract, "check", "toy.yaml")
    assert ("all are small" in checked, "7" in checked) == (True, True)
    assert checked.endswith("facts") == is_old
    refused = search("check", "toy.yaml", "--set", "parameters.y={type: int, low: 1, high: 2}")
    assert "parameters.y: unknown parameter of the objective 'y'; valid: x" in refused.stderr
    refused = search("check", "toy.yaml", "--set", "start_from=[{x: 7}]")
    assert "satisfies 'double <= 12'" in refused.stderr
    tried = told(search, contract, "check", "toy.yaml", "--try")
    assert "goes on from its last epoch, can be evaluated, can classify pictures, can" in tried
    told(search, contract, "run", "toy.yaml", "--engine", "inline", "-q")
    assert "Linear 5" in told(search, contract, "show", "toy", "0", "--layers")
    evaluated = told(aloud, contract, "evaluate", "toy", "--trial", "0")
    assert "0.6667" in evaluated
    assert evaluated.endswith("uses") == is_old
    (picture,) = (tmp_path / "studies" / "toy" / "trials" / "0000" / "worst").iterdir()
    assert picture.name == "2.png"
    predicted = told(search, contract, "predict", "toy", "white.png", "--trial", "0")
    assert "light" in predicted
    told(search, contract, "export-model", "toy", "-o", "toy.pt2", "--trial", "0")
    assert (tmp_path / "toy.pt2").exists()


@pytest.mark.parametrize("contract", ["new"])
def test_fact_that_is_not_asked_for_is_not_computed(search: Search, tmp_path: Path) -> None:
    text = (tmp_path / "toy.py").read_text()
    (tmp_path / "toy.py").write_text(text.replace('lambda: {"dark"', 'lambda: 1 / 0 or {"dark"'))
    told(search, "new", "run", "toy.yaml", "--engine", "inline", "-q")
    assert "Linear 5" in told(search, "new", "show", "toy", "0", "--layers")
    warned = search("check", "toy.yaml").stderr
    assert "warning: no trial can run yet: objective: ZeroDivisionError: division by" in warned
