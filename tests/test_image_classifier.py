"""The image classifier as an objective: its metrics, seeds, resuming, predictions, errors."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from objectives.errors import InfeasibleError, SettingsError
from objectives.image_classifier import ImageClassifier
from objectives.models import MODELS

Metrics = dict[str, float | int | None]

SMALL: dict[str, Any] = {"data": {"name": "digits", "limit": 200}, "epochs": 4, "device": "cpu"}
PARAMS: dict[str, Any] = {"filters": 8, "learning_rate": 0.01, "batch_size": 32}
VALID = (
    "n_blocks, filters, filter_growth, kernel_size, stride, padding, activation, batch_norm, "
    "pooling, pool_size, dropout, optimizer, learning_rate, weight_decay, momentum, nesterov, "
    "batch_size, label_smoothing, class_weights, gradient_clip, patience, schedule, "
    "warmup_epochs, decay_epochs, decay_factor, plateau_patience, freeze, unfreeze_at, n_stages, "
    "backbone_lr_ratio, layer_decay, unfreeze_warmup_steps, bn, backbone_weight_decay, rotation, "
    "shift, crop, flip, erasing, groups"
)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep prepared images out of the home folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def classifier(params: dict[str, Any] | None = None, **settings: Any) -> ImageClassifier:
    return ImageClassifier({**PARAMS, **(params or {})}, **{**SMALL, **settings})


@pytest.mark.parametrize("model", MODELS)
def test_metrics_every_model_names_them_and_all_are_finite(model: str) -> None:
    params = {
        "mnist_convnet": {"kernel_size": 2},  # more would leave nothing of 8x8 digits
        "pretrained": {"image_size": 32},
    }.get(model, {})
    history = list(ImageClassifier(params, **{**SMALL, "model": model, "epochs": 2}))
    assert len(history) == 2
    for metrics in history:
        assert list(metrics) == [
            "train_loss",
            "train_accuracy",
            "val_loss",
            "val_accuracy",
            "val_f1",
            "val_auroc",
            "learning_rate",
            "n_parameters",
        ]
        assert all(value is not None and math.isfinite(value) for value in metrics.values())


def test_metrics_tell_learning_rate_and_parameters_as_given() -> None:
    metrics = next(iter(classifier({"learning_rate": 0.002})))
    assert metrics["learning_rate"] == 0.002
    assert metrics["n_parameters"] == (8 * 9 + 8) + (8 * 6 * 6 * 10 + 10)


def test_measure_tells_the_size_of_the_network_that_is_trained() -> None:
    params = {**PARAMS, "filters": 5, "kernel_size": 5}
    measured = ImageClassifier.measure(params, **SMALL)
    n_parameters = next(iter(classifier(params)))["n_parameters"]
    assert measured == {"parameters": n_parameters, "n_parameters": n_parameters}


def test_measure_of_an_infeasible_network_is_refused() -> None:
    with pytest.raises(InfeasibleError):
        ImageClassifier.measure({**PARAMS, "kernel_size": 9}, **SMALL)


def test_metrics_get_better_over_epochs() -> None:
    history = list(classifier(epochs=8))
    assert (history[-1]["train_loss"] or 9) < 0.5 * (history[0]["train_loss"] or 0)
    assert (history[-1]["val_accuracy"] or 0) > 0.6


def test_seed_same_gives_the_same_metrics_bit_for_bit() -> None:
    first, second = (list(classifier({"dropout": 0.3}, seed=5)) for _ in range(2))
    assert first == second


def test_seed_another_gives_other_metrics() -> None:
    assert list(classifier(seed=5)) != list(classifier(seed=6))


def test_seed_does_not_change_the_split() -> None:
    first, second = classifier(seed=5), classifier(seed=6)
    assert torch.equal(first.data.val.indices, second.data.val.indices)


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.4, "optimizer": "adamw"},
        {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 1e-3},
        {"batch_norm": True, "optimizer": "adam", "dropout": 0.2},
    ],
    ids=["adamw_dropout", "sgd_momentum", "adam_batch_norm"],
)
@pytest.mark.parametrize("stop", [1, 3])
def test_resume_in_a_new_object_equals_uninterrupted(
    params: dict[str, Any], stop: int, tmp_path: Path
) -> None:
    whole = list(classifier(params, seed=2))
    interrupted = classifier(params, seed=2)
    before: list[Metrics] = list(itertools.islice(interrupted, stop))
    torch.save(interrupted.state_dict(), tmp_path / "last.pt")
    torch.manual_seed(123)
    resumed = classifier(params, seed=99)
    resumed.load_state_dict(torch.load(tmp_path / "last.pt", weights_only=True))
    assert before + list(resumed) == whole


def test_resume_after_the_last_epoch_trains_no_more() -> None:
    finished = classifier(epochs=1)
    list(finished)
    resumed = classifier(epochs=1)
    resumed.load_state_dict(finished.state_dict())
    assert list(resumed) == []


@pytest.mark.parametrize(("split", "n_images"), [("train", 160), ("val", 40), ("test", 359)])
def test_predict_each_split_gives_probabilities(split: str, n_images: int) -> None:
    probabilities, labels = classifier().classifier().predict(split)
    assert probabilities.shape == (n_images, 10)
    assert labels.shape == (n_images,)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


def test_predict_val_accuracy_equals_the_reported() -> None:
    objective = classifier({"dropout": 0.3, "batch_norm": True})
    for metrics in objective:
        probabilities, labels = objective.classifier().predict("val")
        assert (probabilities.argmax(axis=1) == labels).mean() == metrics["val_accuracy"]


def test_predict_between_epochs_changes_nothing() -> None:
    quiet = list(classifier({"dropout": 0.3, "batch_norm": True}))
    busy = []
    objective = classifier({"dropout": 0.3, "batch_norm": True})
    for metrics in objective:
        busy.append(metrics)
        objective.classifier().predict("test")
    assert busy == quiet


def test_predict_unknown_split_is_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        classifier().classifier().predict("vall")
    assert str(caught.value) == (
        "unknown split 'vall'; did you mean 'val'; valid: train, val, test"
    )


def test_parameter_searched_and_fixed_mean_the_same() -> None:
    fixed = ImageClassifier({}, **SMALL, **PARAMS)
    assert list(fixed) == list(classifier())


@pytest.mark.parametrize(
    ("params", "settings", "message"),
    [
        (
            {"filter": 8},
            {},
            f"unknown parameter of small_cnn 'filter'; did you mean 'filters'; valid: {VALID}",
        ),
        (
            {},
            {"zzz": 1},
            "unknown setting 'zzz'; "
            "valid: model, data, epochs, seed, split_seed, device, mixed_precision, "
            f"channels_last, {VALID}",
        ),
        (
            {},
            {"model": "small_cn"},
            "unknown model 'small_cn'; did you mean 'small_cnn'; valid: "
            + ", ".join([*MODELS, "package.module:name"]),
        ),
        (
            {},
            {"data": {"nam": "digits"}},
            "unknown setting of data 'nam'; did you mean 'name'; "
            "valid: name, root, path, image_size, val_fraction, test_fraction, limit, skip_bad, "
            "seed, split_seed",
        ),
        (
            {},
            {"device": "gpu"},
            "unknown device 'gpu'; did you mean 'cpu'; valid: auto, cpu, cuda",
        ),
        ({}, {"epochs": 0}, "epochs >= 1 must hold, got epochs=0"),
        ({}, {"epochs": -3}, "epochs >= 1 must hold, got epochs=-3"),
        ({}, {"epochs": "3"}, "epochs >= 1 must hold, got epochs='3'"),
    ],
)
def test_classifier_impossible_setting_is_refused(
    params: dict[str, Any], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        classifier(params, **settings)
    assert str(caught.value) == message


def test_classifier_misspelt_setting_is_told_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean 'epochs'"):
        classifier(epoch=3)


def test_classifier_infeasible_network_is_refused() -> None:
    with pytest.raises(InfeasibleError) as caught:
        classifier({"kernel_size": 9})
    assert str(caught.value) == (
        "block 1: the kernel 9x9 must not be larger than its input 8x8 with padding 0"
    )


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_images_are_those_that_predict_classifies(split: str) -> None:
    trained = classifier(epochs=1)
    list(trained)
    chosen = [7, 0, 7, 3]
    used = trained.classifier()
    pictures = used.images(split, chosen)
    assert {(picture.mode, picture.size) for picture in pictures} == {("L", (8, 8))}
    found = used.classify(pictures)
    assert found == pytest.approx(used.predict(split)[0][chosen], abs=1e-6)


def test_images_of_no_split_is_an_error() -> None:
    with pytest.raises(SettingsError, match="unknown split 'vall'; did you mean 'val'"):
        classifier().classifier().images("vall", [0])


@pytest.mark.parametrize("batch_size", [32, 1000])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_learning_rate_that_diverges_reports_a_value_that_is_not_finite(
    optimizer: str, batch_size: int
) -> None:
    params = {"optimizer": optimizer, "learning_rate": 1e30, "batch_size": batch_size}
    history = list(classifier(params, epochs=2))
    for name in ("train_loss", "val_loss"):
        assert not math.isfinite(history[-1][name] or 0)
