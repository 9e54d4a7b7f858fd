"""Trials as steps: what each changed from the one before, and what it brought."""

import json
from pathlib import Path

import pytest

from search.commands.comparing import ladder
from search.errors import StudyError
from search.studies.reader import StudyReader
from search.summaries.ladder import ladder_facts, ladder_part
from search.summaries.layout import WRITERS
from tests.processes import command_in
from tests.reports import assert_golden, fill, make_study, run, told

STEPS = [0, 1, 2, 3]


@pytest.fixture
def study(tmp_path: Path) -> StudyReader:
    return fill(make_study(tmp_path))


@pytest.mark.parametrize("name", WRITERS)
def test_ladder_is_written_as_kept(study: StudyReader, name: str) -> None:
    assert_golden(WRITERS[name]([ladder_part(ladder_facts(study, STEPS))]), f"ladder.{name}")


def test_ladder_text_and_facts_are_as_kept(study: StudyReader) -> None:
    facts = ladder_facts(study, STEPS)
    assert_golden(told([ladder_part(facts)], 100), "ladder.text")
    assert_golden(json.dumps(facts, indent=2), "ladder.json")


def test_step_tells_null_from_a_parameter_that_does_not_exist(study: StudyReader) -> None:
    steps = ladder_facts(study, [0, 1])["steps"]
    assert steps[1]["changed"] == [
        {"name": "filters", "old": 16, "new": 32},
        {"name": "pool", "old": None, "new": "max"},
        {"name": "pool_size", "new": 2},
    ]
    text = told([ladder_part(ladder_facts(study, [0, 1]))], 100)
    assert "pool: null → max" in text
    assert "pool_size: – → 2" in text


def test_step_of_lower_values_is_better_where_they_are_minimized(tmp_path: Path) -> None:
    study = make_study(tmp_path, metric={"name": "val_loss", "direction": "minimize"})
    for accuracy in (0.5, 0.75, 0.25):
        run(study, [accuracy])
    steps = ladder_facts(study, [0, 1, 2, 2])["steps"]
    assert [step["better"] for step in steps] == [None, True, False, None]
    assert [step["value_change"] for step in steps] == [None, -0.25, 0.5, 0.0]
    assert steps[3]["changed"] == []


def test_ladder_of_one_trial_is_shown_with_a_sentence(study: StudyReader) -> None:
    facts = ladder_facts(study, [1])
    assert facts["notes"] == ["a ladder needs at least two trials"]
    assert [step["trial"] for step in facts["steps"]] == [1]


def test_ladder_of_failed_trials_says_why(study: StudyReader) -> None:
    facts = ladder_facts(study, [5, 6])
    assert facts["notes"] == [
        "trial 5 is FAIL: error: no such layer: pool_9 & 50%",
        "trial 6 is FAIL: infeasible: the kernel | does not fit",
        "no trial is evaluated on the test split, see `search evaluate`",
    ]
    lines = told([ladder_part(facts)], 100).splitlines()
    assert lines[5].split() == ["step", "trial", "changed"]


def test_trials_that_do_not_exist_are_named_and_nothing_is_printed(
    study: StudyReader, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StudyError) as error:
        ladder("toy", [0, 12, 1], studies=study.folder.parent, as_json=True)
    assert str(error.value) == "toy: a trial from 0 to 6 must be given, got 12"
    assert capsys.readouterr().out == ""


def test_trial_that_has_not_begun_is_said(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="^toy: trial 0 has not begun$"):
        ladder_facts(make_study(tmp_path), [0])


def test_command_line_prints_markdown(study: StudyReader, tmp_path: Path) -> None:
    flags = ["--format", "md", "--studies", str(study.folder.parent)]
    result = command_in(tmp_path)("ladder", "toy", "0", "1", "2", "3", *flags)
    assert result.returncode == 0
    assert_golden(result.stdout, "ladder.md")
    assert result.stderr == f"next: search compare toy 0 3 --studies {study.folder.parent}\n"
