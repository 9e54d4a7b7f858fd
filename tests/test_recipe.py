"""What a training is told: sorted into its parts, checked, and what the loss makes of it."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from objectives.augmentation import AugmentationParameters
from objectives.data import Dataset, Split
from objectives.errors import SettingsError
from objectives.freezing import FreezeParameters
from objectives.models import MODELS
from objectives.recipe import Recipe, TrainingParameters, recipe_parameters
from objectives.schedules import ScheduleParameters
from objectives.training import Training
from tests.trainings import make_data, snapshot


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def linear() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 2))


def always(logits: list[float]) -> nn.Sequential:
    """Make a network that says the same of every image."""
    head = nn.Linear(16, len(logits))
    nn.init.zeros_(head.weight)
    head.bias = nn.Parameter(torch.tensor(logits))
    return nn.Sequential(nn.Flatten(), head)


def loss_of(model: nn.Module, data: Dataset, **parameters: Any) -> float:
    """Give the loss of the first step, on the whole training split at once."""
    return train(model, data, 1, **parameters)


def train(model: nn.Module, data: Dataset, epochs: int, **parameters: Any) -> float:
    """Train in steps of the whole training split; give the last one's loss."""
    training = Training(model, Recipe.of({"batch_size": 60, **parameters}), data, epochs)
    order = torch.arange(len(data.train))
    return [training.train_epoch(model, data, order, n + 1)[0] for n in range(epochs)][-1]


def move(parameters: dict[str, Any], epochs: int = 1) -> Tensor:
    """Give how far training moves a linear layer's weights."""
    model = linear()
    before = snapshot(model)["1.weight"]
    train(model, make_data(), epochs, **parameters)
    return snapshot(model)["1.weight"] - before


def unbalanced() -> Dataset:
    """Make 45 dark images and 15 bright ones."""
    data = make_data(n_train=90)
    labels = data.train.labels
    chosen = torch.cat([torch.where(labels == 0)[0][:45], torch.where(labels == 1)[0][:15]])
    return replace(data, train=Split(data.train.images, labels, chosen))


def losses_by_class(model: nn.Module, data: Dataset) -> tuple[float, float]:
    """Compute the mean loss of each class, by hand."""
    indices = data.train.indices
    with torch.no_grad():
        logs = model(data.normalise(data.train.images[indices])).log_softmax(dim=1)
    labels = data.train.labels[indices]
    return -float(logs[labels == 0, 0].mean()), -float(logs[labels == 1, 1].mean())


def test_recipe_sorts_parameters_into_its_parts() -> None:
    recipe = Recipe.of(
        {
            **{"optimizer": "sgd", "patience": 3, "schedule": "cosine", "warmup_epochs": 1.0},
            **{"freeze": "lpft", "bn": "full", "rotation": 5.0, "groups": {"stem": ["0.*"]}},
            "filters": 32,
        }
    )
    assert recipe == Recipe(
        TrainingParameters(optimizer="sgd", patience=3),
        ScheduleParameters(schedule="cosine", warmup_epochs=1.0),
        FreezeParameters(freeze="lpft", bn="full"),
        AugmentationParameters(rotation=5.0),
        {"stem": ["0.*"]},
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", "fast"),
        ("learning_rate", math.nan),
        ("weight_decay", None),
        ("momentum", True),
        ("gradient_clip", math.inf),
        ("warmup_epochs", "1"),
        ("unfreeze_at", [0.5]),
        ("rotation", math.nan),
        ("nesterov", "no"),
    ],
)
def test_recipe_refuses_what_is_no_number_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=rf"{name} must be .*, got "):
        Recipe.of({name: value})


def test_recipe_of_nothing_has_every_default() -> None:
    assert Recipe.of({}) == Recipe(
        TrainingParameters(), ScheduleParameters(), FreezeParameters(), AugmentationParameters()
    )


def test_recipe_parameters_are_named_once() -> None:
    names = recipe_parameters()
    assert len(names) == len({*names})
    assert {"optimizer", "schedule", "freeze", "rotation", "groups"} <= {*names}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"class_weights": "balance"},
            "unknown class_weights 'balance'; did you mean 'balanced'; valid: none, balanced",
        ),
        ({"learning_rate": -0.1}, "learning_rate > 0 must hold, got -0.1"),
        ({"momentum": -0.1}, "0 <= momentum < 1 must hold, got -0.1"),
        ({"label_smoothing": 1.0}, "0 <= label_smoothing < 1 must hold, got 1.0"),
        (
            {"nesterov": True, "momentum": 0.0},
            "momentum > 0 must hold with nesterov, got momentum=0",
        ),
        ({"gradient_clip": 0.0}, "gradient_clip > 0 must hold, got 0.0"),
        ({"patience": 0}, "patience >= 1 must hold, got patience=0"),
        ({"batch_size": 1.5}, "batch_size >= 1 must hold, got batch_size=1.5"),
        ({"warmup_epochs": -1}, "warmup_epochs >= 0 must hold, got -1"),
        ({"unfreeze_at": 2}, "0 < unfreeze_at < 1 must hold, got 2"),
        ({"flip": -1}, "0 <= flip <= 1 must hold, got -1"),
    ],
)
def test_recipe_value_out_of_range_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Recipe.of(parameters)
    assert str(caught.value) == message


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
def test_label_smoothing_spreads_its_share_over_all_classes(smoothing: float) -> None:
    data = make_data(n_train=40)
    only_dark = replace(data, train=replace(data.train, indices=torch.arange(0, 40, 2)))
    logs = torch.tensor([2.0, 0.0]).log_softmax(dim=0).tolist()
    spread = -(logs[0] + logs[1]) / 2
    for given, sharp in ((data, spread), (only_dark, -logs[0])):
        loss = loss_of(always([2.0, 0.0]), given, label_smoothing=smoothing)
        assert loss == pytest.approx((1 - smoothing) * sharp + smoothing * spread, rel=1e-5)


def test_class_weights_balanced_let_each_class_count_the_same() -> None:
    dark, bright = losses_by_class(linear(), unbalanced())
    by_image = loss_of(linear(), unbalanced())
    by_class = loss_of(linear(), unbalanced(), class_weights="balanced")
    assert by_image == pytest.approx(0.75 * dark + 0.25 * bright)
    assert by_class == pytest.approx(0.5 * dark + 0.5 * bright)
    assert by_image != pytest.approx(by_class, rel=0.01)


def test_class_weights_balanced_of_a_class_without_images_are_finite() -> None:
    data = replace(unbalanced(), classes=("dark", "bright", "none"))
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    smooth = {"class_weights": "balanced", "label_smoothing": 0.1}
    assert math.isfinite(loss_of(model, data, **smooth))


def test_gradient_clip_bounds_the_step_of_sgd() -> None:
    sgd = {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 0.5}
    free = move(sgd)
    bounded = move({**sgd, "gradient_clip": 0.01})
    assert free.norm() > 0.1
    assert 0.004 < bounded.norm() <= 0.5 * 0.01  # some of it is the bias's
    torch.testing.assert_close(bounded / bounded.norm(), free / free.norm(), rtol=1e-3, atol=1e-5)
    assert torch.equal(move({**sgd, "gradient_clip": 1e6}), free)


def test_nesterov_looks_ahead_from_the_first_step() -> None:
    sgd = {"optimizer": "sgd", "momentum": 0.5, "learning_rate": 0.01}
    torch.testing.assert_close(move({**sgd, "nesterov": True}), 1.5 * move(sgd))


def test_penalty_of_a_network_is_added_to_what_is_minimised() -> None:
    norms = []
    for l2 in (0.0, 1.0):
        torch.manual_seed(1)
        model = MODELS["mlp"]((1, 4, 4), 2, widths="8", l2=l2)
        train(model, make_data(), 20, optimizer="sgd", learning_rate=0.02, momentum=0.0)
        norms.append(float(snapshot(model)["hidden1.0.weight"].norm()))
    assert norms[1] < 0.7 * norms[0]
