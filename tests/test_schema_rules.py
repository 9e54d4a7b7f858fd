"""Editors and loading refuse the same space files, as far as a JSON schema can tell."""

import copy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from search.errors import SpaceError
from search.spaces.pruners import PRUNERS
from search.spaces.samplers import SAMPLERS
from search.spaces.space_file import load_space_file
from search.spaces.spec import json_schema

SPACE: dict[str, Any] = {
    "study": "toy",
    "objective": "tests.toys:quadratic",
    "metric": {"name": "score", "direction": "maximize"},
    "budget": {"trials": 4},
    "parameters": {
        "x": {"type": "float", "low": 0.1, "high": 1.0},
        "n": {"type": "int", "low": 1, "high": 9, "when": {"way": ["a", "b"]}},
        "way": {"type": "categorical", "choices": ["a", "b", "c"]},
    },
}
SEVERAL = [{"name": name, "direction": "maximize"} for name in ("score", "loss")]
CHECKED = Draft202012Validator(json_schema())

WRONG: dict[str, dict[str, Any]] = {
    "name of a study with a slash": {"study": "a/b"},
    "name of a study with two dots": {"study": "a..b"},
    "name of a study that begins with a dash": {"study": "-a"},
    "objective without a module": {"objective": "train"},
    "objective by its file": {"objective": "mine/train.py:train"},
    "no budget": {"budget": {}},
    "budget of nothing": {"budget.trials": 0},
    "time without a unit": {"budget.time": "90"},
    "time in words": {"budget.time": "an hour"},
    "time of nothing": {"budget.time": "0s"},
    "negative time": {"budget.time": -1},
    "unknown sampler": {"sampler": {"name": "bayes"}},
    "option of another sampler": {"sampler": {"name": "random", "n_startup_trials": 3}},
    "option that the usual sampler lacks": {"sampler": {"population_size": 3}},
    "option of the wrong type": {"sampler": {"name": "tpe", "n_startup_trials": "many"}},
    "points of a grid that are no list": {"sampler": {"name": "grid", "values": {"x": 0.5}}},
    "no points of a grid": {"sampler": {"name": "grid", "values": {"x": []}}},
    "unknown pruner": {"pruner": {"name": "sha"}},
    "option of another pruner": {"pruner": {"name": "none", "percentile": 10}},
    "misspelt option of a pruner": {"pruner": {"name": "asha", "reduction_facter": 3}},
    "several metrics for a sampler of one": {
        "metric": None,
        "metrics": SEVERAL,
        "sampler": {"name": "cmaes"},
    },
    "several metrics until no gain": {
        "metric": None,
        "metrics": SEVERAL,
        "budget.until": "no_gain",
    },
    "no metrics": {"metric": None, "metrics": []},
    "no parameters": {"parameters": {}},
    "name of a parameter with a dash": {"parameters.my-x": {"type": "int", "low": 1, "high": 2}},
    "name of a parameter that is a word": {
        "parameters.lambda": {"type": "int", "low": 1, "high": 2}
    },
    "name of a parameter that is a function": {
        "parameters.min": {"type": "int", "low": 1, "high": 2}
    },
    "no type": {"parameters.x": {"low": 0, "high": 1}},
    "logarithm of 0": {"parameters.x": {"type": "float", "low": 0, "high": 1, "log": True}},
    "logarithm in steps": {
        "parameters.n": {"type": "int", "low": 1, "high": 9, "log": True, "step": 2},
    },
    "step of 0": {"parameters.x.step": 0},
    "no choices": {"parameters.way.choices": []},
    "one choice twice": {"parameters.way.choices": ["a", "b", "b"]},
    "choice that is a list": {"parameters.way.choices": ["a", "b", [3, 3]]},
    "condition on nothing": {"parameters.n.when": {"way": []}},
    "condition on a mapping": {"parameters.n.when": {"way": [{"a": 1}]}},
    "epochs of 0": {"settings": {"epochs": 0}},
    "one tracker twice": {"trackers": ["mlflow", "mlflow"]},
    "unknown tracker": {"trackers": ["wandb"]},
    "storage that is a file": {"storage": "trials.db"},
    "point that is a number": {"start_from": [0.5]},
    "fewer than no checkpoints": {"keep": -1},
}
RIGHT: dict[str, dict[str, Any]] = {
    "as it is": {},
    "time of several units": {"budget": {"time": "1h30m"}},
    "time of a fraction": {"budget": {"time": "1.5h", "trial_time": 0.5}},
    "option of the usual sampler": {"sampler": {"n_startup_trials": 3}},
    "option of a sampler": {"sampler": {"name": "tpe", "n_startup_trials": 5}},
    "points of a grid": {"sampler": {"name": "grid", "values": {"x": [0.1, 1]}}},
    "option of a pruner": {"pruner": {"name": "asha", "reduction_factor": 2}},
    "several metrics": {"metric": None, "metrics": SEVERAL},
    "logarithm": {"parameters.x": {"type": "float", "low": 1e-6, "high": 1, "log": True}},
    "one is not true": {"parameters.way.choices": ["a", "b", 1, True, None]},
    "condition on one value": {"parameters.n.when": {"way": "a"}},
    "database": {"storage": "sqlite:///trials.db"},
    "settings without epochs": {"settings": {"sleep_s": 0}},
}


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """Put values at dotted keys of the space; None takes a key away."""
    data = copy.deepcopy(SPACE)
    for key, value in changes.items():
        *sections, last = key.split(".")
        place = data
        for section in sections:
            place = place[section]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return data


@pytest.mark.parametrize("changes", WRONG.values(), ids=list(WRONG))
def test_wrong_file_is_refused_by_editors_and_loading(changes: dict[str, Any]) -> None:
    data = changed(changes)
    with pytest.raises(SpaceError):
        load_space_file(data)
    assert not CHECKED.is_valid(data)


@pytest.mark.parametrize("changes", RIGHT.values(), ids=list(RIGHT))
def test_right_file_is_taken_by_editors_and_loading(changes: dict[str, Any]) -> None:
    data = changed(changes)
    load_space_file(data)
    assert [error.message for error in CHECKED.iter_errors(data)] == []


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampler_alone_is_right(name: str) -> None:
    assert CHECKED.is_valid(changed({"sampler": {"name": name, "seed": 1}}))


@pytest.mark.parametrize("name", PRUNERS)
def test_pruner_alone_is_right(name: str) -> None:
    assert CHECKED.is_valid(changed({"pruner": {"name": name, "min_epochs": 2}}))


def test_plugins_take_any_option() -> None:
    assert CHECKED.is_valid(changed({"sampler": {"name": "mine:Sampler", "depth": [1]}}))


def test_every_key_is_described() -> None:
    schema = json_schema()
    objects = {"the space": schema, **schema["$defs"]}
    lacking = [
        f"{name}.{key}"
        for name, part in objects.items()
        for key, value in part["properties"].items()
        if not value.get("description")
    ]
    assert lacking == []
