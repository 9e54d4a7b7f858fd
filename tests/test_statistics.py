"""Statistics against values counted by hand, and against what they promise, by simulation."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from search.statistics.paired import (
    Answers,
    accuracy_error,
    compare_answers,
    compare_scores,
    holm,
    images_needed,
    mcnemar,
    resampled_means,
)
from search.statistics.selection import optimism_of_best, tied_with_first


def classifiers(accuracies: list[float], n_images: int, seed: int) -> Answers:
    """Draw `(K, N)` answers of classifiers that find the same images hard."""
    generator = np.random.default_rng(seed)
    hardness = generator.normal(size=n_images)
    own = generator.normal(size=(len(accuracies), n_images))
    known: Answers = (
        np.sqrt(0.7) * hardness + np.sqrt(0.3) * own < stats.norm.ppf(accuracies)[:, None]
    )
    return known


def best_first(rows: Answers) -> list[Answers]:
    return [rows[place] for place in np.argsort(-rows.mean(axis=1), kind="stable")]


def test_accuracy_error_is_that_of_a_proportion() -> None:
    answers = np.arange(10_000) < 9_700
    assert accuracy_error(answers) == pytest.approx(np.sqrt(0.97 * 0.03 / 10_000), rel=0.01)


def test_accuracy_error_of_a_perfect_score_is_not_zero() -> None:
    assert 0.003 < accuracy_error(np.ones(288, dtype=bool)) < 0.006


@pytest.mark.parametrize(
    ("gained", "lost", "p_value"),
    [(0, 0, 1.0), (1, 0, 1.0), (6, 0, 2 / 64), (0, 6, 2 / 64), (7, 1, 18 / 256), (5, 5, 1.0)],
)
def test_mcnemar_is_a_fair_coin_over_the_images_that_differ(
    gained: int, lost: int, p_value: float
) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p_value)


@pytest.mark.parametrize(("gained", "lost"), [(40, 61), (300, 250), (4_000, 4_200)])
def test_mcnemar_is_the_binomial_test_of_scipy(gained: int, lost: int) -> None:
    theirs = stats.binomtest(gained, gained + lost).pvalue
    assert mcnemar(gained, lost) == pytest.approx(theirs, rel=1e-9)


def test_one_image_of_288_shows_no_difference() -> None:
    first = np.arange(288) < 285
    second = np.arange(288) < 284
    difference = compare_answers(first, second)
    assert difference.value == pytest.approx(1 / 288)
    assert difference.low < 0 < difference.high
    assert not difference.is_shown


def test_compare_answers_turned_round_turns_the_signs() -> None:
    first, second = classifiers([0.95, 0.9], 500, seed=0)
    ahead, behind = compare_answers(first, second), compare_answers(second, first)
    assert behind.p_value == ahead.p_value
    assert (behind.value, behind.low) == pytest.approx((-ahead.value, -ahead.high))


def test_interval_of_answers_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(400):
        difference = compare_answers(*classifiers([0.95, 0.93], 300, seed))
        held += difference.low <= 0.02 <= difference.high
    assert 0.92 <= held / 400 <= 0.99


def test_scores_are_compared_as_answers_are() -> None:
    first, second = classifiers([0.95, 0.9], 800, seed=1)
    by_answers = compare_answers(first, second)
    by_scores = compare_scores(first.astype(float), second.astype(float))
    assert by_scores.value == pytest.approx(by_answers.value)
    assert by_scores.low == pytest.approx(by_answers.low, abs=0.004)
    assert by_scores.is_shown == by_answers.is_shown


def test_scores_that_are_equal_show_no_difference() -> None:
    scores: NDArray[np.float64] = np.linspace(0, 1, 50)
    assert compare_scores(scores, scores).p_value == 1.0


@pytest.mark.parametrize("n_images", [1, 5])
def test_scores_of_few_images_show_no_difference(n_images: int) -> None:
    assert not compare_scores(np.ones(n_images), np.zeros(n_images)).is_shown


def test_many_images_are_drawn_as_often_as_few_are() -> None:
    generator = np.random.default_rng(0)
    few: NDArray[np.float64] = generator.normal(size=(1, 400))
    many = np.tile(few, 5)  # five times the images: the error of the mean falls by root five
    spreads = [resampled_means(each, seed=1).std() for each in (few, many)]
    assert spreads[0] / spreads[1] == pytest.approx(np.sqrt(5), rel=0.1)
    assert spreads[0] == pytest.approx(few.std() / 20, rel=0.1)


def test_clear_lead_is_told_among_hundreds_of_scores() -> None:
    generator = np.random.default_rng(0)
    rows = list(generator.normal(size=(300, 600)) + generator.normal(size=600))
    rows[0] = rows[0] + 1.0
    assert sum(tied_with_first(rows)) == 1


def test_images_needed_for_scores_show_the_difference_four_times_in_five() -> None:
    generator = np.random.default_rng(0)
    scores: NDArray[np.float64] = generator.normal(size=(2, 100_000)) + [[0.1], [0.0]]
    needed = images_needed(*scores)
    assert needed == pytest.approx(2 * (1.96 + 0.84) ** 2 / 0.1**2, rel=0.1)


def test_holm_of_one_comparison_is_that_comparison() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_images_needed_show_the_difference_four_times_in_five() -> None:
    first, second = classifiers([0.95, 0.93], 200_000, seed=2)
    needed = images_needed(first, second)
    assert needed is not None
    shown = [
        compare_answers(*classifiers([0.95, 0.93], needed, seed)).is_shown for seed in range(300)
    ]
    assert 0.72 <= np.mean(shown) <= 0.88


def test_images_needed_for_equals_is_no_number() -> None:
    answers = np.arange(10) < 5
    assert images_needed(answers, ~answers) is None


def test_the_first_is_tied_with_itself() -> None:
    assert tied_with_first([np.array([True, False])]) == [True]


@pytest.mark.parametrize("n_images", [288, 2_000])
def test_the_true_best_is_tied_with_the_best_that_was_found(n_images: int) -> None:
    kept = 0
    for seed in range(200):
        rows = classifiers([0.97, *[0.965] * 4], n_images, seed)
        order = np.argsort(-rows.mean(axis=1), kind="stable")
        tied = tied_with_first([rows[place] for place in order])
        kept += tied[list(order).index(0)]
    assert kept / 200 >= 0.95


def test_two_equals_are_told_apart_in_one_of_twenty_at_most() -> None:
    apart = [
        not all(tied_with_first(best_first(classifiers([0.97, 0.97], 2_000, seed))))
        for seed in range(400)
    ]
    assert np.mean(apart) <= 0.07


def test_a_clear_lead_is_told() -> None:
    rows = best_first(classifiers([0.97, 0.93, 0.93], 2_000, seed=3))
    assert tied_with_first(rows) == [True, False, False]


def test_optimism_is_what_the_luckiest_of_equals_gains() -> None:
    estimates, gains = [], []
    for seed in range(60):
        rows = classifiers([0.97] * 10, 288, seed)
        estimates.append(optimism_of_best(rows))
        gains.append(rows.mean(axis=1).max() - 0.97)
    # It is of the candidates' own luck; that all of them met easy images it cannot know.
    assert 0.4 <= np.mean(estimates) / np.mean(gains) <= 1.3


def test_optimism_of_one_is_none() -> None:
    assert optimism_of_best(classifiers([0.9], 300, seed=0)) < 0.001


def test_optimism_is_what_drawing_all_images_for_all_gives() -> None:
    rows = classifiers([0.97] * 10, 288, seed=4)
    draws = np.random.default_rng(1).integers(288, size=(20_000, 288))
    means = np.stack([row[draws].mean(axis=1) for row in rows], axis=1)
    best = means.argmax(axis=1)
    gains = means[np.arange(len(means)), best] - rows.mean(axis=1)[best]
    assert optimism_of_best(rows) == pytest.approx(gains.mean(), rel=0.1)


def test_optimism_does_not_grow_by_candidates_far_behind() -> None:
    rows = classifiers([*[0.97] * 5, *[0.7] * 50], 500, seed=5)
    assert optimism_of_best(rows) == pytest.approx(optimism_of_best(rows[:5]), abs=1e-9)


def test_many_candidates_take_two_seconds_at_most() -> None:
    rows = classifiers([0.97] * 100 + [0.9] * 900, 10_000, seed=6)
    began = time.perf_counter()
    optimism_of_best(rows)
    assert sum(tied_with_first(best_first(rows))) < 200
    assert time.perf_counter() - began < 2.0
