"""Freezing as the weights show it: what moves in which epoch, by how much, also resumed."""

import io
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from objectives.errors import SettingsError
from objectives.freezing import (
    BATCH_NORMS,
    MODES,
    FreezeParameters,
    first_epochs,
    is_settling,
    rate_shares,
    set_training_modes,
    unfreeze_factor,
)
from objectives.groups import layer_groups
from objectives.image_classifier import ImageClassifier
from objectives.models import MODELS
from objectives.recipe import OPTIMIZERS
from tests.trainings import epochs_of, make_data, moved, snapshot

STARTS: dict[str, list[int | None]] = {  # of two stages and the head, of four epochs
    "none": [1, 1, 1],
    "probe": [None, None, 1],
    "lpft": [3, 3, 1],
    "gradual": [4, 3, 1],
    "llrd": [1, 1, 1],
}
AT_THREE: dict[str, Any] = {"unfreeze_at": 0.5, "n_stages": 2, "unfreeze_warmup_steps": 2}
RATE = 0.01


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep prepared images and features out of the home folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute in one thread: on a busy machine more of them only wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def tiny_cnn(dropout: float = 0.2) -> nn.Module:
    torch.manual_seed(1)
    return MODELS["tiny_cnn"]((1, 8, 8), 2, n_blocks=3, filters=4, dropout=dropout)


def states_of_groups(model: nn.Module, n_stages: int = 2) -> list[set[str]]:
    """Name the weights and the batch-norm statistics of each group."""
    states: list[set[str]] = []
    for group in layer_groups(model, n_stages):
        layers = {name.rpartition(".")[0] for name in group.parameters}
        states.append({name for name in model.state_dict() if name.rpartition(".")[0] in layers})
    return states


def sizes_of_first_steps(**parameters: Any) -> list[list[float]]:
    """Give the largest move of each group in epochs of one step of Adam."""
    model, data = tiny_cnn(), make_data(size=8)
    groups = layer_groups(model, parameters["n_stages"])
    given = {"optimizer": "adam", "learning_rate": RATE, "batch_size": 60, **parameters}
    sizes, before = [], snapshot(model)
    for _ in epochs_of(model, data, 4, **given):
        after = snapshot(model)
        sizes.append(
            [
                max(float((after[name] - before[name]).abs().max()) for name in group.parameters)
                for group in groups
            ]
        )
        before = after
    return sizes


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("mode", MODES)
def test_frozen_groups_do_not_move_and_others_do(mode: str, optimizer: str) -> None:
    model = tiny_cnn()
    given = {"freeze": mode, "optimizer": optimizer, "learning_rate": RATE, "bn": "full"}
    decay = {"weight_decay": 0.1, "momentum": 0.9}
    for _, epoch, changed in epochs_of(model, make_data(size=8), 4, **given, **decay, **AT_THREE):
        trained = zip(states_of_groups(model), STARTS[mode], strict=True)
        expected = [names for names, start in trained if start is not None and epoch >= start]
        assert changed == set.union(*expected)


@pytest.mark.parametrize("mode", MODES)
def test_first_epochs_by_mode(mode: str) -> None:
    assert first_epochs(FreezeParameters(mode, unfreeze_at=0.5), 3, 4) == STARTS[mode]


@pytest.mark.parametrize(
    ("unfreeze_at", "n_epochs", "first"), [(0.01, 10, 2), (0.3, 10, 4), (0.5, 20, 11), (0.5, 1, 2)]
)
def test_first_epochs_of_a_share_of_the_epochs(
    unfreeze_at: float, n_epochs: int, first: int
) -> None:
    parameters = FreezeParameters("lpft", unfreeze_at=unfreeze_at)
    assert first_epochs(parameters, 4, n_epochs) == [first, first, first, 1]


@pytest.mark.parametrize("mode", MODES)
def test_first_epochs_of_a_network_that_is_all_head(mode: str) -> None:
    assert first_epochs(FreezeParameters(mode), 1, 5) == [1]
    assert rate_shares(FreezeParameters(mode), 1) == [1.0]


@pytest.mark.parametrize(
    ("mode", "shares"),
    [
        ("none", [1.0, 1.0, 1.0, 1.0]),
        ("lpft", [0.2, 0.2, 0.2, 1.0]),
        ("gradual", [0.05, 0.1, 0.2, 1.0]),
        ("llrd", [0.125, 0.25, 0.5, 1.0]),
    ],
)
def test_rate_shares_are_the_sizes_of_the_first_steps(mode: str, shares: list[float]) -> None:
    given: dict[str, Any] = {"backbone_lr_ratio": 0.2, "layer_decay": 0.5}
    assert rate_shares(FreezeParameters(mode, **given), 4) == pytest.approx(shares)
    sizes = sizes_of_first_steps(
        freeze=mode, n_stages=3, unfreeze_at=0.25, unfreeze_warmup_steps=0, **given
    )
    firsts = [next(size for size in of_group if size) for of_group in zip(*sizes, strict=True)]
    assert firsts == pytest.approx([RATE * share for share in shares], rel=1e-2)


def test_unfrozen_body_warms_up_from_zero_and_the_head_does_not() -> None:
    sizes = sizes_of_first_steps(
        freeze="lpft", n_stages=1, unfreeze_at=0.25, unfreeze_warmup_steps=10
    )
    body, head = zip(*sizes, strict=True)
    assert body[0] == 0.0
    assert body[1] == pytest.approx(RATE * 0.1 / 10, rel=1e-2)
    assert body[1] < body[2] < body[3]
    assert min(head) > 0.2 * RATE


@pytest.mark.parametrize(
    ("first_epoch", "factors"),
    [
        (None, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        (1, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
        (2, [0.0, 0.0, 0.25, 0.5, 0.75, 1.0]),
    ],
)
def test_unfreeze_factor_by_step(first_epoch: int | None, factors: list[float]) -> None:
    assert [unfreeze_factor(first_epoch, step, 4, 2) for step in range(6)] == factors


@pytest.mark.parametrize("bn", BATCH_NORMS)
@pytest.mark.parametrize("mode", ["lpft", "llrd"])
def test_bn_decides_what_of_batch_norm_moves_once_the_body_trains(mode: str, bn: str) -> None:
    model = tiny_cnn()
    norms = {prefix for prefix, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)}
    affine = {f"{prefix}.{name}" for prefix in norms for name in ("weight", "bias")}
    convolutions = {name for name, _ in model.named_parameters()} - affine
    statistics = set(model.state_dict()) - affine - convolutions
    last = [c for *_, c in epochs_of(model, make_data(size=8), 4, freeze=mode, bn=bn, **AT_THREE)]
    by_bn = {"frozen": set[str](), "affine": affine, "full": affine | statistics}
    assert last[-1] == convolutions | by_bn[bn]


@pytest.mark.parametrize(("mode", "is_frozen"), [("none", False), ("llrd", True), ("lpft", True)])
def test_bn_by_default_is_frozen_where_something_freezes(mode: str, is_frozen: bool) -> None:
    model = tiny_cnn()
    before = snapshot(model)
    list(epochs_of(model, make_data(size=8), 4, freeze=mode, **AT_THREE))
    statistics = {name for name in before if "running" in name}
    assert statistics.isdisjoint(moved(before, snapshot(model))) == is_frozen


def test_bn_that_is_frozen_stays_in_evaluation_mode_at_every_new_epoch() -> None:
    model = tiny_cnn()
    groups = layer_groups(model, 2)
    for epoch in (1, 2, 3):
        set_training_modes(model, groups, [2, 1, 1], epoch, "frozen")
        norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
        assert not any(norm.training for norm in norms)
        is_on = [m.training for m in model.modules() if isinstance(m, nn.Dropout)]
        assert is_on == [epoch > 1, epoch > 1, True]


def test_dropout_outside_a_block_is_off_while_the_layer_before_it_is_frozen() -> None:
    model = MODELS["small_cnn"]((1, 8, 8), 2, dropout=0.5)
    for epoch, is_on in ((1, False), (2, True)):
        set_training_modes(model, layer_groups(model, 1), [2, 1], epoch)
        assert [m.training for m in model.modules() if isinstance(m, nn.Dropout)] == [is_on]


def features_twice(model: Any, images: Tensor) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        return model.features(images), model.features(images)


def test_frozen_blocks_are_not_dropped_at_random_but_the_head_drops() -> None:
    model: Any = MODELS["pretrained"]((1, 8, 8), 2, image_size=32, dropout=0.5)
    groups, images = layer_groups(model, 1), torch.rand(8, 1, 8, 8)
    set_training_modes(model, groups, [2, 1], 1, "frozen")
    frozen = features_twice(model, images)
    assert torch.equal(*frozen)
    assert not torch.equal(model.head(frozen[0]), model.head(frozen[0]))
    set_training_modes(model, groups, [2, 1], 2, "frozen")
    assert not torch.equal(*features_twice(model, images))  # blocks drop, at random


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizer_keeps_the_state_of_the_head_when_the_body_unfreezes(optimizer: str) -> None:
    heads = []
    for mode in ("lpft", "probe"):
        model = tiny_cnn(dropout=0.0)
        given = {"optimizer": optimizer, "batch_size": 60, "learning_rate": RATE}
        epochs = epochs_of(model, make_data(size=8), 4, freeze=mode, **given, **AT_THREE)
        list(itertools.islice(epochs, 3))  # the first step of the body is after this head's
        heads.append({k: v for k, v in snapshot(model).items() if k.startswith("head.")})
    assert not moved(*heads)


def test_weight_decay_of_the_backbone_is_its_own() -> None:
    states = []
    for decay in ({}, {"weight_decay": 0.5, "backbone_weight_decay": 0.0}, {"weight_decay": 0.5}):
        model = tiny_cnn()
        torch.manual_seed(2)
        list(epochs_of(model, make_data(60, size=8), 1, batch_size=60, freeze="llrd", **decay))
        states.append(snapshot(model))
    head = {name for name in states[0] if name.startswith("head.")}
    assert moved(states[0], states[1]) == head
    assert moved(states[1], states[2]).isdisjoint(head)
    assert moved(states[1], states[2])


@pytest.mark.parametrize(
    ("starts", "n_warmup", "settling"),
    [
        ([1, 1, 1], 100, []),
        ([None, None, 1], 100, []),
        ([3, 3, 1], 0, [3]),
        ([3, 3, 1], 10, [3]),
        ([3, 3, 1], 11, [3, 4]),
        ([6, 3, 1], 20, [3, 4, 6, 7]),
        ([4, 3, 1], 20, [3, 4, 5]),
    ],
)
def test_is_settling_from_unfreezing_to_the_end_of_the_warm_up(
    starts: list[int | None], n_warmup: int, settling: list[int]
) -> None:
    epochs = [epoch for epoch in range(1, 10) if is_settling(starts, epoch, n_warmup, 10)]
    assert epochs == settling


TINY: dict[str, Any] = {
    **{"model": "tiny_cnn", "n_blocks": 3, "filters": 4, "dropout": 0.2, "n_stages": 2},
    **{"bn": "full", "schedule": "one_cycle", "rotation": 10.0},
    **{"unfreeze_at": 0.5, "unfreeze_warmup_steps": 6, "epochs": 5, "data": {"limit": 200}},
}
PRETRAINED: dict[str, Any] = {
    **{"model": "pretrained", "image_size": 32, "dropout": 0.2, "epochs": 3, "n_stages": 2},
    **{"unfreeze_at": 0.3, "unfreeze_warmup_steps": 6, "data": {"limit": 150}},
}


@pytest.mark.parametrize(
    ("settings", "mode", "optimizer"),
    [
        *((TINY, mode, "adamw") for mode in MODES),
        (TINY, "gradual", "sgd"),
        (TINY, "lpft", "adam"),
        (PRETRAINED, "lpft", "adamw"),
    ],
    ids=lambda value: value["model"] if isinstance(value, dict) else None,
)
def test_resume_in_any_phase_equals_uninterrupted(
    settings: dict[str, Any], mode: str, optimizer: str
) -> None:
    params = {"freeze": mode, "optimizer": optimizer, "learning_rate": RATE, "weight_decay": 0.01}
    whole, history, states = ImageClassifier(params, **settings, device="cpu"), [], []
    for metrics in whole:
        states.append(io.BytesIO())
        torch.save(whole.state_dict(), states[-1])
        history.append((metrics, whole.settling))
    for n_done, state in enumerate(states[:-1], start=1):
        resumed = ImageClassifier(params, **settings, device="cpu", seed=99)
        resumed.load_state_dict(torch.load(io.BytesIO(state.getvalue()), weights_only=True))
        assert resumed.settling == history[n_done - 1][1]
        assert [(metrics, resumed.settling) for metrics in resumed] == history[n_done:]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"freeze": "prob"},
            "unknown freeze 'prob'; did you mean 'probe'; valid: none, probe, lpft, gradual, llrd",
        ),
        ({"bn": "ful"}, "unknown bn 'ful'; did you mean 'full'; valid: frozen, affine, full"),
        ({"n_stages": 0}, "n_stages >= 1 must hold, got n_stages=0"),
        ({"unfreeze_at": 0.0}, "0 < unfreeze_at < 1 must hold, got 0.0"),
        ({"unfreeze_at": 1.0}, "0 < unfreeze_at < 1 must hold, got 1.0"),
        ({"backbone_lr_ratio": 0.0}, "0 < backbone_lr_ratio <= 1 must hold, got 0.0"),
        ({"layer_decay": 1.1}, "0 < layer_decay <= 1 must hold, got 1.1"),
        ({"unfreeze_warmup_steps": -1}, "unfreeze_warmup_steps >= 0 must hold, got -1"),
        ({"backbone_weight_decay": -0.1}, "backbone_weight_decay >= 0 must hold, got -0.1"),
    ],
)
def test_freezing_out_of_range_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        FreezeParameters(**parameters)
    assert str(caught.value) == message
