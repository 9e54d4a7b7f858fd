"""What each parameter mattered: seeded, of complete trials, and silent where there is nothing."""

from pathlib import Path
from typing import Any

import pytest

from search.studies.driver import StudyDriver
from search.summaries import importance
from search.summaries.importance import FEWEST_TRIALS, importance_facts
from search.summaries.summary import summary_facts, summary_parts
from tests.reports import make_study, report, told

PARAMETERS: dict[str, Any] = {
    "x": {"type": "float", "low": 0.0, "high": 1.0},
    "noise": {"type": "float", "low": 0.0, "high": 1.0},
    "mode": {"type": "categorical", "choices": ["a", "b"]},
    "only_a": {"type": "float", "low": 0.0, "high": 1.0, "when": {"mode": "a"}},
    "fixed": {"type": "categorical", "choices": [1]},
}


def make(studies: Path, n_trials: int, **sections: Any) -> StudyDriver:
    """Make a study in which only x matters."""
    studies.mkdir(exist_ok=True)
    study = make_study(studies, **{"parameters": PARAMETERS, "start_from": [], **sections})
    for number in range(n_trials):
        trial = study.ask()
        assert trial
        report(study, number, [trial.params["x"] / 2])
        study.complete(number, 0.5)
    return study


def test_importance_finds_what_mattered(tmp_path: Path) -> None:
    (facts,) = importance_facts(make(tmp_path, 30))
    assert list(facts["importances"])[0] == "x"
    assert facts["importances"].keys() == {"x", "noise", "mode"}
    assert sum(facts["importances"].values()) == pytest.approx(1, abs=1e-5)
    assert facts["importances"]["x"] > 0.8
    assert (facts["n_trials"], facts["seed"], facts["note"]) == (30, 1, "")
    assert 0 < facts["only_in"]["only_a"] < 30


def test_importance_is_the_same_twice(tmp_path: Path) -> None:
    study = make(tmp_path, 12)
    assert importance_facts(study) == importance_facts(study)


def test_importance_is_shown_with_the_trials_behind_it(tmp_path: Path) -> None:
    facts = summary_facts(make(tmp_path, 12))
    lines = told(summary_parts(facts), 200).splitlines()
    place = lines.index("What mattered for val_accuracy")
    assert lines[place + 1] == "fANOVA over 12 complete trials, seed 1"
    n_having = facts["importance"][0]["only_in"]["only_a"]
    assert lines[place + 2] == (
        f"not judged, as only some of these trials have it: only_a ({n_having})"
    )
    assert lines[place + 6].startswith("x ")


def test_importance_of_few_trials_is_not_told(tmp_path: Path) -> None:
    (facts,) = importance_facts(make(tmp_path, FEWEST_TRIALS - 1))
    assert facts["importances"] == {}
    assert facts["note"] == "at least 10 complete trials are needed, there are 9"


def test_importance_of_equal_values_is_not_told(tmp_path: Path) -> None:
    study = make_study(tmp_path, start_from=[])
    for number in range(10):
        assert study.ask()
        report(study, number, [0.5])
        study.complete(number, 0.5)
    (facts,) = importance_facts(study)
    assert facts["note"] == "all complete trials have the same value"


def test_importance_without_a_parameter_that_all_have_is_not_told(tmp_path: Path) -> None:
    fixed = {"fixed": {"type": "categorical", "choices": [1]}}
    study = make_study(tmp_path, start_from=[], parameters=fixed, sampler={"name": "random"})
    for number in range(10):
        assert study.ask()
        report(study, number, [0.5 + number / 100])
        study.complete(number, 0.5)
    (facts,) = importance_facts(study)
    assert facts["note"] == "no parameter of several values exists in all complete trials"


def test_importance_of_many_trials_is_that_of_some_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "MOST_TRIALS", 12)
    study = make(tmp_path, 15)
    (facts,) = importance_facts(study)
    assert (facts["n_trials"], facts["n_complete"]) == (12, 15)
    assert importance_facts(study) == [facts]
    text = told(summary_parts(summary_facts(study)), 200)
    assert "fANOVA over 12 of 15 complete trials, seed 1" in text
