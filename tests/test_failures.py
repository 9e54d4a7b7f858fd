"""Which failures in a row end a run."""

import pytest

from search.running.failures import FailurePolicy
from search.spaces.spec import FailuresSpec
from search.studies.trials import Failure
from tests.conftest import RunStudy

NO_LAYER = Failure("error", "RuntimeError: no such layer")
NO_FILE = Failure("error", "FileNotFoundError: data.npz")
DIVERGED = Failure("non_finite", "epoch 1: loss is nan")
TOO_LARGE = Failure("infeasible", "the kernel 7x7 must fit")


def ends_after(failures: list[Failure | None], max_failures: int = 3) -> tuple[int, str] | None:
    """Count the trials after which a run ends, and say why; None stands for a good trial."""
    policy = FailurePolicy(FailuresSpec(max_failures=max_failures))
    for n_trials, failure in enumerate(failures, start=1):
        if failure is None:
            policy.trial_succeeded()
        elif reason := policy.trial_failed(failure):
            return n_trials, reason
    return None


@pytest.mark.parametrize(
    ("failures", "n_trials"),
    [
        ([NO_LAYER] * 9, 3),
        ([NO_LAYER, NO_LAYER, None, NO_LAYER, NO_LAYER, NO_LAYER], 6),
        ([NO_FILE, NO_FILE, NO_LAYER, NO_LAYER, NO_LAYER], 5),
        ([NO_LAYER, DIVERGED, NO_LAYER, TOO_LARGE, NO_LAYER], 5),
    ],
)
def test_one_reason_in_a_row_ends_the_run(failures: list[Failure | None], n_trials: int) -> None:
    assert ends_after(failures) == (
        n_trials,
        "stopped after 3 failed trials in a row (failures.max_failures): error: RuntimeError: "
        "no such layer",
    )


@pytest.mark.parametrize(
    "failures", [[NO_LAYER, NO_FILE] * 9, [DIVERGED] * 9, [TOO_LARGE] * 9, [NO_LAYER, None] * 9]
)
def test_other_failures_do_not_add_up(failures: list[Failure | None]) -> None:
    assert ends_after(failures) is None


def test_diverging_trials_do_not_end_a_healthy_run(run_study: RunStudy) -> None:
    study = run_study(
        "inline",
        objective="tests.toys:misbehaving",
        parameters={"way": {"type": "categorical", "choices": ["nan", "well"]}},
        start_from=[{"way": "nan"}] * 6,
        budget={"trials": 8},
        failures={"max_failures": 3},
    )
    states = [trial.state for trial in study.trials()]
    assert states.count("FAIL") >= 6
    assert len(states) == 8
