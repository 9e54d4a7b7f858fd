"""How trials ended, and what pruning saved."""

from typing import Any

import pytest
from optuna.study import StudyDirection

from search.studies.trials import Failure, Trial
from search.summaries.endings import ending_facts, lost_best_note, saving_facts


def trial(number: int, state: str, n_epochs: int, **fields: Any) -> Trial:
    known = {"seconds": 2.0 * n_epochs, "value": 0.5, "best_epoch": 1, **fields}
    return Trial(
        number=number, state=state, params={}, n_epochs=n_epochs, metrics={}, seed=0, **known
    )


def failed(number: int, kind: Any, reason: str) -> Trial:
    return trial(number, "FAIL", 0, failure=Failure(kind, reason))


TRIALS = [
    trial(0, "COMPLETE", 10),
    trial(1, "COMPLETE", 8, stop_reason="no better for 3 epochs"),
    trial(2, "PRUNED", 2),
    trial(3, "PRUNED", 5),
    trial(4, "PRUNED", 2),
    failed(5, "error", "no such layer"),
    failed(6, "infeasible", "13 brings bad luck"),
    failed(7, "error", "no such layer"),
    failed(8, "out_of_memory", "3 GB"),
    trial(9, "INTERRUPTED", 1, seconds=None, failure=Failure("interrupted", "Ctrl-C")),
]


def test_endings_are_counted_with_their_reasons() -> None:
    facts = ending_facts(TRIALS)
    assert facts == {
        "n_trials": 10,
        "complete": {"n": 2, "share": 0.2},
        "pruned": {
            **{"n": 3, "share": 0.3},
            "after_epochs": [{"n": 2, "epoch": 2}, {"n": 1, "epoch": 5}],
        },
        "failed": {
            **{"n": 3, "share": 0.3},
            "reasons": [
                {"n": 2, "reason": "error: no such layer"},
                {"n": 1, "reason": "out_of_memory: 3 GB"},
            ],
        },
        "infeasible": {
            **{"n": 1, "share": 0.1},
            "reasons": [{"n": 1, "reason": "infeasible: 13 brings bad luck"}],
        },
        "running": {"n": 0, "share": 0.0},
        "interrupted": {"n": 1, "share": 0.1},
    }


def test_endings_of_no_trials_have_no_shares() -> None:
    assert ending_facts([])["complete"] == {"n": 0, "share": None}


def test_savings_are_the_epochs_that_pruned_trials_did_not_train() -> None:
    # 8 + 5 + 8 epochs of 2 s each; 28 were trained.
    assert saving_facts(TRIALS, 10) == {
        "full_epochs": 10,
        "trained_epochs": 28,
        "saved_epochs": 21,
        "saved_seconds": 42.0,
        "share": 21 / 49,
    }


def test_savings_without_a_known_length_take_the_longest_complete_trial() -> None:
    assert saving_facts(TRIALS, None) == saving_facts(TRIALS, 10)
    assert saving_facts(TRIALS[2:], None) is None


def test_savings_without_a_pruned_trial_are_none() -> None:
    assert saving_facts(TRIALS[:2], 10) is None


def test_savings_of_trials_that_ran_longer_than_a_full_one_are_not_negative() -> None:
    facts = saving_facts([trial(0, "PRUNED", 6)], 4)
    assert facts
    assert facts["saved_epochs"] == 0


@pytest.mark.parametrize("state", ["PRUNED", "FAIL"])
def test_lost_best_trial_is_named(state: str) -> None:
    trials = [trial(0, "COMPLETE", 4, value=0.75), trial(2, state, 2, value=0.9, best_epoch=2)]
    maximize = {"val_accuracy": StudyDirection.MAXIMIZE}
    assert lost_best_note(trials, maximize) == (
        "the best val_accuracy of all, 0.9000, is that of trial 2 at epoch 2, which is "
        f"{state}: only complete trials are ranked"
    )
    minimize = {"val_loss": StudyDirection.MINIMIZE}
    assert lost_best_note(trials, minimize) is None
    assert lost_best_note(trials[1:], maximize) is None
