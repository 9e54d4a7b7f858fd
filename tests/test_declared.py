"""Names in a space file that its objective does not know are told before a trial starts."""

import sys
from pathlib import Path
from typing import Any

import pytest

from objectives.image_classifier import ImageClassifier
from search.errors import SpaceError
from search.spaces.space_file import load_space_file
from tests.conftest import ROOT

SPACE = """\
study: toy
objective: stating:Stating
settings: {epochs: 3}
metric: {name: score, direction: maximize}
budget: {trials: 4}
parameters:
  width:   {type: int, low: 1, high: 9}
  dropout: {type: float, low: 0, high: 1}
"""

MODULE = """\
raise_at_import = __IMPORT__


class Plain:
    def __init__(self, params, epochs=1, *, rate, seed): ...


class Stating(Plain):
    @staticmethod
    def describe(epochs):
        return {"parameters": ("width", "dropout"), "metrics": lambda: {"score": 0, "loss": 0}}


class Odd(Plain):
    @staticmethod
    def describe(**settings):
        return ["width"]


class Unlisted(Plain):
    @staticmethod
    def describe(**settings):
        return {"parameters": "width"}


class Measuring:
    def __init__(self, params, epochs=1): ...

    @staticmethod
    def measure(params, epochs=1):
        return {"size": _size(**params)}


class Describing:
    def __init__(self, params, epochs=1): ...

    @staticmethod
    def describe(epochs=1):
        return {"layers": lambda params: params["widht"]}


def _size(width, dropout):
    return width


def train(params, epochs, rate=0.1, seed=0):
    yield {"score": 1.0}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stating.py").write_text(MODULE.replace("__IMPORT__", "None"))
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delitem(sys.modules, "stating", raising=False)
    monkeypatch.chdir(tmp_path)


def problems(*changes: tuple[str, str], probe: bool = False) -> list[str]:
    text = SPACE
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    Path("space.yaml").write_text(text)
    try:
        load_space_file(Path("space.yaml"), probe=probe)
    except SpaceError as error:
        return [problem.removeprefix("space.yaml:") for problem in error.problems]
    return []


def test_declared_names_are_no_mistake() -> None:
    assert problems() == []


def test_undeclared_parameter_and_metric_are_told_at_their_places() -> None:
    assert problems(("dropout:", "drop:   "), ("name: score", "name: scor")) == [
        "4:16: metric.name: unknown metric of the objective 'scor'; did you mean 'score'; "
        "valid: score, loss",
        "8:3: parameters.drop: unknown parameter of the objective 'drop'; "
        "did you mean 'dropout'; valid: width, dropout",
    ]


def test_each_of_several_metrics_is_looked_at() -> None:
    both = "metrics: [{name: loss, direction: minimize}, {name: los, direction: minimize}]"
    (problem,) = problems(("metric: {name: score, direction: maximize}", both))
    assert problem.startswith("4:53: metrics[1].name: unknown metric of the objective 'los'")


def test_error_of_describe_is_placed_at_the_setting_it_names() -> None:
    (problem,) = problems(("epochs: 3", "epoch: 3"))
    assert problem.startswith("3:12: settings.epoch: TypeError: Stating.describe() got an unexpe")


def test_describe_that_gives_no_names_is_a_mistake_of_the_objective() -> None:
    assert problems((":Stating", ":Odd")) == [
        "2:12: objective: stating:Odd.describe must give a mapping with any of class_counts, "
        "layers, metrics, n_split, notes, parameters, got ['width']"
    ]
    assert problems((":Stating", ":Unlisted")) == [
        "2:12: objective: stating:Unlisted.describe must give a list of names for 'parameters', "
        "got 'width'"
    ]


@pytest.mark.parametrize("name", ["train", "Plain"])
def test_settings_are_compared_with_the_signature_without_importing_it(name: str) -> None:
    Path("stating.py").write_text(MODULE.replace("__IMPORT__", "1 / 0"))
    found = problems((":Stating", f":{name}"), ("epochs: 3", "epoch: 3"))
    required = {"train": "epochs", "Plain": "rate"}[name]
    assert found == [
        f"3:1: settings: the key '{required}' must be given, stating:{name} has no default for it",
        "3:12: settings.epoch: unknown setting of the objective 'epoch'; did you mean 'epochs'; "
        "valid: epochs, rate, seed",
    ]
    assert "stating" not in sys.modules


def test_objective_that_measures_is_asked_about_points() -> None:
    changes = ((":Stating", ":Measuring"), ("dropout:", "drop:   "))
    assert problems(*changes) == []  # a run does not import it
    (problem,) = problems(*changes, probe=True)
    assert problem.startswith(
        "8:3: parameters.drop: stating:Measuring.measure must take this point, got TypeError: "
        "_size() got an unexpected keyword argument 'drop', at width="
    )
    assert problems(changes[0], probe=True) == []


def test_error_that_names_no_key_is_placed_at_the_objective() -> None:
    (problem,) = problems((":Stating", ":Describing"), probe=True)
    assert problem.startswith(
        "2:12: objective: stating:Describing.describe must take this point, got KeyError: 'widht'"
    )


def test_image_classifier_declares_what_it_takes_and_reports() -> None:
    settings: dict[str, Any] = {"data": {"limit": 100}, "epochs": 1}
    declared = ImageClassifier.describe(**settings)
    (frozen,) = ImageClassifier({"freeze": "probe", "filters": 8}, **settings)
    assert frozen.keys() == set(declared["metrics"])
    (plain,) = ImageClassifier({"filters": 8}, **settings)
    assert plain.keys() < set(declared["metrics"])
    assert {"filters", "momentum", "freeze", "rotation", "schedule"} < set(declared["parameters"])
    assert "widths" not in declared["parameters"]
    assert "widths" in ImageClassifier.describe(model="mlp")["parameters"]


@pytest.mark.parametrize("path", sorted((ROOT / "spaces").glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_spaces_name_what_the_classifier_knows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    load_space_file(path, probe=True)


def test_model_that_cannot_be_imported_is_told_with_its_key_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(SpaceError) as caught:
        load_space_file(Path("spaces/small_cnn.yaml"), ["settings.model=mine:net"])
    assert str(caught.value) == (
        "--set settings.model=mine:net: settings.model: mine:net must be importable, "
        "got ModuleNotFoundError: No module named 'mine'"
    )


def test_shipped_space_with_a_misspelt_parameter_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "spaces" / "mnist_mlp.yaml").read_text()
    Path("space.yaml").write_text(text.replace("  dropout:", "  drop:   "))
    monkeypatch.syspath_prepend(str(ROOT))
    with pytest.raises(SpaceError) as caught:
        load_space_file(Path("space.yaml"))
    assert any("parameters.drop: unknown parameter" in text for text in caught.value.problems)
    assert not any(": objective:" in text for text in caught.value.problems)
