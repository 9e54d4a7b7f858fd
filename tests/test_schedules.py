"""Learning rates over a training, beside torch's own schedulers, and the counting of patience."""

import math
from typing import Any

import pytest
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
)

from objectives.errors import SettingsError
from objectives.recipe import Recipe
from objectives.schedules import SCHEDULES, Patience, ScheduleParameters, rate_factor
from objectives.training import Training
from tests.trainings import make_data

N_EPOCHS, PER_EPOCH = 10, 7
N_STEPS = N_EPOCHS * PER_EPOCH
VAL_LOSSES = [1.0, 0.8, 0.9, 0.8, 0.85, 0.7, 0.7, math.nan, 0.9, 0.8, 0.6, 0.65, 0.66, 0.67]


def factors(schedule: str, n_steps: int = N_STEPS, **parameters: Any) -> list[float]:
    given = ScheduleParameters(schedule, **parameters)
    return [rate_factor(given, step, n_steps, PER_EPOCH) for step in range(n_steps)]


def sgd() -> SGD:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def rates_of(optimizer: SGD, scheduler: LRScheduler) -> list[float]:
    rates = []
    for step in range(N_STEPS):
        if step:
            optimizer.step()
            scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def test_one_cycle_agrees_with_torch_at_each_step() -> None:
    optimizer = sgd()
    theirs = rates_of(optimizer, OneCycleLR(optimizer, max_lr=1.0, total_steps=N_STEPS))
    assert factors("one_cycle") == pytest.approx(theirs, abs=1e-6)


def test_cosine_agrees_with_torch_at_each_step() -> None:
    optimizer = sgd()
    theirs = rates_of(optimizer, CosineAnnealingLR(optimizer, T_max=N_STEPS))
    assert factors("cosine") == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("decay_epochs", [1, 3, 20])
def test_step_agrees_with_torch_at_each_step(decay_epochs: int) -> None:
    optimizer = sgd()
    theirs = rates_of(optimizer, StepLR(optimizer, decay_epochs * PER_EPOCH, gamma=0.4))
    ours = factors("step", decay_epochs=decay_epochs, decay_factor=0.4)
    assert ours == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_constant_and_plateau_stay_at_the_full_rate(schedule: str) -> None:
    assert factors(schedule) == [1.0] * N_STEPS


@pytest.mark.parametrize("n_steps", [1, 2, 3, 7, N_STEPS])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_factor_is_above_zero_and_at_most_one(schedule: str, n_steps: int) -> None:
    for warmup_epochs in (0.0, 0.5, 30.0):
        for factor in factors(schedule, n_steps, warmup_epochs=warmup_epochs):
            assert 0 < factor <= 1


def test_one_cycle_rises_for_thirty_percent_and_falls_to_almost_zero() -> None:
    ours = factors("one_cycle")
    top = ours.index(max(ours))
    assert (ours[0], ours[top]) == pytest.approx((1 / 25, 1.0))
    assert top == round(0.3 * N_STEPS) - 1
    assert ours[: top + 1] == sorted(ours[: top + 1])
    assert ours[top:] == sorted(ours[top:], reverse=True)
    assert ours[-1] == pytest.approx(1e-4 / 25)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "step", "plateau"])
def test_warmup_rises_in_equal_steps_to_the_full_rate(schedule: str) -> None:
    ours = factors(schedule, warmup_epochs=2, decay_epochs=5)
    assert ours[: 2 * PER_EPOCH] == pytest.approx([(i + 1) / 14 for i in range(14)])
    assert ours[2 * PER_EPOCH] == 1.0


def test_warmup_cosine_falls_to_zero_over_what_is_left() -> None:
    ours = factors("cosine", warmup_epochs=2)
    rest = N_STEPS - 2 * PER_EPOCH
    waves = [(1 + math.cos(math.pi * i / rest)) / 2 for i in range(rest)]
    assert ours[2 * PER_EPOCH :] == pytest.approx(waves)


def test_warmup_may_be_a_part_of_an_epoch() -> None:
    assert factors("constant", warmup_epochs=0.3)[:3] == [0.5, 1.0, 1.0]


def test_warmup_does_not_change_one_cycle() -> None:
    assert factors("one_cycle", warmup_epochs=3) == factors("one_cycle")


def fit(val_losses: list[float], **parameters: Any) -> list[float]:
    """Give the learning rate of each epoch up to the one that ends the training."""
    recipe = Recipe.of({"learning_rate": 1.0, **parameters})
    training = Training(torch.nn.Linear(16, 2), recipe, make_data(), len(val_losses))
    rates = []
    for epoch, val_loss in enumerate(val_losses, start=1):
        rates.append(training.rates(epoch)[0])
        if training.take_in(val_loss):
            break
    return rates


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_plateau_falls_in_the_same_epochs_as_torch(patience: int) -> None:
    optimizer = sgd()
    scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=patience, threshold=0.0)
    theirs = []
    for val_loss in VAL_LOSSES:
        theirs.append(optimizer.param_groups[0]["lr"])
        scheduler.step(val_loss)
    ours = fit(VAL_LOSSES, schedule="plateau", plateau_patience=patience, decay_factor=0.5)
    assert ours == theirs
    assert min(ours) < 1


def test_plateau_falls_after_more_than_patience_epochs_and_counts_anew() -> None:
    ours = fit([1.0] * 9, schedule="plateau", plateau_patience=2, decay_factor=0.1)
    assert ours == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_plateau_and_patience_go_on_from_their_state() -> None:
    recipe = Recipe.of({"schedule": "plateau", "plateau_patience": 1, "patience": 4})
    data, n_epochs = make_data(), len(VAL_LOSSES)
    whole = Training(torch.nn.Linear(16, 2), recipe, data, n_epochs)
    resumed = Training(torch.nn.Linear(16, 2), recipe, data, n_epochs)
    for epoch, val_loss in enumerate(VAL_LOSSES, start=1):
        ends = whole.take_in(val_loss)
        assert resumed.take_in(val_loss) == ends
        state = resumed.state_dict()
        resumed = Training(torch.nn.Linear(16, 2), recipe, data, n_epochs)
        resumed.load_state_dict(state)
        assert resumed.rates(epoch) == whole.rates(epoch)
    assert whole.rates(n_epochs)[0] < 1e-3


@pytest.mark.parametrize(
    ("patience", "val_losses", "n_epochs"),
    [
        (None, [1.0] * 9, 9),
        (1, [1.0, 0.9, 0.9, 0.5], 3),
        (3, [1.0] * 9, 4),
        (3, [1.0, 1.0, 1.0, 0.9, 1.0, 1.0, 1.0, 0.1], 7),
        (2, [math.nan, math.inf, 1.0], 2),
        (2, [1.0, math.nan, 0.9, math.nan, math.nan, 0.1], 5),
    ],
)
def test_patience_ends_a_training_whose_loss_no_longer_falls(
    patience: int | None, val_losses: list[float], n_epochs: int
) -> None:
    assert len(fit(val_losses, patience=patience)) == n_epochs


def test_patience_counts_since_the_best() -> None:
    patience = Patience()
    assert [patience.add(loss) for loss in (2.0, 3.0, 2.0, 1.0, math.nan)] == [0, 1, 2, 0, 1]
    assert patience == Patience(best=1.0, n_bad=1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"schedule": "cosin"},
            "unknown schedule 'cosin'; did you mean 'cosine'; "
            "valid: constant, cosine, one_cycle, step, plateau",
        ),
        ({"warmup_epochs": -0.5}, "warmup_epochs >= 0 must hold, got -0.5"),
        ({"decay_factor": 0.0}, "0 < decay_factor <= 1 must hold, got 0.0"),
        ({"decay_factor": 1.5}, "0 < decay_factor <= 1 must hold, got 1.5"),
        ({"decay_epochs": 0}, "decay_epochs >= 1 must hold, got decay_epochs=0"),
        ({"plateau_patience": 1.5}, "plateau_patience >= 1 must hold, got plateau_patience=1.5"),
    ],
)
def test_schedule_out_of_range_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        ScheduleParameters(**parameters)
    assert str(caught.value) == message
