"""`search confirm`: the best trials again with new seeds, and what is said of them."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import search
from search.studies.reader import StudyReader
from tests.processes import Search, command_in, start

SKILLED = """\
study: toy
objective: tests.confirming:Skilled
settings: {epochs: 2}
metric: {name: val_accuracy, direction: maximize}
budget: {trials: 6}
sampler: {name: grid}
pruner: {name: none}
resources: {gpus_per_trial: 0}
parameters:
  skill: {type: categorical, choices: [0.7, 0.95, 0.94, 0.5, 0.3, 0.2]}
"""
SEEDED = """\
study: toy
objective: tests.confirming:seeded
metric: {name: score, direction: maximize}
budget: {trials: 4}
sampler: {name: random}
pruner: {name: none}
resources: {gpus_per_trial: 0}
parameters:
  x: {type: float, low: 0, high: 1}
  y: {type: float, low: 0, high: 1}
"""

MINIMIZED = SEEDED.replace("name: score, direction: maximize", "name: cost, direction: minimize")


@pytest.fixture
def searched(tmp_path: Path) -> Callable[..., Search]:
    """Run a search in a folder and give the command there."""

    def run(space: str = SKILLED) -> Search:
        command = command_in(tmp_path)
        (tmp_path / "toy.yaml").write_text(space)
        done = command("run", "toy.yaml", "--engine", "inline", "--quiet")
        assert done.returncode == 0, done.stderr
        return command

    return run


def confirm(command: Search, *options: str) -> "subprocess.CompletedProcess[str]":
    return command("confirm", "toy", "--engine", "inline", "--quiet", *options)


def facts_of(command: Search, *options: str) -> dict[str, Any]:
    done = confirm(command, *options, "--json")
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def without(space: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in space
        space = space.replace(old, new)
    return space


def test_verdict_names_the_tied_the_beaten_and_the_gain(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    start_from = "start_from: [{skill: 0.5}]\n"
    command = searched(SKILLED + start_from)
    facts = facts_of(command, "--top", "3", "--seeds", "4")
    by_skill = {one["params"]["skill"]: one for one in facts["candidates"]}
    assert sorted(by_skill) == [0.5, 0.7, 0.94, 0.95]
    assert facts["leader"] == str(by_skill[0.95]["trial"])
    assert by_skill[0.95]["tied"]
    assert by_skill[0.94]["tied"]
    assert by_skill[0.7]["dropped_after"]
    assert by_skill[0.7]["dropped_after"] < 4
    assert facts["default"] == str(by_skill[0.5]["trial"])
    assert facts["gain"]["low"] > 0.3
    for one in facts["candidates"]:
        assert one["low"] < one["mean"] < one["high"]
        assert one["said"] - one["mean"] == pytest.approx(one["optimism"])
    assert sum(one["p_best"] for one in facts["candidates"] if not one["dropped_after"]) == (
        pytest.approx(1)
    )


def test_every_seed_is_new_and_the_same_for_all_candidates(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    command = searched()
    before = (tmp_path / "studies/toy/study.journal").read_bytes()
    facts_of(command, "--top", "2", "--seeds", "3")
    assert (tmp_path / "studies/toy/study.journal").read_bytes() == before
    study = search.open("toy", tmp_path / "studies")
    confirmation = search.open("toy.confirm", tmp_path / "studies")
    seeds: dict[int | None, set[tuple[int, int | None]]] = {}
    for trial in confirmation.trials:
        seeds.setdefault(trial.repetition, set()).add((trial.seed, trial.split_seed))
    assert set(seeds) == {0, 1, 2}
    assert all(len(of_one) == 1 for of_one in seeds.values())
    assert len(set.union(*seeds.values())) == 3
    assert not {seed for of_one in seeds.values() for seed, _ in of_one} & {
        trial.seed for trial in study.trials
    }
    leaderboard = confirmation.leaderboard()
    assert set(leaderboard["confirms"]) == {trial.number for trial in study.trials[:2]}
    assert set(leaderboard["repetition"]) == {1, 2, 3}
    shown = command("show", "toy.confirm", "0").stdout
    assert f"repeats     trial {study.best.number} of toy, seed 1 of 3\n" in shown


def test_second_call_trains_nothing_and_further_ones_only_what_is_new(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    command = searched()
    first = facts_of(command, "--top", "2", "--seeds", "2")
    again = facts_of(command, "--top", "2", "--seeds", "2")
    assert again == first
    reader = StudyReader.open("toy.confirm", tmp_path / "studies")
    assert len(reader.trials()) == 4
    more = facts_of(command, "--top", "2", "--seeds", "3", "--include", "4")
    assert len(more["candidates"]) == 3
    assert {one["trial"] for one in first["candidates"]} < {o["trial"] for o in more["candidates"]}
    values = {one["trial"]: one["values"] for one in more["candidates"]}
    for one in first["candidates"]:
        assert values[one["trial"]][:2] == one["values"]


def test_further_candidate_with_fewer_seeds_is_trained(searched: Callable[..., Search]) -> None:
    command = searched()
    facts_of(command, "--top", "2", "--seeds", "5")
    facts = facts_of(command, "--top", "2", "--seeds", "2", "--include", "4")
    assert sorted(len(one["values"]) for one in facts["candidates"]) == [2, 2, 2]


def test_all_that_are_equal_end_the_race_early(searched: Callable[..., Search]) -> None:
    command = searched(without(SKILLED, ("0.7, 0.95, 0.94, 0.5, 0.3, 0.2", "0.95, 0.951, 0.952")))
    facts = facts_of(command, "--seeds", "12")
    assert facts["n_seeds"] < 12
    assert facts["ending"] == "more seeds are not expected to tell the candidates left apart"
    assert len(facts["tied"]) == 3


def test_cheapest_near_the_leader_is_recommended(searched: Callable[..., Search]) -> None:
    command = searched(
        without(
            SKILLED,
            ("choices: [0.7, 0.95, 0.94, 0.5, 0.3, 0.2]}", "choices: [0.95, 0.6]}"),
        )
        + "  width: {type: categorical, choices: [9, 2, 5]}\n"
    )
    done = confirm(command, "--top", "3", "--seeds", "3")
    facts = facts_of(command, "--top", "3", "--seeds", "3")
    chosen = next(o for o in facts["candidates"] if str(o["trial"]) == facts["recommended"])
    assert chosen["params"] == {"skill": 0.95, "width": 2}
    assert f"take trial {chosen['trial']}: trials " in done.stdout
    assert "200 weights" in done.stdout


def test_killed_confirmation_goes_on_to_the_same_facts(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    whole = facts_of(searched(), "--top", "3", "--seeds", "3")
    studies = tmp_path / "studies"
    (studies / "toy.confirm").rename(tmp_path / "toy.confirm")
    process = start(tmp_path, "confirm", "toy", "--engine", "inline", "--top", "3", "--seeds", "3")
    journal = studies / "toy.confirm/study.journal"
    while not journal.exists() or journal.read_bytes().count(b'"step":') < 5:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.kill()
    process.communicate()
    again = facts_of(command_in(tmp_path), "--top", "3", "--seeds", "3")
    for facts in (whole, again):
        del facts["recommended"], facts["gain"]  # by seconds, as there are no weights that differ
        for one in facts["candidates"]:
            del one["seconds"]
    assert again == whole


def test_ray_gives_the_same_values(searched: Callable[..., Search], tmp_path: Path) -> None:
    command = searched()
    inline = facts_of(command, "--top", "2", "--seeds", "2")
    (tmp_path / "studies/toy.confirm").rename(tmp_path / "toy.confirm")
    process = start(tmp_path, "confirm", "toy", "--top", "2", "--seeds", "2", "-w", "2", "--json")
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    by_trial = [
        {one["trial"]: one["values"] for one in facts["candidates"]}
        for facts in (inline, json.loads(stdout))
    ]
    assert by_trial[0] == by_trial[1]


def test_interrupted_confirmation_tells_what_it_knows(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    searched(without(SKILLED, ("epochs: 2", "epochs: 2, sleep_s: 0.3")))
    process = start(tmp_path, "confirm", "toy", "--engine", "inline", "--seeds", "9")
    journal = tmp_path / "studies/toy.confirm/study.journal"
    while not journal.exists() or b'"step":' not in journal.read_bytes():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "no verdict: 5 candidates must have had 2 seeds each, got " in stdout
    assert "continue with `search resume toy.confirm`" in stderr
    done = command_in(tmp_path)("list")
    assert "toy.confirm" in done.stdout


def test_candidate_that_fails_with_a_new_seed_is_out(searched: Callable[..., Search]) -> None:
    command = searched(without(SKILLED, ("epochs: 2", "epochs: 2, fails_at: 0.95")))
    done = confirm(command, "--top", "3", "--seeds", "2")
    assert done.returncode == 0, done.stderr
    assert "failed with a new seed: error: RuntimeError: no luck" in done.stdout
    facts = facts_of(command, "--top", "3", "--seeds", "2")
    failed = facts["candidates"][-1]
    assert failed["params"] == {"skill": 0.95}
    assert not failed["tied"]
    assert facts["recommended"] != str(failed["trial"])


def test_metric_without_images_is_told_of_seeds_only(searched: Callable[..., Search]) -> None:
    command = searched(SEEDED)
    done = confirm(command, "--seeds", "3")
    assert done.returncode == 0, done.stderr
    assert "intervals tell of the seeds only, and not of how few the images are" in done.stdout
    assert "the validation images stay the same" in done.stdout
    facts = facts_of(command, "--seeds", "3")
    assert facts["tied"] == [facts["leader"]] == [facts["recommended"]]


def test_metric_to_minimize_takes_the_lowest(searched: Callable[..., Search]) -> None:
    facts = facts_of(searched(MINIMIZED), "--seeds", "2")
    means = [one["mean"] for one in facts["candidates"]]
    assert means == sorted(means)
    assert facts["recommended"] == str(facts["candidates"][0]["trial"])


def test_several_metrics_are_confirmed_as_a_front(searched: Callable[..., Search]) -> None:
    space = without(
        SEEDED,
        (
            "metric: {name: score, direction: maximize}",
            "metrics: [{name: score, direction: maximize}, {name: cost, direction: minimize}]",
        ),
        ("budget: {trials: 4}", "budget: {trials: 12}"),
    )
    command = searched(space)
    done = confirm(command, "--seeds", "3", "--include", "0")
    assert done.returncode == 0, done.stderr
    assert "on the Pareto front after 3 seeds: trial" in done.stdout
    facts = facts_of(command, "--seeds", "3", "--include", "0")
    assert facts["recommended"] is None
    assert facts["tied"]
    points = {str(one["trial"]): one["metrics"] for one in facts["candidates"]}
    for name in facts["tied"]:
        mine = points[name]
        clearly_better = [
            other
            for other in points.values()
            if other["score"] > mine["score"] + 0.02 and other["cost"] < mine["cost"] - 0.02
        ]
        assert not clearly_better


def test_one_candidate_is_confirmed_alone(searched: Callable[..., Search]) -> None:
    command = searched(without(SKILLED, ("budget: {trials: 6}", "budget: {trials: 1}")))
    done = confirm(command, "--seeds", "2")
    assert done.returncode == 0, done.stderr
    assert "take trial 0: it is the only candidate, there was nothing to compare it with" in (
        done.stdout
    )


def test_one_seed_gives_no_verdict(searched: Callable[..., Search]) -> None:
    done = confirm(searched(), "--seeds", "1")
    assert done.returncode == 0, done.stderr
    assert "no verdict: 5 candidates must have had 2 seeds each, got 1" in done.stdout
    assert "take trial" not in done.stdout


def test_budget_too_small_for_two_seeds_gives_no_verdict(searched: Callable[..., Search]) -> None:
    done = confirm(searched(), "--budget", "0.0001s")
    assert "no verdict: 5 candidates must have had 2 seeds each, got 0" in done.stdout


def test_objective_that_no_seed_changes_is_refused(searched: Callable[..., Search]) -> None:
    space = without(SEEDED, ("confirming:seeded", "confirming:seedless"))
    done = confirm(searched(space), "--seeds", "4")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "error: toy.confirm: repetitions must differ, but those of each candidate reported the "
        "same: no seed changes what tests.confirming:seedless reports, so more of them would tell "
        "nothing more; an argument `seed` must be used, or the seeded generators"
    )
    assert "no verdict: all repetitions of a candidate are equal" in done.stdout
    assert "take trial" not in done.stdout


def test_objective_without_an_argument_seed_may_draw_from_seeded_generators(
    searched: Callable[..., Search],
) -> None:
    facts = facts_of(searched(without(SEEDED, ("confirming:seeded", "confirming:drawing"))))
    assert all(len(set(one["values"])) == len(one["values"]) for one in facts["candidates"])


def test_seed_that_the_space_file_fixes_is_not_that_of_repetitions(
    searched: Callable[..., Search],
) -> None:
    space = without(SEEDED, ("metric:", "settings: {seed: 3}\nmetric:"))
    facts = facts_of(searched(space), "--seeds", "2")
    assert all(len(set(one["values"])) == 2 for one in facts["candidates"])


def test_study_without_a_complete_trial_is_refused(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    command = searched()
    (tmp_path / "toy.yaml").write_text(without(SKILLED, ("epochs: 2", "epochs: 2, breaks: true")))
    assert command("run", "toy.yaml", "--name", "bad", "--engine", "inline").returncode == 3
    done = command("confirm", "bad", "--engine", "inline")
    assert done.returncode == 2
    assert done.stderr == "error: bad: a trial must be COMPLETE to be confirmed, none is\n"


def test_confirmation_is_not_confirmed_itself(searched: Callable[..., Search]) -> None:
    command = searched()
    facts_of(command, "--seeds", "1")
    done = command("confirm", "toy.confirm", "--engine", "inline")
    assert done.returncode == 2
    assert done.stderr == (
        "error: toy.confirm confirms toy: it is confirmed by more seeds of its own; see "
        "`search confirm toy`\n"
    )


def test_study_that_has_changed_since_is_refused(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    command = searched()
    facts_of(command, "--seeds", "1")
    (tmp_path / "toy.yaml").write_text(without(SKILLED, ("epochs: 2", "epochs: 3")))
    resumed = command("resume", "toy", "--space", "toy.yaml", "--engine", "inline", "--quiet")
    assert resumed.returncode == 0, resumed.stderr
    done = confirm(command)
    assert done.returncode == 2
    assert done.stderr == (
        "error: toy.confirm confirms another version of the space: settings must be the same; "
        "delete it by `search remove toy.confirm` to confirm the present one\n"
    )


def test_seed_of_the_study_that_changes_breaks_no_pairs(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    command = searched()
    facts_of(command, "--top", "2", "--seeds", "1")
    (tmp_path / "toy.yaml").write_text(without(SKILLED, ("grid}", "grid, seed: 5}")))
    assert command("resume", "toy", "--space", "toy.yaml", "--quiet").returncode == 0
    facts_of(command, "--top", "2", "--seeds", "1", "--include", "4")
    confirmation = search.open("toy.confirm", tmp_path / "studies")
    assert len({trial.seed for trial in confirmation.trials}) == 1


def test_study_made_anew_is_not_that_of_the_confirmation(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    command = searched(SEEDED)
    facts_of(command, "--seeds", "1")
    removed = command("remove", "toy", "--yes")
    assert removed.returncode == 0
    assert "toy.confirm, which confirms it, is left" in removed.stderr
    command("run", "toy.yaml", "--seed", "7", "--engine", "inline", "--quiet")
    assert search.open("toy", tmp_path / "studies").confirmation() is None
    done = confirm(command)
    assert done.returncode == 2
    assert done.stderr == (
        "error: toy.confirm confirms another study of the name toy; delete it by `search remove "
        "toy.confirm` to confirm the present one\n"
    )


def test_confirmation_that_is_damaged_keeps_the_report(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    command = searched()
    facts_of(command, "--seeds", "1")
    (tmp_path / "studies/toy.confirm/space.yaml").write_text(": [")
    assert command("report", "toy").returncode == 0


def test_objective_that_cannot_be_evaluated_is_refused_before_training(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    done = confirm(searched(), "--test")
    assert done.returncode == 2
    assert "to be evaluated" in done.stderr
    assert not (tmp_path / "studies/toy.confirm").exists()


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (
            ["enqueue", "toy.confirm", "skill=0.5"],
            "it takes no points but those of its",
        ),
        (["resume", "toy.confirm", "--pruner", "asha"], "its space, sampler and pruner must stay"),
        (
            ["confirm", "toy", "--include", "99"],
            "--include: toy: a trial from 0 to 5 must be",
        ),
        (["confirm", "toy", "--precision", "-1"], "--precision: a width above 0 must be given"),
    ],
)
def test_what_a_confirmation_cannot_take_is_refused(
    searched: Callable[..., Search], command: list[str], text: str
) -> None:
    run = searched()
    facts_of(run, "--seeds", "1")
    done = run(*command)
    assert done.returncode == 2
    assert text in done.stderr


def test_resume_of_a_confirmation_prints_its_verdict(searched: Callable[..., Search]) -> None:
    command = searched()
    confirm(command, "--seeds", "3", "--budget", "0.0001s")
    done = command("resume", "toy.confirm", "--time", "1h", "--engine", "inline", "--quiet")
    assert done.returncode == 0, done.stderr
    assert "Confirmation of toy" in done.stdout
    assert "take trial" in done.stdout


def test_failed_repetition_that_is_retried_counts_again(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    space = without(SKILLED, ("epochs: 2", f"epochs: 2, fails_without: {tmp_path / 'mended'}"))
    command = searched(space)
    failed = [one for one in facts_of(command, "--seeds", "2")["candidates"] if one["failure"]]
    assert failed
    (tmp_path / "mended").touch()
    done = command("retry", "toy.confirm", "--engine", "inline", "--quiet")
    assert done.returncode == 0, done.stderr
    assert not [one for one in facts_of(command, "--seeds", "2")["candidates"] if one["failure"]]


def test_summary_tells_of_the_confirmation(searched: Callable[..., Search]) -> None:
    command = searched()
    facts = facts_of(command, "--seeds", "2")
    done = command("summary", "toy", "--json")
    assert json.loads(done.stdout)["confirmation"] == facts


def test_metric_to_minimize_that_looked_too_good_is_said_to_be(
    searched: Callable[..., Search],
) -> None:
    facts = facts_of(searched(MINIMIZED), "--seeds", "2")
    for one in facts["candidates"]:
        assert one["optimism"] == pytest.approx(one["mean"] - one["said"])


def test_budget_that_is_no_time_names_its_flag(searched: Callable[..., Search]) -> None:
    done = confirm(searched(), "--budget", "soon")
    assert done.returncode == 2
    assert "--budget soon" in done.stderr


def test_report_shows_the_confirmation_and_its_plot(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    command = searched()
    facts = facts_of(command, "--seeds", "2")
    assert command("report", "toy").returncode == 0
    page = (tmp_path / "studies/toy/report.html").read_text()
    assert "Confirmation of toy" in page
    assert f"take trial {facts['recommended']}" in page
    assert "Confirmation with new seeds" in page
