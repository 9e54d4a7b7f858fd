"""The layers of networks as groups: everything once, from stem to head, by stages or patterns."""

from itertools import pairwise
from typing import Any

import pytest
from torch import nn

from objectives.errors import SettingsError
from objectives.groups import LayerGroup, layer_groups
from objectives.models import MODELS
from tests.test_models import variant_id

NETWORKS: list[tuple[str, dict[str, Any], int]] = [  # and the blocks of their bodies
    ("small_cnn", {"n_blocks": 3, "batch_norm": True, "dropout": 0.2, "padding": "same"}, 3),
    ("tiny_cnn", {"n_blocks": 4, "bottleneck": 4, "dropout": 0.1}, 5),
    ("mlp", {"widths": "16-8-4", "batch_norm": True, "dropout": 0.5}, 3),
    ("pretrained", {"image_size": 32, "dropout": 0.2, "weights": "none"}, 18),
    ("pretrained", {"backbone": "torchvision:resnet18", "weights": "none"}, 9),
]
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
networks = pytest.mark.parametrize(("name", "parameters", "n_blocks"), NETWORKS, ids=variant_id)


def build(name: str, **parameters: Any) -> nn.Module:
    return MODELS[name]((1, 8, 8), 10, **parameters)


def small_cnn() -> nn.Module:
    return build(*NETWORKS[0][:1], **NETWORKS[0][1])


def group_with(groups: list[LayerGroup], module: nn.Module) -> str:
    (name,) = [group.name for group in groups if any(module is own for own in group.modules)]
    return name


@pytest.mark.parametrize("n_stages", [1, 2, 4, 1000])
@networks
def test_stages_hold_every_parameter_once_from_stem_to_head(
    name: str, parameters: dict[str, Any], n_blocks: int, n_stages: int
) -> None:
    model = build(name, **parameters)
    groups = layer_groups(model, n_stages)
    in_groups = [parameter for group in groups for parameter in group.parameters]
    assert in_groups == [parameter for parameter, _ in model.named_parameters()]
    n_body = min(n_stages, n_blocks)
    assert [group.name for group in groups] == [
        *(f"stage {number}" for number in range(1, n_body + 1)),
        "head",
    ]
    assert all(parameter.startswith("head.") for parameter in groups[-1].parameters)
    assert not any(parameter.startswith("head.") for parameter in in_groups[:-2])


@networks
def test_stages_hold_about_as_many_blocks_each(
    name: str, parameters: dict[str, Any], n_blocks: int
) -> None:
    model = build(name, **parameters)
    blocks = [set(group.parameters) for group in layer_groups(model, 1000)[:-1]]
    for stage in layer_groups(model, 3)[:-1]:
        inside = [block for block in blocks if block & set(stage.parameters)]
        assert set.union(*inside) == set(stage.parameters)
        assert len(inside) in {n_blocks // 3, -(-n_blocks // 3)}


@networks
def test_stages_hold_every_layer_once_with_its_parameters(
    name: str, parameters: dict[str, Any], n_blocks: int
) -> None:
    model = build(name, **parameters)
    groups = layer_groups(model, 4)
    for prefix, module in model.named_modules():
        if not list(module.children()):
            group = group_with(groups, module)
            for parameter, _ in module.named_parameters(prefix=prefix):
                assert parameter in next(g for g in groups if g.name == group).parameters


@networks
def test_batch_norm_is_with_the_layer_before_it(
    name: str, parameters: dict[str, Any], n_blocks: int
) -> None:
    model = build(name, **parameters)
    groups = layer_groups(model, 1000)
    in_groups = [(parameter, group.name) for group in groups for parameter in group.parameters]
    scales = {f"{prefix}.weight" for prefix, m in model.named_modules() if isinstance(m, NORMS)}
    for (_, before), (parameter, group_name) in pairwise(in_groups):
        assert parameter not in scales or group_name == before


def test_batch_norm_of_timm_counts_as_such() -> None:
    model = build("pretrained", backbone="timm:tf_efficientnet_lite0", weights="none")
    n_batch_norms = sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    assert sum(len(group.batch_norms) for group in layer_groups(model, 4)) == n_batch_norms > 0


def test_dropout_is_with_the_layer_before_it_or_in_the_head() -> None:
    mlp = build("mlp", widths="16-8", dropout=0.5)
    first, second = (m for m in mlp.modules() if isinstance(m, nn.Dropout))
    assert group_with(layer_groups(mlp, 2), first) == "stage 1"
    assert group_with(layer_groups(mlp, 2), second) == "stage 2"
    pretrained = build("pretrained", weights="none", dropout=0.5)
    in_head = pretrained.get_submodule("head.0")
    assert isinstance(in_head, nn.Dropout)
    assert group_with(layer_groups(pretrained, 2), in_head) == "head"


def test_network_without_a_body_is_all_head() -> None:
    (group,) = layer_groups(build("mlp", widths=""), 4)
    assert (group.name, group.parameters) == ("head", ("head.weight", "head.bias"))


def test_network_without_a_child_head_ends_in_its_last_layer() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 3))
    groups = layer_groups(model, 4)
    assert [group.parameters for group in groups] == [
        ("0.weight", "0.bias", "1.weight", "1.bias"),
        ("3.weight", "3.bias"),
    ]


@pytest.mark.parametrize(
    "patterns",
    [
        {"stem": ["0.*", "1.*"], "body": ["[0-9]*"]},
        {"stem": ["0.*", "1.*"], "body": ["[0-9]*"], "head": ["head.*"]},
        {"head": ["head.*"], "stem": ["0.*", "1.*"], "body": ["*"]},
    ],
    ids=["leftover_head", "named_head", "head_first"],
)
def test_patterns_make_groups_by_name_with_the_head_last(patterns: dict[str, list[str]]) -> None:
    groups = layer_groups(small_cnn(), 4, patterns)
    assert [group.name for group in groups] == ["stem", "body", "head"]
    assert groups[0].parameters == ("0.weight", "0.bias", "1.weight", "1.bias")
    assert {name[0] for name in groups[1].parameters} == {"3", "4", "6", "7"}
    assert groups[2].parameters == ("head.weight", "head.bias")
    assert [len(group.batch_norms) for group in groups] == [1, 2, 0]


def test_patterns_may_part_the_weights_of_a_layer() -> None:
    groups = layer_groups(small_cnn(), 4, {"biases": ["*.bias"]})
    assert {name.rpartition(".")[2] for name in groups[0].parameters} == {"bias"}
    assert {name.rpartition(".")[2] for name in groups[1].parameters} == {"weight"}


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (
            {"stem": ["0.*"], "rest": ["6.*", "blocks.*"]},
            "groups.rest: a pattern must match a parameter, got 'blocks.*'; "
            "there are 0.weight, 0.bias, 1.weight, … head.bias",
        ),
        ({"stem": "0.*"}, "groups.stem: a list of patterns must be given, got '0.*'"),
        ({"all": ["*"]}, "groups: a parameter must be left for the head, none is"),
    ],
)
def test_patterns_that_make_no_groups_are_refused(patterns: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        layer_groups(small_cnn(), 4, patterns)
    assert str(caught.value) == message
