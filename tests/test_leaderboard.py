"""The leaderboard: stable columns, ranks, sorting, and its way into files and tables."""

import json
from pathlib import Path

import optuna
import pytest

from search.columns import COLUMNS
from search.errors import StudyError
from search.studies.driver import StudyDriver
from search.studies.export import EXPORT_FORMATS, write_leaderboard
from search.studies.leaderboard import leaderboard_rows
from search.studies.trials import Epoch, Failure
from search.summaries.leaderboard import leaderboard_findings
from search.summaries.study import (
    ahead_lines,
    counts_text,
    failure_lines,
    studies_part,
    study_facts,
    study_parts,
)
from tests.conftest import make_spec
from tests.reports import told


@pytest.fixture
def study(tmp_path: Path) -> StudyDriver:
    """Three complete trials, a pruned one, two failed ones and one that still runs."""
    spec = make_spec(
        parameters={
            "x": {"type": "float", "low": 0.0, "high": 1.0},
            "mode": {"type": "categorical", "choices": ["a", None, 3]},
            "decay": {"type": "float", "low": 0.0, "high": 1.0, "when": {"mode": "a"}},
        },
        start_from=[{"x": i / 10, "mode": mode} for i, mode in enumerate(["a", None, 3] * 2)],
    )
    study = StudyDriver.create(spec, tmp_path)
    ends = ["complete", "complete", "prune", "complete", "fail", "fail", "run"]
    for number, end in enumerate(ends):
        trial = study.ask()
        assert trial is not None
        if end != "fail":
            metrics: dict[str, float | int | None] = {
                "score": number / 10,
                "val_loss": 0.5,
                "zeta": 1,
                "n_parameters": 12345,
            }
            study.report(number, Epoch(1, metrics, 0.5, 0.5))
        if end == "fail":
            study.fail(number, 0.1, Failure("infeasible", "the kernel | 7x7_must & fit"))
        elif end != "run":
            getattr(study, end)(number, 0.5)
    return study


def test_rows_columns_are_stable(study: StudyDriver) -> None:
    rows = leaderboard_rows(study)
    metrics = ["val_loss", "n_parameters", "score", "zeta"]
    parameters = ["params_x", "params_mode", "params_decay"]
    assert len(rows) == 7
    assert all(list(row) == [*COLUMNS, *metrics, *parameters, "reason"] for row in rows)


def test_rows_rank_counts_complete_trials(study: StudyDriver) -> None:
    rows = leaderboard_rows(study)
    assert [(row["rank"], row["trial"]) for row in rows] == [
        *[(1, 3), (2, 1), (3, 0)],
        *[(None, 2), (None, 6), (None, 4), (None, 5)],
    ]


def test_rows_state_and_reason(study: StudyDriver) -> None:
    reasons = {row["state"]: row["reason"] for row in leaderboard_rows(study)}
    assert reasons == {
        "COMPLETE": "",
        "PRUNED": "pruned at epoch 1",
        "RUNNING": "",
        "FAIL": "infeasible: the kernel | 7x7_must & fit",
    }


def test_rows_parameter_that_does_not_exist_is_none(study: StudyDriver) -> None:
    rows = {row["trial"]: row for row in leaderboard_rows(study)}
    assert rows[0]["params_decay"] is not None
    assert rows[1]["params_decay"] is None


@pytest.mark.parametrize(
    ("sort", "trials"), [("x", [0, 1, 2, 3]), ("-params_x", [3, 2, 1, 0]), ("trial", [0, 1, 2, 3])]
)
def test_rows_sort_by_any_column(study: StudyDriver, sort: str, trials: list[int]) -> None:
    got = [row["trial"] for row in leaderboard_rows(study, sort=sort) if row["trial"] < 4]
    assert got == trials


def test_rows_sort_by_mixed_choices_goes_by_their_text_and_none_last(study: StudyDriver) -> None:
    got = [row["trial"] for row in leaderboard_rows(study, sort="mode") if row["trial"] < 6]
    assert got == [2, 5, 3, 0, 1, 4]  # 3, 3, a, a, None, None; each by rank


def test_rows_unknown_column_is_an_error(study: StudyDriver) -> None:
    with pytest.raises(StudyError, match="--sort: a column must be given, got 'vale'"):
        leaderboard_rows(study, sort="vale")


@pytest.mark.parametrize("format_name", EXPORT_FORMATS)
def test_export_writes_every_format_also_of_an_empty_study(
    tmp_path: Path, study: StudyDriver, format_name: str
) -> None:
    for rows in (leaderboard_rows(study), []):
        write_leaderboard(rows, format_name, tmp_path / "out")
        assert (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_export_json_keeps_every_value(study: StudyDriver) -> None:
    rows = leaderboard_rows(study)
    assert json.loads(EXPORT_FORMATS["json"](rows)) == rows


def test_export_markdown_and_latex_escape(study: StudyDriver) -> None:
    rows = leaderboard_rows(study)
    assert "the kernel \\| 7x7\\_must & fit" in EXPORT_FORMATS["md"](rows).decode()
    assert "7x7\\_must \\& fit" in EXPORT_FORMATS["latex"](rows).decode()


def test_export_unwritable_file_is_one_line(tmp_path: Path, study: StudyDriver) -> None:
    path = tmp_path / "missing" / "out.csv"
    with pytest.raises(StudyError, match=r"out\.csv: the file must be writable"):
        write_leaderboard(leaderboard_rows(study), "csv", path)


def test_view_wide_is_one_table(study: StudyDriver) -> None:
    lines = told(leaderboard_findings(study).parts, 300).splitlines()
    assert lines[0].split() == ["best", "val"]
    heads = ["rank", "trial", "state", "score", "epoch", "loss", "weights", "seconds"]
    assert lines[1].split() == [*heads, "x", "mode", "decay"]
    assert lines[3].split()[:8] == ["1", "3", "COMPLETE", "0.3000", "1", "0.5000", "12,345", "0.5"]
    assert not any("FAIL" in line for line in lines)


@pytest.mark.parametrize("width", [24, 40, 60])
def test_view_narrow_goes_on_in_further_tables(study: StudyDriver, width: int) -> None:
    text = told(leaderboard_findings(study).parts, width)
    assert text.count("rank") > 1
    assert "…" not in text
    assert all(name in text for name in ("score", "weights", "mode", "decay"))


def test_view_all_trials_when_no_top_is_given(study: StudyDriver) -> None:
    assert told(leaderboard_findings(study, top=None).parts, 300).count("FAIL") == 2


def test_view_empty_study(tmp_path: Path) -> None:
    study = StudyDriver.create(make_spec(study="empty"), tmp_path)
    assert told(leaderboard_findings(study).parts, 80).strip() == "no trials"
    assert "trials      no trials" in told(study_parts(study), 80)


def test_counts_and_failures(study: StudyDriver) -> None:
    trials = study.trials()
    assert counts_text(trials) == "7 trials: 3 complete, 1 pruned, 2 failed, 1 running"
    assert failure_lines(trials) == ["2 x infeasible: the kernel | 7x7_must & fit"]


def test_interrupted_trial_that_is_ahead_is_named(
    study: StudyDriver,
) -> None:
    assert ahead_lines(study) == []  # trial 6 is still running
    study.interrupt(6, 0.5, "the time budget was spent")
    (line,) = ahead_lines(study)
    assert line.startswith("trial 6 is ahead of what is complete: 0.6000 when it was interrupted")
    assert "trial 6 is ahead" in told(study_parts(study), 80)
    study.optuna_study.tell(6, state=optuna.trial.TrialState.FAIL)
    assert ahead_lines(study) == []


def test_studies_table_counts_by_state(study: StudyDriver) -> None:
    line = next(
        line for line in told([studies_part([study_facts(study)])]).splitlines() if "toy" in line
    )
    assert line.split()[:8] == ["toy", "7", "3", "1", "2", "1", "0.3000", "score"]
