"""Single values of a space file, its models' defaults and its JSON schema."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from search.spaces.document import read_document
from search.spaces.pruners import PRUNERS
from search.spaces.samplers import SAMPLERS
from search.spaces.spec import Spec, json_schema, study_name
from search.text import format_duration, parse_duration
from tests.space_texts import BASE

ROOT = Path(__file__).parent.parent
SCHEMA_FILE = ROOT / "search" / "space.schema.json"
Data = dict[str, Any]


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """The content of a valid space file."""
    (tmp_path / "space.yaml").write_text(BASE)
    return read_document(tmp_path / "space.yaml").data


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (90, 90.0),
        (0.5, 0.5),
        ("90s", 90.0),
        ("0.5s", 0.5),
        ("30m", 1800.0),
        ("1.5h", 5400.0),
        ("1h30m", 5400.0),
        ("2d", 172800.0),
        ("1d2h3m4s", 93784.0),
        (" 1m ", 60.0),
    ],
)
def test_parse_duration_of_a_length_gives_seconds(value: object, seconds: float) -> None:
    assert parse_duration(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        *(0, -1, True, None, [90], float("inf"), float("nan")),
        *("", "soon", "90", "0s", "-5s", "30min", "30m1h", "1h1h", "1.2.3s", ".s", "1h 30m"),
    ],
)
def test_parse_duration_of_anything_else_raises(value: object) -> None:
    with pytest.raises(ValueError, match="a length of time above 0 must be given") as caught:
        parse_duration(value)
    assert str(caught.value) == (
        f"a length of time above 0 must be given, got {value!r}; "
        "valid: seconds, or a text such as 90s, 30m, 1h30m, 2d"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.25, "0.25s"),
        (59, "59s"),
        (60, "1m"),
        (61.4, "1m1s"),
        (3600, "1h"),
        (5400, "1h30m"),
        (86400, "24h"),
    ],
)
def test_format_duration_gives_a_short_text(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize("seconds", [1, 59, 60, 61, 3599, 3600, 3661, 86400, 90061, 10**7])
def test_duration_of_whole_seconds_survives_writing(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("name", ["a", "small_cnn", "2026-01-31", "v1.5", "_x", "a" * 100])
def test_study_name_that_can_be_a_folder_is_kept(name: str) -> None:
    assert study_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".toy", "a..b", "-a", "a/b", "/a", "a\\b", "a b", "a:b", "~", "ä", "a\n"],
)
def test_study_name_that_could_leave_the_folder_raises(name: str) -> None:
    with pytest.raises(ValueError, match="a study's name must be") as caught:
        study_name(name)
    assert str(caught.value) == (
        "a study's name must be up to 100 letters, digits, '.', '_' and '-', not start with "
        f"'.' or '-' and not contain '..', got {name!r}"
    )


def test_spec_of_a_valid_file_holds_its_content(data: Data) -> None:
    spec = Spec.model_validate(data)
    assert spec.budget.time == 600.0
    assert spec.parameters["depth"].when == {"tuned": ["all", "top"]}
    assert spec.epochs == 9


@pytest.mark.parametrize("epochs", ["nine", 2.5, True, None])
def test_spec_epochs_that_is_no_whole_number_is_unknown(data: Data, epochs: object) -> None:
    assert Spec.model_validate({**data, "settings": {"epochs": epochs}}).epochs is None


@pytest.mark.parametrize(
    ("section", "options"),
    [
        ("sampler", {"name": "tpe", "seed": 3, "n_startup_trials": 5}),
        ("pruner", {"name": "asha", "min_epochs": 3, "reduction_factor": 4}),
    ],
)
def test_spec_options_are_the_further_keys(data: Data, section: str, options: Data) -> None:
    owner = getattr(Spec.model_validate({**data, section: options}), section)
    assert owner.options == dict([list(options.items())[-1]])


def test_spec_cannot_be_changed(data: Data) -> None:
    spec = Spec.model_validate(data)
    with pytest.raises(ValidationError, match="frozen"):
        spec.study = "other"  # type: ignore[misc]


def test_json_schema_is_the_committed_one() -> None:
    committed = SCHEMA_FILE.read_text(encoding="utf-8")
    renewed = json.dumps(json_schema(), indent=2) + "\n"
    assert committed == renewed, "renew it: search schema > search/space.schema.json"


def test_json_schema_is_valid() -> None:
    Draft202012Validator.check_schema(json_schema())


def test_json_schema_offers_every_sampler_and_pruner() -> None:
    models = json_schema()["$defs"]
    assert models["SamplerSpec"]["properties"]["name"]["anyOf"][0]["enum"] == [*SAMPLERS]
    assert models["PrunerSpec"]["properties"]["name"]["anyOf"][0]["enum"] == [*PRUNERS]


@pytest.mark.parametrize("path", sorted(ROOT.glob("spaces/*.yaml")), ids=lambda path: path.name)
def test_json_schema_accepts_the_spaces_folder(path: Path) -> None:
    Draft202012Validator(json_schema()).validate(read_document(path).data)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["parameters"].update(x={"type": "categorical", "choices": [None, True]}),
        lambda data: data["resources"].update(gpus_per_trial=0.25, workers=2),
        lambda data: data["budget"].update(time=90),
        lambda data: data["sampler"].update(n_startup_trials=3),
        lambda data: data.update(metrics=[data.pop("metric")] * 2),
    ],
    ids=[
        *("mixed choices", "fraction of a gpu", "time in seconds", "option of a sampler"),
        "several metrics",
    ],
)
def test_json_schema_accepts_what_a_file_may_say(
    data: Data, change: Callable[[Data], None]
) -> None:
    change(data)
    Spec.model_validate(data)
    assert Draft202012Validator(json_schema()).is_valid(data)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(resorces={}),
        lambda data: data.pop("metric"),
        lambda data: data.update(metrics=[data["metric"]]),
        lambda data: data.pop("metric") and data.update(metrics=[]),
        lambda data: data.update(parameters={}),
        lambda data: data["budget"].update(trials="4"),
        lambda data: data["budget"].update(trials=0),
        lambda data: data["budget"].update(time=True),
        lambda data: data["metric"].update(direction="up"),
        lambda data: data["parameters"]["width"].update(type="integer"),
        lambda data: data["parameters"]["width"].update(hihg=9),
        lambda data: data["parameters"]["kernel"].update(choices=[[3]]),
        lambda data: data["pruner"].update(min_epochs=0),
        lambda data: data["resources"].update(gpus_per_trial="all"),
    ],
    ids=[
        *(
            "unknown key",
            "missing key",
            "metric and metrics",
            "no metrics",
            "no parameters",
            "text for a number",
            "no trials",
        ),
        *("truth value for a time", "unknown direction", "unknown type"),
        *("unknown key of a parameter", "list as a choice", "min_epochs of 0", "word for gpus"),
    ],
)
def test_json_schema_rejects_what_loading_rejects(
    data: Data, change: Callable[[Data], None]
) -> None:
    assert Draft202012Validator(json_schema()).is_valid(data)
    change(data)
    with pytest.raises(ValidationError):
        Spec.model_validate(data)
    assert not Draft202012Validator(json_schema()).is_valid(data)
