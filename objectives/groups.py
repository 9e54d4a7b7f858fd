"""The layers of a network as groups from stem to head, for freezing and learning rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import accumulate

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from objectives.errors import SettingsError

HEAD = "head"


@dataclass(frozen=True)
class LayerGroup:
    """Some layers that freeze together and share a learning rate."""

    name: str
    parameters: tuple[str, ...]
    """As `named_parameters` has them."""
    modules: tuple[nn.Module, ...]
    """Those that have parameters, buffers or randomness of their own."""

    @property
    def batch_norms(self) -> list[nn.Module]:
        """Its batch normalisations."""
        return [module for module in self.modules if isinstance(module, _BatchNorm)]


def layer_groups(
    model: nn.Module, n_stages: int, patterns: Mapping[str, Sequence[str]] | None = None
) -> list[LayerGroup]:
    """Sort the layers of a network into groups.

    Args:
        model: The network. Its head is its child `head`, or else its last layer.
        n_stages: Groups below the head, each of about as many blocks, at least 1; fewer where
            there are fewer blocks.
        patterns: Groups by name, stem first, each with patterns of the names of parameters
            (`*` is any text); the first match counts. They replace the stages and may name
            the head; what they leave over is the head.

    Returns:
        The groups from stem to head; the last one is the head.
    """
    names = [name for name, _ in model.named_parameters()]
    if patterns:
        group_of = _match(names, patterns)
        order = [*(group for group in patterns if group != HEAD), HEAD]
    else:
        group_of, order = _stages(model, n_stages)
    return [
        LayerGroup(
            group,
            tuple(name for name in names if group_of[name] == group),
            tuple(_modules(model, group_of, group)),
        )
        for group in order
    ]


def _match(names: Sequence[str], patterns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Name the group of each parameter, as patterns say."""
    for group, listed in patterns.items():
        if isinstance(listed, str):
            raise SettingsError(
                f"groups.{group}: a list of patterns must be given, got {listed!r}"
            )
    pairs = [(group, pattern) for group, listed in patterns.items() for pattern in listed]
    for group, pattern in pairs:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise SettingsError(
                f"groups.{group}: a pattern must match a parameter, got {pattern!r}; "
                f"there are {', '.join(names[:3])}, … {names[-1]}"
            )
    group_of = {
        name: next((group for group, pattern in pairs if fnmatchcase(name, pattern)), HEAD)
        for name in names
    }
    if HEAD not in group_of.values():
        raise SettingsError(f"groups: a parameter must be left for the {HEAD}, none is")
    return group_of


def _stages(model: nn.Module, n_stages: int) -> tuple[dict[str, str], list[str]]:
    """Name the group of each parameter: the blocks in even parts, and the head.

    Batch normalisation goes with the layer before it.
    """
    blocks = _blocks(model, sum(p.numel() for p in model.parameters()))
    modules = dict(model.named_modules())
    is_head = [prefix.partition(".")[0] == HEAD for prefix in blocks]
    if not any(is_head):
        is_head[-1] = True
    body = [prefix for prefix, head in zip(blocks, is_head, strict=True) if not head]
    is_first = [not isinstance(modules.get(prefix), _BatchNorm) for prefix in body]
    places = [max(0, place - 1) for place in accumulate(is_first)]
    n_places = max(1, sum(is_first))
    n_stages = min(n_stages, n_places)
    stages = {
        prefix: f"stage {place * n_stages // n_places + 1}"
        for prefix, place in zip(body, places, strict=True)
    }
    owner = {prefix: stages.get(prefix, HEAD) for prefix in blocks}
    group_of = {
        name: owner[next(p for p in blocks if name == p or name.startswith(f"{p}."))]
        for name, _ in model.named_parameters()
    }
    return group_of, [*dict.fromkeys(stages.values()), HEAD]


def _blocks(model: nn.Module, total: int, prefix: str = "") -> list[str]:
    """List the layers and blocks of layers with parameters, in order of their making.

    A list of layers, and a module that holds most of the network's total of weights, are
    taken apart further.
    """
    found = [f"{prefix}{name}" for name, _ in model.named_parameters(recurse=False)]
    for name, child in model.named_children():
        size = sum(p.numel() for p in child.parameters())
        if not size:
            continue
        is_list = isinstance(child, nn.Sequential | nn.ModuleList)
        if any(True for _ in child.children()) and (is_list or 2 * size > total):
            found += _blocks(child, total, f"{prefix}{name}.")
        else:
            found.append(f"{prefix}{name}")
    return found


def _modules(model: nn.Module, group_of: Mapping[str, str], group: str) -> list[nn.Module]:
    """List a group's modules.

    One without parameters belongs to the block it is in, or else to the layer before it.
    """
    current = next(iter(group_of.values()))
    chosen = []
    for prefix, module in model.named_modules():
        # timm's batch normalisation holds the activation that follows it
        is_layer = isinstance(module, _BatchNorm) or not any(True for _ in module.children())
        own = [group_of[name] for name, _ in module.named_parameters(prefix=prefix)]
        if own and (is_layer or len({*own}) == 1):
            current = own[0]
        if is_layer and current == group:
            chosen.append(module)
    return chosen
