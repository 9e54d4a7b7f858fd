"""Studies of several metrics, from the space file to the front that is shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from search.columns import COLUMNS
from search.errors import ObjectiveError, StudyError
from search.progress.terminal import Progress
from search.running.engines import inline
from search.running.run import Run
from search.running.session import extend_study
from search.spaces.pruners import PRUNERS
from search.studies.driver import StudyDriver
from search.studies.export import EXPORT_FORMATS
from search.studies.leaderboard import leaderboard_rows
from search.studies.queue import enqueue_point, informing_trials, retry_trials, warm_start
from search.studies.space_change import change_space
from search.studies.trials import Epoch, Failure, Trial
from search.summaries.space import space_part
from search.summaries.study import studies_part, study_facts, study_parts
from search.summaries.trial import trial_parts
from tests.conftest import BASE, RunStudy, make_spec
from tests.reports import told

METRICS = [
    {"name": "score", "direction": "maximize"},
    {"name": "cost", "direction": "minimize"},
]
TRADED: dict[str, Any] = {
    "objective": "tests.toys:traded",
    "settings": {"epochs": 6},
    "metrics": METRICS,
    "budget": {"trials": 30},
    "sampler": {"name": "tpe", "seed": 1, "n_startup_trials": 6},
    "pruner": {"name": "asha", "reduction_factor": 3},
    "parameters": {
        "x": {"type": "float", "low": 0.0, "high": 1.0},
        "waste": {"type": "float", "low": 0.0, "high": 1.0},
    },
}
POINTS = {0: (0.9, 9.0), 1: (0.8, 2.0), 2: (0.5, 1.5), 3: (0.2, 1.0), 4: (0.7, 3.0), 5: (0.1, 9)}
"""Score and cost by trial; 4 is dominated by 1, and 5 by all."""


def spec_of(**sections: Any) -> Any:
    return make_spec(**{**TRADED, **sections})


@pytest.fixture(autouse=True)
def _one_metric_of_the_base_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(BASE, "metric")


def finish(study: StudyDriver, score: float, cost: float) -> int:
    trial = study.ask()
    assert trial is not None
    study.report(trial.number, Epoch(1, {"score": score, "cost": cost}, 0.1, 0.1))
    study.complete(trial.number, 0.1)
    return trial.number


@pytest.fixture
def study(tmp_path: Path) -> StudyDriver:
    """Complete trials at `POINTS`, a pruned one and a failed one."""
    study = StudyDriver.create(spec_of(sampler={"name": "random"}), tmp_path)
    for score, cost in POINTS.values():
        finish(study, score, cost)
    for _ in range(2):
        assert study.ask()
    study.report(6, Epoch(1, {"score": 1.0, "cost": 0.0}, 0.1, 0.1))
    study.prune(6, 0.1)
    study.fail(7, 0.1, Failure("error", "no such layer"))
    return study


def run_on(study: StudyDriver) -> StudyDriver:
    run = Run(study, Progress(Console(stderr=True)))
    inline.run_trials(run, None)
    assert run.error is None
    return study


def by_number(study: StudyDriver) -> list[Trial]:
    return sorted(study.trials(), key=lambda trial: trial.number)


def test_run_prunes_by_the_first_metric_and_finds_a_front(run_study: RunStudy) -> None:
    study = run_study("inline", **TRADED)
    trials = by_number(study)
    assert {trial.state for trial in trials} == {"COMPLETE", "PRUNED"}
    assert len(trials) == 30
    for trial in trials:
        assert trial.value == trial.metrics["score"] == max(trial.values.values())
        frozen = study.optuna_study.trials[trial.number]
        wanted = [trial.metrics["score"], trial.metrics["cost"]]
        assert frozen.values == (wanted if trial.state == "COMPLETE" else None)
    facts = study_facts(study)
    assert facts["metrics"] == {"score": "maximize", "cost": "minimize"}
    assert facts["knee"] in facts["front"]
    ended = {t.number: t.values for t in study.optuna_study.trials if t.values}
    for number in facts["front"]:
        score, cost = ended[number]
        assert not any(values[0] > score and values[1] < cost for values in ended.values())


@pytest.mark.parametrize("pruner", PRUNERS)
def test_run_every_pruner_works_beside_tpe(run_study: RunStudy, pruner: str) -> None:
    study = run_study("inline", **{**TRADED, "pruner": {"name": pruner}})
    states = [trial.state for trial in study.trials()]
    assert states.count("COMPLETE") + states.count("PRUNED") == 30
    assert ("PRUNED" in states) == (pruner != "none")


def test_run_of_one_metric_in_a_list_equals_one_without(run_study: RunStudy) -> None:
    listed = run_study("inline", metrics=METRICS[:1])
    alone = run_study("inline", metric=METRICS[0])
    assert [(r.params, r.values) for r in listed.trials()] == [
        (r.params, r.values) for r in alone.trials()
    ]
    assert leaderboard_rows(listed)[0].keys() == leaderboard_rows(alone)[0].keys()
    assert "metrics:" not in listed.space_file.read_text()


@pytest.mark.parametrize("name", ["tpe", "nsgaii", "random", "gp"])
def test_run_that_is_extended_equals_a_longer_one(run_study: RunStudy, name: str) -> None:
    options = {"population_size": 4} if name == "nsgaii" else {}
    sampler = {"name": name, "seed": 2, **options}
    whole = run_study("inline", **{**TRADED, "sampler": sampler, "budget": {"trials": 24}})
    part = run_study("inline", **{**TRADED, "sampler": sampler, "budget": {"trials": 11}})
    reopened = StudyDriver.open(str(part.folder), part.folder.parent)
    extend_study(reopened, "+13", [])
    longer = run_on(reopened)
    assert [(r.params, r.values, r.state) for r in by_number(longer)] == [
        (r.params, r.values, r.state) for r in by_number(whole)
    ]


@pytest.mark.parametrize("reduce", ["best", "last"])
def test_values_are_all_of_the_epoch_that_counts(tmp_path: Path, reduce: str) -> None:
    metrics = [{**METRICS[0], "reduce": reduce}, METRICS[1]]
    study = StudyDriver.create(spec_of(metrics=metrics, pruner={"name": "none"}), tmp_path)
    assert study.ask()
    for epoch, (score, cost) in enumerate([(0.1, 5.0), (0.7, 4.0), (0.3, 3.0)], start=1):
        study.report(0, Epoch(epoch, {"score": score, "cost": cost}, 0.1, 0.1))
    study.complete(0, 0.1)
    values = {"best": [0.7, 4.0], "last": [0.3, 3.0]}[reduce]
    assert study.optuna_study.trials[0].values == values
    assert study.trial(0).best_epoch == {"best": 2, "last": 3}[reduce]


def test_epoch_without_one_of_the_metrics_ends_the_run(run_study: RunStudy) -> None:
    metrics = [METRICS[0], {"name": "price", "direction": "minimize"}]
    with pytest.raises(ObjectiveError) as error:
        run_study("inline", **{**TRADED, "metrics": metrics})
    assert str(error.value) == (
        "metrics[1].name: a metric that the objective reports must be given, got 'price'; "
        "it reports cost, done, score"
    )


def test_rows_go_by_front_and_then_by_the_first_metric(study: StudyDriver) -> None:
    rows = leaderboard_rows(study)
    assert [(row["rank"], row["front"], row["trial"]) for row in rows] == [
        *[(1, 1, 0), (2, 1, 1), (3, 1, 2), (4, 1, 3), (5, 2, 4), (6, 3, 5)],
        *[(None, None, 6), (None, None, 7)],
    ]
    assert list(rows[0])[:3] == ["rank", "front", "trial"]
    assert [c for c in rows[0] if c != "front"][: len(COLUMNS)] == COLUMNS


def test_export_has_the_front(study: StudyDriver) -> None:
    lines = EXPORT_FORMATS["csv"](leaderboard_rows(study)).decode().splitlines()
    assert lines[0].startswith("rank,front,trial,state,value,best_epoch,")
    assert lines[5].startswith("5,2,4,COMPLETE,0.7,1,")
    assert lines[8].startswith(",,7,FAIL,")


def test_facts_name_front_and_knee(study: StudyDriver) -> None:
    facts = study_facts(study)
    assert (facts["front"], facts["knee"]) == ([0, 1, 2, 3], 1)
    assert (facts["best"], facts["best_trial"], facts["metric"]) == (0.9, 0, "score")
    assert json.loads(json.dumps(facts)) == facts
    assert "score, cost" in told([studies_part([facts])])


def test_study_view_shows_the_front_with_its_knee(study: StudyDriver) -> None:
    lines = told(study_parts(study), 200).splitlines()
    assert "metrics     score, maximize; cost, minimize" in lines
    start = lines.index(next(line for line in lines if line.startswith("Pareto front")))
    assert lines[start + 1].endswith("in another: score (maximize), cost (minimize)")
    assert [line.split() for line in lines[start + 3 : start + 9]] == [
        ["trial", "score", "cost"],
        [lines[start + 4].split()[0]],
        ["0", "0.9000", "9.0000"],
        ["1", "0.8000", "2.0000", "knee"],
        ["2", "0.5000", "1.5000"],
        ["3", "0.2000", "1.0000"],
    ]
    head = next(line for line in lines if "rank" in line).split()
    assert head[:6] == ["rank", "front", "trial", "state", "score", "cost"]
    assert "            2.0000 (cost)" in told(trial_parts(study, study.trial(1))).splitlines()


def test_study_without_a_complete_trial_can_be_shown(tmp_path: Path) -> None:
    study = StudyDriver.create(spec_of(), tmp_path)
    assert (study_facts(study)["front"], study_facts(study)["knee"]) == ([], None)
    assert "Pareto" not in told(study_parts(study), 200)


def test_space_view_names_all_metrics() -> None:
    text = told([space_part(spec_of())])
    assert "metrics     score, maximize; cost, minimize, best epoch" in text.splitlines()


def test_checkpoints_kept_are_those_of_the_best_by_rank(run_study: RunStudy) -> None:
    metrics = [METRICS[0], {"name": "place", "direction": "minimize"}]
    settings = {"epochs": 3}
    objective = "tests.wandering:Wandering"
    study = run_study("inline", objective=objective, settings=settings, metrics=metrics, keep=2)
    kept = {int(path.parent.name) for path in (study.folder / "trials").rglob("best.pt")}
    assert kept == {trial.number for trial in study.trials()[:2]}


def test_reopened_study_has_the_same_metrics(study: StudyDriver) -> None:
    again = StudyDriver.open("toy", study.folder.parent)
    assert again.spec == study.spec
    assert again.directions == study.directions
    assert [trial.number for trial in again.trials()] == [0, 1, 2, 3, 4, 5, 6, 7]


def test_points_are_queued_and_failed_trials_tried_again(study: StudyDriver) -> None:
    enqueue_point(study, {"x": 0.5, "waste": 0.0})
    assert retry_trials(study, [], None) == [7]
    assert finish(study, 0.95, 3.0) == 8
    assert study.trial(8).params == {"x": 0.5, "waste": 0.0}
    assert study_facts(study)["front"] == [8, 1, 2, 3]


@pytest.mark.parametrize("name", ["tpe", "nsgaii"])
def test_changed_space_keeps_fronts(study: StudyDriver, name: str) -> None:
    wider = {**TRADED["parameters"], "x": {"type": "float", "low": 0.0, "high": 3.0}}
    spec = spec_of(parameters=wider, sampler={"name": name})
    changed = change_space(study, spec, [])
    assert study_facts(changed)["front"] == [0, 1, 2, 3]
    finish(changed, 0.85, 2.0)
    assert study_facts(changed)["front"] == [0, 8, 2, 3]


def test_changed_metrics_are_refused(study: StudyDriver) -> None:
    with pytest.raises(StudyError) as error:
        change_space(study, spec_of(metrics=METRICS[::-1]), [])
    assert str(error.value) == (
        "--space: metrics must stay as it is, so that trials can be compared; got "
        "[{name: cost, direction: minimize}, {name: score, direction: maximize}], it was "
        "[{name: score, direction: maximize}, {name: cost, direction: minimize}]; "
        "start a new study by `search run`"
    )


@pytest.mark.parametrize("name", ["tpe", "nsgaii"])
def test_warm_start_carries_all_values(study: StudyDriver, tmp_path: Path, name: str) -> None:
    options = {"population_size": 6} if name == "nsgaii" else {}
    spec = spec_of(study="new", sampler={"name": name, **options})
    new = StudyDriver.create(spec, tmp_path)
    assert warm_start(new, study) == 7
    informing = informing_trials(new.optuna_study, new.space)
    assert [t.values for t in informing[:6]] == [list(p) for p in POINTS.values()]
    assert finish(new, 0.5, 0.5) == 0
    assert [trial.number for trial in new.trials()] == [0]


def test_warm_start_from_other_metrics_is_refused(study: StudyDriver, tmp_path: Path) -> None:
    other = StudyDriver.create(spec_of(study="new", metrics=METRICS[::-1]), tmp_path)
    with pytest.raises(StudyError) as error:
        warm_start(other, study)
    assert str(error.value) == (
        "--warm-start toy: the metrics must be cost, minimize; score, maximize, "
        "got score, maximize; cost, minimize"
    )
