"""What the screen shows of studies of all kinds, and how its keys find trials; no terminal."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from search.progress.screen.app import StudyScreen, assignments_of
from search.progress.screen.canvas import Canvas
from search.progress.screen.charts import axis_of, value_axis
from search.progress.screen.rows import arranged, columns_of, fits
from search.progress.screen.study_view import Actions, StudyView
from search.spaces.spec import Spec
from search.studies.driver import StudyDriver
from search.studies.reader import StudyReader
from search.studies.trials import Epoch, Failure, Metrics, Trial
from tests.conftest import BASE, RunStudy, make_spec

WIDE, NARROW = (200, 50), (80, 24)


def refuse(*args: object) -> str:
    raise AssertionError(args)


ACTIONS = Actions(refuse, refuse, refuse, refuse, refuse, refuse)


def shown(study: StudyReader, *keys: str, size: tuple[int, int] = WIDE) -> str:
    """Give what a study's screen shows once some keys were pressed."""

    async def look() -> str:
        app = StudyScreen(StudyView(study), ACTIONS, 60.0)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
            return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

    return asyncio.run(look())


def numbers(seen: str) -> list[int]:
    """Read the numbers of the trials in the order of the table on a narrow screen."""
    lines = seen.splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("trial")) + 1
    words = [line.split() for line in lines[begin:]]
    return [int(line[0]) for line in words if line and line[0].isdigit()]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> StudyDriver:
    """Make a study of two metrics and sixty trials, every sixth pruned, every tenth failed."""
    parameters = {
        "optimizer": {"type": "categorical", "choices": ["sgd", "adamw"]},
        "momentum": {"type": "float", "low": 0.5, "high": 0.99, "when": {"optimizer": "sgd"}},
        "batch_size": {"type": "int", "low": 16, "high": 256, "log": True},
    }
    metrics = [
        {"name": "val_accuracy", "direction": "maximize"},
        {"name": "n_weights", "direction": "minimize"},
    ]
    keys = {name: value for name, value in BASE.items() if name != "metric"}
    spec = Spec.model_validate({**keys, "metrics": metrics, "parameters": parameters})
    study = StudyDriver.create(spec, tmp_path_factory.mktemp("studies"))
    for number in range(60):
        assert study.ask()
        if number % 10 == 7:
            study.fail(number, 0.1, Failure("out_of_memory", "no memory left"))
            continue
        for epoch in range(1, 4):
            reached = (1 - (number - 33) ** 2 / 5000) * (1 - 0.5**epoch)
            reported: Metrics = {"val_accuracy": reached, "val_loss": 1 - reached}
            reported["n_weights"] = number
            study.report(number, Epoch(epoch, reported, 0.1, 0.1 * epoch))
        if number % 6 == 2:
            study.prune(number, 0.3)
        else:
            study.complete(number, 0.3)
    return study


def test_a_wide_screen_shows_all_panes_of_a_study_of_several_metrics(large: StudyDriver) -> None:
    seen = shown(large)
    assert all(f"─ {name}" in seen for name in ("trials", "trial 59", "best so far", "workers"))
    assert "not running" in seen
    assert "accuracy weights" in seen
    assert f"(trial {large.trials()[0].number})" in seen


def test_a_study_without_trials_says_so(tmp_path: Path) -> None:
    study = StudyDriver.create(make_spec(), tmp_path)
    assert "no trial has begun yet" in shown(study, "b", "m", "v", "e", "escape", "down", "x")


def test_keys_choose_sort_and_turn(large: StudyDriver) -> None:
    best = large.trials()[0].number
    assert numbers(shown(large, size=NARROW))[:3] == [59, 58, 57]
    assert numbers(shown(large, "r", size=NARROW))[:3] == [0, 1, 2]
    by_value = numbers(shown(large, ">", ">", size=NARROW))
    values = [large.trial(number).value for number in by_value]
    assert values == sorted(values, key=lambda value: -(value or 0.0))
    assert f"─trial {best}─" in shown(large, "b", "tab", size=NARROW)
    assert "─trial 57─" in shown(large, "down", "j", "tab", size=NARROW)


def test_a_filter_is_typed_and_taken_back(large: StudyDriver) -> None:
    words = "/", *"state=fail"
    failed = {trial.number for trial in large.trials() if trial.state == "FAIL"}
    assert set(numbers(shown(large, *words, "enter", size=NARROW))) <= failed
    assert numbers(shown(large, "f", size=NARROW)) == numbers(shown(large, *words, size=NARROW))
    assert numbers(shown(large, *words, "escape", size=NARROW))[0] == 59
    assert "no trial fits the filter" in shown(large, "/", *"nowhere", "enter", size=NARROW)


def test_metrics_and_parameters_are_gone_through(large: StudyDriver) -> None:
    assert "val_accuracy by epoch" in shown(large, "b")
    assert "n_weights by epoch" in shown(large, "b", "m", "m")
    assert "value by optimizer" in shown(large)
    assert "value by momentum" in shown(large, "v")
    assert "value by batch_size" in shown(large, "V")


def test_a_failure_is_shown_as_it_is_written_with_its_last_lines(tmp_path: Path) -> None:
    study = StudyDriver.create(make_spec(), tmp_path)
    trial = study.ask()
    assert trial
    traceback = "Traceback [/red]\n  line 1\nValueError: no [bold]layer[/bold] \x1b[2J"
    study.fail(trial.number, 0.1, Failure("error", "ValueError: no [bold]layer\x1b[2J", traceback))
    seen = shown(study, "tab", size=NARROW)
    assert "error: ValueError: no [bold]layer\\x1b[2J" in seen
    assert "Traceback [/red]" in seen
    assert "ValueError: no [bold]layer[/bold] \\x1b[2J" in seen
    assert "\x1b" not in seen


def test_a_confirmation_shows_candidates_and_repetitions(
    run_study: RunStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.api.confirming import confirm

    study = run_study("inline", objective="tests.toys:seeded")
    confirmation = confirm(study.folder, top=2, seeds=2, engine="inline", quiet=True)
    seen = shown(confirmation.reader)
    assert "candidate" in seen
    assert "repetition" in seen


def test_help_fits_a_narrow_screen(large: StudyDriver) -> None:
    assert "Ctrl-C  leave the screen" in shown(large, "?", size=NARROW)
    assert "trial▼" in shown(large, "?", "?", size=NARROW)


def made(number: int, params: dict[str, Any], value: float | None = None) -> Trial:
    return Trial(number, "COMPLETE", params, value, 1, 1, {}, 1.0, 0)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", [3, 2, 1, 0]),
        ("adam", [2, 0]),
        ("ADAM x<0.5", [0]),
        ("optimizer=adam", [0]),
        ("x>=0.5", [2, 1]),
        ("score>0.8 x<1", [2, 1]),
        ("x>much", []),
        ("nowhere>1", []),
    ],
)
def test_words_filter(words: str, expected: list[int]) -> None:
    spec = make_spec()
    trials = [
        made(0, {"x": 0.25, "optimizer": "adam"}, 0.7),
        made(1, {"x": 0.5, "optimizer": "sgd"}, 0.9),
        made(2, {"x": 0.75, "optimizer": "adamw"}, 0.85),
        made(3, {"optimizer": "sgd"}),
    ]
    columns = columns_of(spec, trials)
    found = arranged(trials, columns, columns[0], turned=False, words=words)
    assert [trial.number for trial in found] == expected
    assert all(fits(trial, columns, words) for trial in found)


def test_trials_without_a_value_come_last_in_either_order() -> None:
    spec = make_spec()
    trials = [made(0, {"x": 1.0}), made(1, {"x": 2.0}, 0.5), made(2, {"x": 3.0}, 0.6)]
    columns = columns_of(spec, trials)
    value = next(column for column in columns if column.name == "score")
    for turned, expected in [(False, [2, 1, 0]), (True, [1, 2, 0])]:
        found = arranged(trials, columns, value, turned=turned, words="")
        assert [trial.number for trial in found] == expected


def test_a_variant_begins_with_the_point_as_it_was() -> None:
    from search.api.studies import _values

    point = {"x": 1e-05, "n": 3, "name": "max pool", "flag": True, "text": "true", "none": None}
    import shlex

    assert _values(shlex.split(assignments_of(made(0, point)))) == point


def test_a_canvas_sets_its_corners() -> None:
    canvas = Canvas(2, 1)
    for x, y in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        canvas.dot(x, y, "red")
    assert [line.plain for line in canvas.lines()] == ["⡁⢈"]
    canvas = Canvas(2, 1)
    canvas.line((0, 1), (1, 1), "red")
    assert [line.plain for line in canvas.lines()] == ["⠉⠉"]


def test_values_far_off_do_not_press_the_others_flat() -> None:
    axis = value_axis([*[0.9 + n / 1000 for n in range(30)], 0.001])
    assert axis.low > 0.8
    assert axis_of([3.0]).share(3.0) == 0.5
