"""Candidates compared over few seeds: what is known to be true is told, and nothing else."""

import numpy as np
import pytest

from search.statistics.repeated import (
    Numbers,
    compare_repeated,
    image_covariance,
    mean_reach,
    race,
    undominated,
)
from tests.benchmarks.confirmation import EQUAL, LADDER, Setting, replay


def drawn(means: list[float], n_repetitions: int, noise: float = 0.01, seed: int = 0) -> Numbers:
    """Draw the values of candidates, each repetition a little easier or harder for all."""
    generator = np.random.default_rng(seed)
    blocks = generator.normal(0, 0.05, (n_repetitions, 1))
    return np.array(means) + blocks + generator.normal(0, noise, (n_repetitions, len(means)))


def test_equals_are_told_apart_in_at_most_five_percent() -> None:
    apart = [
        not compare_repeated(drawn([0.9] * 5, 6, seed=seed)).tied().all() for seed in range(1_000)
    ]
    assert 0.03 <= np.mean(apart) <= 0.07  # as often as the level says, neither more nor less


def test_intervals_hold_together() -> None:
    means = [0.9, 0.89, 0.88]
    inside = []
    for seed in range(500):
        found = compare_repeated(drawn(means, 4, seed=seed))
        off = (found.means[:, None] - found.means) - np.subtract.outer(means, means)
        inside.append((np.abs(off) <= found.reach()).all())
    assert 0.92 <= np.mean(inside) <= 0.98


def test_what_is_hard_of_a_repetition_is_no_noise() -> None:
    values = np.array([[0.90, 0.89], [0.60, 0.591], [0.95, 0.939], [0.30, 0.29]])
    assert compare_repeated(values).tied().tolist() == [True, False]


def test_images_make_an_error_that_seeds_do_not_take_away() -> None:
    values = drawn([0.9, 0.88], 40, noise=0.001)
    assert not compare_repeated(values).tied()[1]
    answers = [np.random.default_rng(seed).random((2, 100)) < 0.9 for seed in range(40)]
    assert compare_repeated(values, image_covariance([answers[0]] * 40, None)).tied()[1]


def test_images_drawn_anew_count_as_a_sample_of_all() -> None:
    answers = [np.random.default_rng(seed).random((2, 100)) < 0.9 for seed in range(5)]
    covariance = image_covariance(answers, 500)
    of_each = np.mean([np.cov(one, bias=True) for one in answers], axis=0)
    assert covariance == pytest.approx(of_each / 500)


def test_chances_of_being_the_best_sum_to_one_and_fall_with_the_mean() -> None:
    found = compare_repeated(drawn([0.9, 0.897, 0.89], 6, noise=0.004))
    assert found.p_best.sum() == pytest.approx(1)
    order = np.argsort(-found.means)
    assert (np.diff(found.p_best[order]) <= 0).all()


def test_two_equal_differences_are_no_certainty() -> None:
    found = compare_repeated(np.array([[0.5, 0.4], [0.6, 0.5]]))
    assert found.tied().tolist() == [True, True]
    assert not found.can_tell


def test_four_equal_differences_are_told_apart() -> None:
    found = compare_repeated(np.array([[0.5, 0.4], [0.6, 0.5], [0.3, 0.2], [0.4, 0.3]]))
    assert found.tied().tolist() == [True, False]


def test_equals_share_the_chance_of_being_the_best() -> None:
    found = compare_repeated(np.ones((3, 4)))
    assert found.p_best.tolist() == [0.25] * 4


@pytest.mark.parametrize("n_candidates", [2, 3])
@pytest.mark.parametrize("n_images", [20, 100])
def test_few_images_seldom_make_a_lead_between_equals(n_candidates: int, n_images: int) -> None:
    leads = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        found = race(generator.binomial(n_images, 0.9, (6, n_candidates)) / n_images, 6)
        tied = found.standing is None or found.standing.tied().all()
        leads.append(bool(found.beaten) or not tied)
    assert np.mean(leads) <= 0.07


def test_one_that_is_noisier_seldom_makes_a_lead_between_equals() -> None:
    leads = []
    for seed in range(200):
        values = np.random.default_rng(seed).normal(0, [5.0, 1.0, 1.0], (6, 3))
        found = race(values, 6)
        tied = found.standing is None or found.standing.tied().all()
        leads.append(bool(found.beaten) or not tied)
    assert np.mean(leads) <= 0.08


def test_interval_of_a_mean_holds_in_95_percent() -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(0.9, 0.01, (2_000, 4))
    inside = [abs(row.mean() - 0.9) <= mean_reach(list(row)) for row in rows]
    assert 0.93 <= np.mean(inside) <= 0.97


def test_race_drops_who_is_far_behind_and_keeps_the_others() -> None:
    found = race(drawn([0.9, 0.899, 0.7], 6, noise=0.003), 6)
    assert found.left == [0, 1]
    assert found.beaten[2].after < 6
    assert found.beaten[2].standing.behind[2] == pytest.approx(0.2, abs=0.03)


def test_race_ends_when_one_is_left() -> None:
    found = race(drawn([0.9, 0.7, 0.6], 6, noise=0.003), 6)
    assert (found.ending, found.left) == ("one left", [0])
    assert found.standing is None


def test_race_waits_for_whoever_lacks_a_repetition() -> None:
    values = drawn([0.9, 0.899, 0.7], 6, noise=0.003)
    values[1:, 1] = np.nan
    found = race(values, 6)
    assert (found.n_judged, found.ending, found.beaten) == (1, "running", {})


def test_race_ends_once_the_tied_are_known_precisely() -> None:
    values = drawn([0.9, 0.9], 6, noise=0.0001)
    assert race(values[:4], 6, precision=0.5).ending == "precise"
    assert race(values[:2], 6, precision=0.5).ending == "running"


def test_race_with_nobody_left_is_not_judged() -> None:
    found = race(drawn([0.9, 0.8], 3), 3, out=[0, 1])
    assert (found.left, found.n_judged, found.standing) == ([], 0, None)


def test_race_of_one_runs_to_its_end() -> None:
    values = drawn([0.9], 3)
    assert race(values[:2], 3).ending == "running"
    assert race(values, 3).ending == "spent"


def test_race_leaves_out_who_has_failed() -> None:
    values = drawn([0.9, 0.899, 0.898], 3)
    values[1:, 0] = np.nan
    found = race(values, 3, out=[0])
    assert (found.left, found.n_judged, found.ending) == ([1, 2], 3, "spent")


def test_front_drops_who_is_worse_in_one_metric_and_better_in_none() -> None:
    first = drawn([0.9, 0.8, 0.7], 5, noise=0.001)
    second = drawn([0.5, 0.6, 0.4], 5, noise=0.001, seed=1)
    assert undominated([first, second], [None, None]).tolist() == [True, True, False]


def test_front_keeps_who_differs_by_few_images_only() -> None:
    values = drawn([0.9, 0.89], 6, noise=0.0001)
    answers = np.random.default_rng(0).random((2, 100)) < 0.9
    covariance = image_covariance([answers] * 6, None)
    assert undominated([values, values], [None, None]).tolist() == [True, False]
    assert undominated([values, values], [covariance, covariance]).all()


@pytest.mark.parametrize(
    "setting", [Setting(EQUAL, 288, 0.003), Setting(EQUAL, 10_000, 0.01)], ids=["few", "many"]
)
def test_simulated_equals_are_rarely_told_apart(setting: Setting) -> None:
    told = replay(setting, 150)
    assert told.split <= 0.08
    assert told.kept >= 0.95


def test_simulated_best_is_kept_and_nearly_found() -> None:
    told = replay(Setting(LADDER, 2_000, 0.003), 100)
    assert told.kept >= 0.95
    assert told.leader_regret <= 0.75 * told.top_regret
    assert told.spent <= 0.85
