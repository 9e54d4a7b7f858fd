"""The contract that every engine keeps, inline and under a real Ray."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.columns import metric_name_problem
from search.errors import ObjectiveError
from search.spaces.point_sampler import trial_seed
from search.spaces.space import Space
from search.studies.driver import StudyDriver
from search.studies.trials import Trial
from tests.conftest import RunStudy
from tests.toys import curve

GROUPS = ("/sys/fs/cgroup/memory", "/sys/fs/cgroup")


def by_number(study: StudyDriver) -> list[Trial]:
    return sorted(study.trials(), key=lambda record: record.number)


def one_of_each(*ways: str) -> dict[str, Any]:
    return {
        "objective": "tests.toys:misbehaving",
        "sampler": {"name": "grid"},
        "parameters": {"way": {"type": "categorical", "choices": list(ways)}},
        "budget": {"trials": 100},
    }


def test_objective_that_asks_is_told_its_trials_number_and_folder(
    engine: str, run_study: RunStudy
) -> None:
    study = run_study(engine, objective="tests.toys:writing", budget={"trials": 2})
    for trial in study.trials():
        assert trial.metrics["is_absolute"]
        written = study.trial_folder(trial.number) / "mine.txt"
        assert written.read_text() == f"{trial.number} score"


def test_run_params_lie_in_the_space_with_the_first_and_the_seeds_as_they_must_be(
    engine: str, run_study: RunStudy
) -> None:
    parameters = {
        "x": {"type": "float", "low": 1e-3, "high": 1.0, "log": True},
        "n": {"type": "int", "low": 2, "high": 8, "step": 2},
        "mode": {"type": "categorical", "choices": ["a", "b", None, True]},
        "only_a": {"type": "float", "low": 0.0, "high": 1.0, "when": {"mode": "a"}},
    }
    first = [{"x": x, "n": 2, "mode": "b"} for x in (0.25, 0.75)]
    study = run_study(
        engine,
        objective="tests.toys:seeded",
        parameters=parameters,
        constraints=["n * x <= 4"],
        start_from=first,
        budget={"trials": 12},
    )
    space = Space.of(study.spec)
    assert len(study.trials()) == 12
    assert all(space.contains(record.params) for record in study.trials())
    assert [record.params for record in by_number(study)[:2]] == first
    seeds = [trial_seed(1, number) for number in range(12)]
    assert [record.seed for record in by_number(study)] == seeds
    assert [record.metrics["given"] for record in by_number(study)] == seeds


@pytest.mark.parametrize(
    ("way", "kind", "reason", "n_epochs"),
    [
        ("nan", "non_finite", "epoch 3: loss is nan", 2),
        ("inf", "non_finite", "epoch 3: loss is inf", 2),
        ("raises", "error", "RuntimeError: no such layer", 2),
        ("memory", "out_of_memory", "MemoryError: no memory left", 2),
        ("infeasible", "infeasible", "the kernel 7x7 must fit", 0),
        ("silent", "error", "the objective ended before its first epoch", 0),
    ],
)
def test_run_failing_objective_is_recorded_and_the_run_goes_on(
    run_study: RunStudy, way: str, kind: str, reason: str, n_epochs: int
) -> None:
    study = run_study("inline", **one_of_each(way, "good"))
    failed, good = by_number(study)
    assert failed.state == "FAIL"
    assert failed.failure is not None
    assert (failed.failure.kind, failed.failure.reason) == (kind, reason)
    assert failed.n_epochs == n_epochs
    assert good.state == "COMPLETE"


def test_run_tries_each_point_once_and_all_kinds_of_ends_are_recorded(
    engine: str, run_study: RunStudy
) -> None:
    ways = ["nan", "raises", "infeasible", "good", "silent", "undefined", "inf", "memory"]
    study = run_study(engine, n_workers=2, **one_of_each(*ways))
    states = {record.params["way"]: record.state for record in study.trials()}
    complete = {"good", "undefined"}
    assert states == {way: "COMPLETE" if way in complete else "FAIL" for way in ways}
    assert len(study.trials()) == len(ways)
    folders = {
        record.params["way"]: study.trial_folder(record.number) for record in study.trials()
    }
    assert 'raise RuntimeError("no such layer")' in (folders["raises"] / "error.txt").read_text()
    assert not (folders["infeasible"] / "error.txt").exists()


def test_run_asha_stopped_trials_are_pruned_with_all_epochs(
    engine: str, run_study: RunStudy
) -> None:
    study = run_study(
        engine,
        n_workers=2,
        settings={"epochs": 9},
        pruner={"name": "asha", "min_epochs": 2, "reduction_factor": 2},
        budget={"trials": 16},
    )
    pruned = [record for record in study.trials() if record.state == "PRUNED"]
    assert pruned
    for record in pruned:
        assert record.n_epochs in {2, 4, 8}
        assert record.values == {
            epoch: curve(record.params["x"], epoch) for epoch in range(1, record.n_epochs + 1)
        }
        assert len(study.history(record.number)) == record.n_epochs
        assert record.reason == f"pruned at epoch {record.n_epochs}"
    assert {r.n_epochs for r in study.trials() if r.state == "COMPLETE"} == {9}


DIPPING: dict[str, Any] = {
    "objective": "tests.toys:Dipping",
    "metric": {"name": "score", "direction": "maximize", "reduce": "last"},
    "pruner": {"name": "asha", "min_epochs": 2, "reduction_factor": 2},
}


def test_run_objective_says_that_it_settles_and_why_it_stops(
    engine: str, run_study: RunStudy
) -> None:
    points = [{"x": x} for x in (0.05, 0.2, 0.3, 0.4, 0.9)]
    study = run_study(engine, **DIPPING, start_from=points, budget={"trials": len(points)})
    first, second, *_, settled = by_number(study)
    assert (first.state, first.n_epochs, first.reason) == ("COMPLETE", 1, "x is too small")
    assert (second.state, second.n_epochs, second.reason) == ("COMPLETE", 6, "")
    assert settled.state == "COMPLETE"


def test_run_trial_that_does_not_say_that_it_settles_is_pruned(run_study: RunStudy) -> None:
    points = [{"x": x} for x in (0.2, 0.3, 0.4, 0.9)]
    study = run_study("inline", **DIPPING, settings={"says_so": False}, start_from=points)
    assert study.trial(3).state == "PRUNED"


@pytest.mark.parametrize(("reduce", "value", "epoch"), [("best", 0.7, 2), ("last", 0.3, 4)])
def test_run_value_is_that_of_the_epoch_that_counts(
    run_study: RunStudy, reduce: str, value: float, epoch: int
) -> None:
    study = run_study(
        "inline",
        objective="tests.toys:humped",
        metric={"name": "score", "direction": "maximize", "reduce": reduce},
        parameters={"x": {"type": "categorical", "choices": [0.0]}},
        budget={"trials": 1},
    )
    (record,) = study.trials()
    assert (record.value, record.best_epoch, record.n_epochs) == (value, epoch, 4)


def test_run_one_worker_same_study_under_every_engine(run_study: RunStudy, engine: str) -> None:
    sections: dict[str, Any] = {
        "objective": "tests.toys:quadratic",
        "settings": {"epochs": 4},
        "sampler": {"name": "tpe", "seed": 3, "n_startup_trials": 3},
        "pruner": {"name": "asha", "reduction_factor": 2},
        "budget": {"trials": 10},
        "resources": {"gpus_per_trial": 0, "workers": 1},
    }

    def told(study: StudyDriver) -> list[tuple[object, ...]]:
        return [(r.params, r.state, r.values, r.best_epoch, r.seed) for r in by_number(study)]

    assert told(run_study(engine, **sections)) == told(run_study("inline", **sections))


def test_run_metric_never_reported_names_those_that_are(engine: str, run_study: RunStudy) -> None:
    with pytest.raises(ObjectiveError) as error:
        run_study(engine, metric={"name": "accuracy", "direction": "maximize"})
    assert str(error.value) == (
        "metric.name: a metric that the objective reports must be given, got 'accuracy'; it "
        "reports loss, pid, score"
    )


def test_run_metric_undefined_at_an_epoch_ends_the_run_and_keeps_the_epochs_before(
    run_study: RunStudy, tmp_path: Path
) -> None:
    metric = {"name": "loss", "direction": "minimize"}
    with pytest.raises(ObjectiveError) as error:
        run_study("inline", metric=metric, **one_of_each("undefined", "good"))
    assert str(error.value) == "metric.name: loss must be a number, got None at epoch 2"
    (trial,) = StudyDriver.open("toy", tmp_path / "studies_0").trials()
    assert (trial.state, trial.n_epochs) == ("FAIL", 1)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"settings": {"epoch": 3}},
            "settings: tests.toys:quadratic must accept them, it takes (params: dict[str, "
            "typing.Any], epochs: int = 5, sleep_s: float = 0.0) -> collections.abc.Iterator"
            "[typing.Any]: got an unexpected keyword argument 'epoch'",
        ),
        (
            {"objective": "tests.toys:returning"},
            "objective: tests.toys:returning must yield the metrics of each epoch, it returned "
            "one mapping of them; write `yield` in the place of `return`",
        ),
        (
            {"objective": "tests.toys:not_iterable"},
            "objective: tests.toys:not_iterable must return an iterable of metrics, got float",
        ),
        (
            {"objective": "tests.toys:no_mapping"},
            "objective: each item must be one epoch's metrics, as {'val_accuracy': 0.97}, got 0.5",
        ),
    ],
)
def test_run_useless_objective_ends_the_run_at_its_first_trial(
    run_study: RunStudy, sections: dict[str, Any], message: str
) -> None:
    with pytest.raises(ObjectiveError) as error:
        run_study("inline", **sections)
    assert str(error.value) == message


@pytest.mark.parametrize("name", ["epoch", "value", "params_x", "a\nb"])
def test_run_metric_named_as_a_column_ends_the_run_at_its_first_epoch(
    run_study: RunStudy, name: str
) -> None:
    with pytest.raises(ObjectiveError) as error:
        run_study("inline", objective="tests.toys:reporting", settings={"name": name})
    assert str(error.value) == f"objective: {metric_name_problem(name)}"


def test_run_arrays_of_one_element_count_as_numbers(run_study: RunStudy) -> None:
    study = run_study("inline", objective="tests.toys:reporting", settings={"name": "other"})
    first = study.trials()[0]
    assert list(first.values.values()) == [2, 0.25, 0.5, 0.75]
    assert (first.metrics["other"], type(first.metrics["other"])) == (3, int)


def test_run_exception_that_no_file_can_hold_fails_its_trial_only(run_study: RunStudy) -> None:
    ways = {"type": "categorical", "choices": ["half", "long", "none"]}
    study = run_study(
        "inline",
        objective="tests.toys:unrecordable",
        parameters={"way": ways},
        sampler={"name": "grid"},
        budget={"trials": 3},
    )
    half, long, none = by_number(study)
    assert half.reason == "error: ValueError: \\udcff"
    assert " characters … xxx" in long.reason
    assert len(long.reason) < 1_200
    assert none.reason == (
        "error: UnspeakableError: a message that cannot be written (RuntimeError)"
    )


def test_run_objective_that_is_no_generator_works(run_study: RunStudy) -> None:
    study = run_study(
        "inline",
        objective="tests.toys:Listing",
        settings={"values": [0.1, 0.9]},
        budget={"trials": 1},
    )
    (record,) = study.trials()
    assert record.values == {1: 0.1, 2: 0.9}


def test_run_listed_space_is_tried_in_order(run_study: RunStudy) -> None:
    study = run_study(
        "inline",
        sampler={"name": "grid"},
        parameters={"x": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.25}},
        budget={"trials": 100},
    )
    assert [record.params["x"] for record in by_number(study)] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_run_time_budget_interrupts_the_running_trial(engine: str, run_study: RunStudy) -> None:
    study = run_study(engine, settings={"epochs": 10_000, "sleep_s": 0.02}, budget={"time": 0.5})
    assert study.trials()
    for record in study.trials():
        assert record.state == "INTERRUPTED"
        assert record.reason == "interrupted: the time budget was spent"
        assert record.n_epochs >= 1


def test_run_many_trials_each_recorded_once_by_workers_in_parallel(
    engine: str, run_study: RunStudy
) -> None:
    # Trials end sooner than a worker starts; the second one must not be given up for that.
    settings = {"epochs": 2, "sleep_s": 0.05}
    n_workers = 2 if engine == "ray" else 1
    study = run_study(engine, n_workers, settings=settings, budget={"trials": 30})
    assert [record.number for record in by_number(study)] == list(range(30))
    assert {record.state for record in study.trials()} == {"COMPLETE"}
    for record in study.trials():
        assert record.values == {e: curve(record.params["x"], e) for e in (1, 2)}
    n_trials = Counter(record.metrics["pid"] for record in study.trials())
    assert len(n_trials) == n_workers
    assert min(n_trials.values()) >= 8


@pytest.mark.ray
def test_ray_worker_that_dies_is_recorded_and_the_run_goes_on(
    run_study: RunStudy, capfd: pytest.CaptureFixture[str]
) -> None:
    study = run_study("ray", 2, **one_of_each("good", "dies", "nan", "undefined"))
    assert capfd.readouterr().out == ""
    states = {record.params["way"]: record.state for record in study.trials()}
    assert states == {"good": "COMPLETE", "dies": "FAIL", "nan": "FAIL", "undefined": "COMPLETE"}
    (died,) = [r for r in study.trials() if r.failure and r.failure.kind == "worker_died"]
    assert died.params["way"] == "dies"


def test_run_trial_time_fails_a_slow_trial(engine: str, run_study: RunStudy) -> None:
    study = run_study(
        engine,
        settings={"epochs": 50, "sleep_s": 0.1},
        budget={"trials": 1, "trial_time": 0.25},
    )
    (record,) = study.trials()
    assert record.state == "FAIL"
    # At epoch 3, or earlier on a machine that is busy.
    assert re.fullmatch("timeout: longer than 0.25s at epoch [123]", record.reason)


def test_run_trial_time_leaves_out_the_start_of_a_worker(engine: str, run_study: RunStudy) -> None:
    study = run_study(
        engine,
        objective="tests.sluggish:quick",
        budget={"trials": 1, "trial_time": 0.5},
    )
    (record,) = study.trials()
    assert record.state == "COMPLETE"
    assert record.seconds is not None
    assert record.seconds < 0.5


@pytest.mark.ray
def test_ray_worker_that_dies_after_a_slow_start_has_not_timed_out(run_study: RunStudy) -> None:
    study = run_study(
        "ray",
        objective="tests.sluggish:dying",
        budget={"trials": 1, "trial_time": 0.5},
        failures={"max_retries": 0},
    )
    (record,) = study.trials()
    assert record.failure
    assert record.failure.kind == "worker_died"


@pytest.fixture
def narrow_group() -> Iterator[Path]:
    """Make a control group whose processes the kernel kills beyond some memory."""
    root = next((p for p in map(Path, GROUPS) if (p / "cgroup.procs").exists()), Path(GROUPS[0]))
    group = root / f"search_{os.getpid()}"
    try:
        group.mkdir()
        limits = [group / "memory.limit_in_bytes", group / "memory.max"]
        next(limit for limit in limits if limit.exists()).write_text(str(200 * 2**20))
    except (OSError, StopIteration):
        pytest.skip("needs the right to make a control group of memory")
    yield group
    group.rmdir()


@pytest.mark.ray
def test_ray_worker_that_the_kernel_kills_for_memory_is_tried_once_alone(
    run_study: RunStudy, narrow_group: Path, tmp_path: Path
) -> None:
    starts = tmp_path / "starts"
    study = run_study(
        "ray",
        n_workers=2,
        objective="tests.toys:greedy",
        settings={"group": str(narrow_group), "starts": str(starts)},
        budget={"trials": 3},
        start_from=[{"x": 0.9}],
    )
    (record,) = [r for r in study.trials() if r.state == "FAIL"]
    assert record.reason == "out_of_memory: the kernel killed its worker"
    assert record.params["x"] == 0.9
    assert starts.read_text() == "start start "


@pytest.mark.ray
def test_ray_trial_that_hangs_is_ended_and_the_run_goes_on(run_study: RunStudy) -> None:
    study = run_study(
        "ray",
        n_workers=2,
        objective="tests.toys:hanging",
        budget={"trials": 4, "trial_time": 1.5},
        start_from=[{"x": 0.9}],
    )
    hung, *others = sorted(study.trials(), key=lambda record: record.number)
    assert hung.reason == "timeout: longer than 1.5s at epoch 2"
    assert hung.n_epochs == 1
    assert hung.seconds == 1.5
    assert "in hanging" in (study.trial_folder(0) / "error.txt").read_text()
    assert [record.state for record in others] == ["COMPLETE"] * 3
    assert not list(study.folder.glob("trials/000[123]/error.txt"))


@pytest.mark.ray
def test_ray_trial_of_a_dead_worker_goes_on_from_its_checkpoint(run_study: RunStudy) -> None:
    study = run_study(
        "ray",
        objective="tests.wandering:Dying",
        settings={"epochs": 6, "dies_after": 2, "n_deaths": 1},
        budget={"trials": 1},
    )
    (record,) = study.trials()
    assert (record.state, record.n_epochs, record.metrics["n_starts"]) == ("COMPLETE", 6, 2)


@pytest.mark.ray
def test_ray_trial_whose_workers_keep_dying_is_recorded(run_study: RunStudy) -> None:
    study = run_study(
        "ray",
        objective="tests.wandering:Dying",
        settings={"epochs": 6, "dies_after": 1, "n_deaths": 9},
        budget={"trials": 1},
        failures={"max_retries": 1},
    )
    (record,) = study.trials()
    assert record.state == "FAIL"
    assert record.failure is not None
    assert record.failure.kind == "worker_died"
    assert record.n_epochs == 2


def test_run_trial_out_of_memory_is_tried_again_alone(
    engine: str, run_study: RunStudy, tmp_path: Path
) -> None:
    study = run_study(
        engine,
        n_workers=2,
        objective="tests.toys:crowded",
        settings={"folder": str(tmp_path), "epochs": 4},
        budget={"trials": 6},
    )
    assert [record.state for record in study.trials()] == ["COMPLETE"] * 6
