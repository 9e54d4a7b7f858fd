"""Constraints over what the objective measures of a point before it trains."""

from pathlib import Path
from typing import Any

import pytest

from search.errors import ObjectiveError, SpaceError, StudyError
from search.objective.probing import Measure
from search.spaces.sampling import make_sampler, sample_points
from search.spaces.space import Space
from search.spaces.space_file import load_space_file
from search.spaces.spec import SamplerSpec
from search.studies.driver import StudyDriver
from search.studies.queue import enqueue_point
from tests.conftest import ROOT, RunStudy, make_spec
from tests.toys import Sized

SIZED: dict[str, Any] = {
    "objective": "tests.toys:Sized",
    "settings": {"scale": 2},
    "parameters": {
        "width": {"type": "int", "low": 1, "high": 40},
        "rate": {"type": "float", "low": 0.0, "high": 1.0},
    },
    "constraints": ["n_parameters <= 800", "width >= 3"],
}
SPACE = """\
study: toy
objective: tests.toys:Sized
metric: {name: score, direction: maximize}
budget: {trials: 4}
parameters:
  width: {type: int, low: 1, high: 40}
constraints:
  - n_parameters <= 400
"""


def load(tmp_path: Path, *changes: tuple[str, str]) -> Any:
    text = SPACE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "space.yaml").write_text(text)
    return load_space_file(tmp_path / "space.yaml")


def problems(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    with pytest.raises(SpaceError) as error:
        load(tmp_path, *changes)
    return [text.removeprefix(f"{tmp_path}/") for text in error.value.problems]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        *[("inline", name) for name in ("random", "tpe", "nsgaii")],
        pytest.param("ray", "tpe", marks=pytest.mark.ray),
    ],
)
def test_run_no_trial_violates_a_measured_constraint(
    engine: str, run_study: RunStudy, name: str
) -> None:
    study = run_study(engine, **SIZED, sampler={"name": name}, budget={"trials": 25})
    trials = study.trials()
    assert [trial.state for trial in trials] == ["COMPLETE"] * 25
    widths = [trial.params["width"] for trial in trials]
    assert all(3 <= width <= 20 and width != 13 for width in widths)
    assert len(set(widths)) > 5


@pytest.mark.parametrize("name", ["grid", "brute_force"])
def test_listing_samplers_leave_out_what_measuring_rules_out(name: str) -> None:
    spec = make_spec(**{**SIZED, "parameters": {"width": SIZED["parameters"]["width"]}})
    space = Space.of(spec)
    points = {point["width"] for point in space.points()}
    assert points == {*range(3, 21)} - {13}
    assert space.size() == 38
    Sized.measured.clear()
    make_sampler(SamplerSpec(name=name), Space.of(spec))
    assert Sized.measured == []


def test_measure_asks_about_each_point_once() -> None:
    measure = Measure("tests.toys:Sized", {})
    Sized.measured.clear()
    for _ in range(2):
        assert measure({"width": 3}) == {"n_parameters": 9}
        assert measure({"width": 13}) is None
    assert Sized.measured == [{"width": 3}, {"width": 13}]


def test_constraints_over_parameters_spare_measuring() -> None:
    Sized.measured.clear()
    sample_points(Space.of(make_spec(**SIZED)), 20)
    assert all(params["width"] >= 3 for params in Sized.measured)


def test_study_is_opened_without_importing_its_objective(tmp_path: Path) -> None:
    StudyDriver.create(make_spec(**{**SIZED, "objective": "nowhere:train"}), tmp_path)
    assert StudyDriver.open("toy", tmp_path).trials() == []


def test_load_accepts_measured_names(tmp_path: Path) -> None:
    assert load(tmp_path).constraints == ["n_parameters <= 400"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            [("n_parameters <=", "n_parametres <=")],
            "8:5: constraints[0]: unknown name 'n_parametres'; did you mean 'n_parameters'; "
            "valid: width, n_parameters; of these the objective measures n_parameters",
        ),
        (
            [("Sized", "quadratic")],
            "8:5: constraints[0]: unknown parameter 'n_parameters'; valid: width",
        ),
        (
            [("n_parameters <= 400", "n_parameters <= [3]")],
            "8:5: constraints[0]: 'n_parameters <= [3]' cannot be computed: '<=' not supported "
            "between instances of 'int' and 'list'",
        ),
        (
            [("low: 1, high: 40", "low: 13, high: 13")],
            "8:5: constraints[0]: some point must be measurable, none of 20 sampled ones is",
        ),
        (
            [("400", "0")],
            "8:3: constraints: some point must satisfy them, but 1,000 draws in a row did not: "
            "n_parameters <= 0",
        ),
        (
            [("  width", "  wideness")],
            "2:12: objective: tests.toys:Sized.measure must give numbers by name, as "
            "{'n_parameters': 7690}, got KeyError: 'width'",
        ),
        (
            [("400\n", "400\nstart_from: [{width: 3}, {width: 21}]\n")],
            "9:26: start_from[1]: the point must be one that the objective can measure and that "
            "satisfies 'n_parameters <= 400'",
        ),
    ],
    ids=[
        *("unknown name", "objective that measures nothing", "not computable"),
        *("nothing measurable", "nothing feasible", "error while measuring", "starting point"),
    ],
)
def test_load_mistake_with_measured_names_gives_the_whole_message(
    tmp_path: Path, changes: list[tuple[str, str]], message: str
) -> None:
    assert problems(tmp_path, *changes) == [f"space.yaml:{message}"]


def test_enqueue_refuses_a_point_that_measuring_rules_out(tmp_path: Path) -> None:
    study = StudyDriver.create(make_spec(**SIZED), tmp_path, [str(ROOT)])
    with pytest.raises(StudyError) as error:
        enqueue_point(study, {"width": 30, "rate": 0.5})
    assert str(error.value) == (
        "the point must be one that the objective can measure and that satisfies "
        "'n_parameters <= 800'"
    )
    assert enqueue_point(study, {"width": 5, "rate": 0.5}) == 0


def test_measure_that_gives_no_numbers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sized, "measure", lambda params: {"size": "big"})
    with pytest.raises(ObjectiveError) as error:
        Measure("tests.toys:Sized", {})({"width": 3})
    assert str(error.value).endswith(
        "must give numbers by name, as {'n_parameters': 7690}, got {'size': 'big'}"
    )
