"""`budget: {until: no_gain}`: a search ends once more trials are not worth it, and says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import search
from search.errors import SpaceError
from search.statistics.expected_gain import expected_gain
from tests.conftest import BASE

N_IMAGES = 400


class Classifies:
    """Is right on a share of the images that rises with `x` towards 0.5, and with luck."""

    def __init__(self, params: dict[str, Any], tells: bool = True, seed: int = 0) -> None:
        self.share = 0.8 - 0.1 * (params["x"] - 0.5) ** 2
        self.rng = np.random.default_rng(seed)
        self.tells = tells
        self.answers: Any = None

    def __iter__(self) -> Iterator[dict[str, float]]:
        right = self.rng.random(N_IMAGES) < self.share
        self.answers = right if self.tells else None
        yield {"val_accuracy": float(right.mean())}


def space_file(**changes: Any) -> dict[str, Any]:
    return {
        **BASE,
        "study": "gain",
        "objective": f"{__name__}:Classifies",
        "settings": {},
        "metric": {"name": "val_accuracy", "direction": "maximize"},
        "budget": {"trials": 60, "until": "no_gain"},
        "sampler": {"name": "random"},
        "parameters": {"x": {"type": "float", "low": 0, "high": 1}},
        **changes,
    }


def run(studies: Path, **changes: Any) -> search.Study:
    return search.run(space_file(**changes), studies=studies, engine="inline", quiet=True)


def test_a_search_that_only_luck_could_improve_ends_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = run(tmp_path)
    assert 30 <= len(study.trials) < 60
    told = capsys.readouterr().err
    assert "gain: budget.until: 10 more trials are expected to gain 0.0" in told
    assert "less than the standard error of the best value, 0.01" in told


def test_resume_goes_on_and_looks_again(tmp_path: Path) -> None:
    first = run(tmp_path, budget={"trials": 50, "until": "no_gain"})
    n_trials = len(first.trials)
    assert n_trials < 50
    again = search.resume(first, "+30", engine="inline", quiet=True)
    assert n_trials + 15 <= len(again.trials) < n_trials + 30


def test_without_answers_it_has_no_effect_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = run(tmp_path, settings={"tells": False}, budget={"trials": 30, "until": "no_gain"})
    assert len(study.trials) == 30
    assert "gain: budget.until: had no effect: the standard error" in capsys.readouterr().err


def test_it_needs_one_metric() -> None:
    metrics = [{"name": name, "direction": "maximize"} for name in ("val_accuracy", "val_f1")]
    changes = {"metrics": metrics, "sampler": {"name": "tpe"}}
    given = {key: value for key, value in space_file(**changes).items() if key != "metric"}
    with pytest.raises(SpaceError, match=r"budget\.until: no_gain needs one metric, got 2"):
        search.check(given)


def points(n: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.random.default_rng(0).random((n, 2))


def test_gain_is_expected_where_a_slope_leads_out_of_what_was_tried() -> None:
    tried, anywhere = points(40), points(200)
    low = tried * [0.5, 1.0]
    gain = expected_gain(low, low[:, 0], anywhere, n_next=10, seed=0)
    assert gain == pytest.approx(0.5, abs=0.15)


def test_no_gain_is_expected_where_values_do_not_depend_on_points() -> None:
    noise = np.random.default_rng(1).normal(0.9, 0.01, 40)
    assert expected_gain(points(40), noise, points(200), n_next=10, seed=0) < 0.005
    assert expected_gain(points(40), np.full(40, 0.9), points(200), n_next=10, seed=0) < 0.005


def test_the_rule_neither_draws_in_vain_nor_measures(tmp_path: Path) -> None:
    parameters = {name: {"type": "float", "low": 0, "high": 1} for name in ("x", "y")}
    study = run(
        tmp_path,
        parameters=parameters,
        constraints=["y <= 0.03", "size <= 2"],
        budget={"trials": 32, "until": "no_gain"},
        objective=f"{__name__}:Measured",
        settings={"log": str(tmp_path / "measured")},
    )
    assert len(study.trials) >= 30
    n_measured = len((tmp_path / "measured").read_text().splitlines())
    assert n_measured < 2 * len(study.trials)


class Measured(Classifies):
    """Counts how often it is asked to measure a point."""

    def __init__(self, params: dict[str, Any], log: str = "", seed: int = 0) -> None:
        super().__init__(params, seed=seed)

    @staticmethod
    def measure(params: dict[str, Any], log: str = "") -> dict[str, float]:
        with Path(log).open("a") as file:
            file.write("measured\n")
        return {"size": params["x"]}
