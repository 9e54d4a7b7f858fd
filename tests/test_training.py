"""One epoch of training under every optimizer, and prediction, on made-up images."""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from objectives.classifier import predict_split
from objectives.data import Dataset
from objectives.errors import SettingsError
from objectives.recipe import OPTIMIZERS, Recipe
from objectives.training import Training
from tests.trainings import make_data


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


class Recorder(nn.Module):
    """A linear network that notes the corner of every image it is given in training."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(16, 2)
        self.batches: list[list[int]] = []

    def forward(self, inputs: Tensor) -> Tensor:
        if self.training:
            corners = (inputs[:, 0, 0, 0] + 1.5) / 0.02
            self.batches.append([round(corner) for corner in corners.tolist()])
        return torch.as_tensor(self.head(inputs.flatten(1)))


def linear() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 2))


def train(
    model: nn.Module, data: Dataset, batch_size: int = 16, epochs: int = 1, **parameters: Any
) -> list[tuple[float, float]]:
    recipe = Recipe.of({"batch_size": batch_size, **parameters})
    training = Training(model, recipe, data, epochs)
    orders = [torch.randperm(len(data.train)) for _ in range(epochs)]
    return [
        training.train_epoch(model, data, order, epoch)
        for epoch, order in enumerate(orders, start=1)
    ]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizer_loss_falls(optimizer: str) -> None:
    history = train(linear(), make_data(), epochs=15, optimizer=optimizer, learning_rate=0.01)
    assert history[-1][0] < 0.5 * history[0][0]
    assert history[-1][1] > 0.9


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizer_weight_decay_alone_shrinks_weights(optimizer: str) -> None:
    norms = {}
    for weight_decay in (0.0, 0.5):
        torch.manual_seed(1)
        model = linear()
        data = make_data()
        data.train.images.zero_()
        without_gradient = replace(data, shift=torch.zeros_like(data.shift))
        head = model[1]
        assert isinstance(head, nn.Linear)
        before = float(head.weight.detach().norm())
        train(
            model,
            without_gradient,
            epochs=3,
            optimizer=optimizer,
            learning_rate=0.01,
            weight_decay=weight_decay,
        )
        norms[weight_decay] = float(head.weight.detach().norm()) / before
    assert norms[0.0] == 1.0
    assert norms[0.5] < 0.97


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizer_steps_in_proportion_to_the_learning_rate(optimizer: str) -> None:
    steps = []
    for learning_rate in (1e-3, 2e-3):
        torch.manual_seed(1)
        model = linear()
        before = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
        data = make_data()
        train(model, data, batch_size=60, optimizer=optimizer, learning_rate=learning_rate)
        steps.append(nn.utils.parameters_to_vector(model.parameters()).detach() - before)
    assert steps[0].abs().max() > 0
    torch.testing.assert_close(steps[1], 2 * steps[0], rtol=1e-2, atol=1e-6)


def test_sgd_momentum_changes_the_second_step() -> None:
    weights = []
    for momentum in (0.0, 0.9):
        torch.manual_seed(1)
        model = linear()
        train(model, make_data(), epochs=2, optimizer="sgd", momentum=momentum)
        weights.append(nn.utils.parameters_to_vector(model.parameters()).detach())
    assert not torch.equal(*weights)


@pytest.mark.parametrize("batch_size", [1, 7, 16, 60, 100])
def test_train_epoch_sees_every_image_once(batch_size: int) -> None:
    model = Recorder()
    train(model, make_data(), batch_size)
    assert sorted(sum(model.batches, [])) == list(range(60))


def test_train_epoch_follows_the_order() -> None:
    model = Recorder()
    data, order = make_data(), torch.randperm(60)
    Training(model, Recipe.of({"batch_size": 16}), data, 1).train_epoch(model, data, order, 1)
    assert sum(model.batches, []) == order.tolist()
    assert [len(batch) for batch in model.batches] == [16, 16, 16, 12]


def test_train_epoch_last_batch_of_one_is_skipped() -> None:
    model = Recorder()
    train(model, make_data(n_train=33), batch_size=16)
    assert [len(batch) for batch in model.batches] == [16, 16]


def test_train_epoch_batch_norm_survives_a_last_batch_of_one() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 4), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    loss, _ = train(model, make_data(n_train=33), batch_size=16)[0]
    assert np.isfinite(loss)


def test_train_epoch_returns_mean_loss_and_accuracy_over_images() -> None:
    head = nn.Linear(16, 2)
    nn.init.zeros_(head.weight)
    head.bias = nn.Parameter(torch.tensor([1.0, 0.0]))
    model = nn.Sequential(nn.Flatten(), head)
    data = make_data(n_train=41)  # 21 dark images, 20 bright ones
    loss, accuracy = train(model, data, batch_size=3, optimizer="sgd", learning_rate=1e-12)[0]
    likely = 1 / (1 + np.exp(-1))
    expected = -(21 * np.log(likely) + 20 * np.log(1 - likely)) / 41
    assert loss == pytest.approx(expected, rel=1e-5)
    assert accuracy == 21 / 41


def test_train_epoch_precision_covers_each_forward_pass() -> None:
    entered: list[int] = []

    class Precision(AbstractContextManager[None]):
        def __enter__(self) -> None:
            entered.append(1)

        def __exit__(self, *reason: object) -> None:
            return None

    model, data = linear(), make_data()
    training = Training(model, Recipe.of({"batch_size": 20}), data, 1, Precision())
    training.train_epoch(model, data, torch.arange(60), 1)
    assert len(entered) == 3


def test_train_epoch_leaves_the_training_mode_and_predict_the_evaluation_mode() -> None:
    model, data = linear(), make_data()
    train(model, data)
    assert model.training
    predict_split(model, data, data.val)
    assert not model.training


def test_predict_split_gives_probabilities_in_the_order_of_the_split() -> None:
    model, data = linear(), make_data()
    probabilities, labels = predict_split(model, data, data.val)
    assert probabilities.shape == (20, 2)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert labels.tolist() == data.val.labels[data.val.indices].tolist()
    model.eval()
    single = model(data.normalise(data.val.images[data.val.indices[3:4]])).softmax(dim=1)
    np.testing.assert_allclose(probabilities[3], single.detach().numpy()[0], rtol=1e-5)


def test_predict_split_more_than_one_batch_covers_all() -> None:
    model, data = linear(), make_data(n_train=2100, n_val=4)
    probabilities, labels = predict_split(model, data, data.train)
    assert len(probabilities) == len(labels) == 2100


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"optimizer": "sgdd"},
            "unknown optimizer 'sgdd'; did you mean 'sgd'; valid: adamw, adam, sgd",
        ),
        ({"learning_rate": 0.0}, "learning_rate > 0 must hold, got 0.0"),
        ({"weight_decay": -0.1}, "weight_decay >= 0 must hold, got -0.1"),
        ({"momentum": 1.0}, "0 <= momentum < 1 must hold, got 1.0"),
        ({"batch_size": 0}, "batch_size >= 1 must hold, got batch_size=0"),
    ],
)
def test_training_parameters_out_of_range_are_refused(
    parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Recipe.of(parameters)
    assert str(caught.value) == message
