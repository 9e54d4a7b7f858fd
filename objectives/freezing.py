"""Which layers of a network train in which epoch, and at what share of the learning rate.

A schedule is a pure function of the epoch: nothing has to be remembered to go on from a
checkpoint. All groups are in the optimizer from the first step; the parameters of a frozen
one have no gradient, so that neither momentum nor weight decay moves them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from objectives.errors import SettingsError, UnknownNameError, require_count

if TYPE_CHECKING:
    from torch import nn

    from objectives.groups import LayerGroup

MODES = ("none", "probe", "lpft", "gradual", "llrd")
BATCH_NORMS = ("frozen", "affine", "full")


@dataclass(frozen=True)
class FreezeParameters:
    """How a network's body, all but its head, is frozen and thawed.

    Args:
        freeze: `none`: everything trains from the start. `probe`: only the head trains.
            `lpft`: first the head, then everything (Kumar et al. 2022, arXiv:2202.10054).
            `gradual`: first the head, then one more stage with each epoch, the last one first
            (Howard and Ruder 2018, arXiv:1801.06146, section 3.3). `llrd`: everything trains
            from the start, each stage at a lower rate than the one after it.
        unfreeze_at: Share of the epochs before the body begins to train, in (0, 1); of `lpft`
            and `gradual`.
        n_stages: Parts of the body, at least 1.
        backbone_lr_ratio: Learning rate of the body as a share of the head's, in (0, 1]; of
            `lpft` and `gradual`.
        layer_decay: Learning rate of a stage as a share of that of the next one, in (0, 1];
            of `gradual` and `llrd`.
        unfreeze_warmup_steps: Steps over which the rate of what begins to train rises from
            zero, at least 0.
        bn: Batch normalisation of the body: `frozen` as it came, `affine` trains scale and
            shift only, `full` also follows the batches' statistics; None: full with `none`,
            else frozen. While a stage is frozen, so is its batch normalisation.
        backbone_weight_decay: Weight decay of the body; None: that of the head.
    """

    freeze: str = "none"
    unfreeze_at: float = 0.3
    n_stages: int = 4
    backbone_lr_ratio: float = 0.1
    layer_decay: float = 0.75
    unfreeze_warmup_steps: int = 100
    bn: str | None = None
    backbone_weight_decay: float | None = None

    def __post_init__(self) -> None:
        """Refuse values that are no schedule."""
        if self.freeze not in MODES:
            raise UnknownNameError("freeze", self.freeze, MODES)
        if self.bn not in {None, *BATCH_NORMS}:
            raise UnknownNameError("bn", self.bn, BATCH_NORMS)
        require_count("n_stages", self.n_stages)
        if not 0 < self.unfreeze_at < 1:
            raise SettingsError(f"0 < unfreeze_at < 1 must hold, got {self.unfreeze_at}")
        for name in ("backbone_lr_ratio", "layer_decay"):
            if not 0 < getattr(self, name) <= 1:
                raise SettingsError(f"0 < {name} <= 1 must hold, got {getattr(self, name)}")
        for name in ("unfreeze_warmup_steps", "backbone_weight_decay"):
            if (getattr(self, name) or 0) < 0:
                raise SettingsError(f"{name} >= 0 must hold, got {getattr(self, name)}")

    @property
    def batch_norms(self) -> str:
        """What becomes of batch normalisation: one of `BATCH_NORMS`."""
        return self.bn or ("full" if self.freeze == "none" else "frozen")


def first_epochs(parameters: FreezeParameters, n_groups: int, n_epochs: int) -> list[int | None]:
    """Tell in which epoch each group begins to train.

    Args:
        parameters: The schedule.
        n_groups: Groups from stem to head, at least 1.
        n_epochs: Epochs of the training, at least 1.

    Returns:
        An epoch from 1 for each group; None: it never trains. The head's is 1.

    Example:
        >>> first_epochs(FreezeParameters("gradual", unfreeze_at=0.5), n_groups=4, n_epochs=6)
        [6, 5, 4, 1]
    """
    n_body = n_groups - 1
    first = 1 + min(max(1, round(parameters.unfreeze_at * n_epochs)), max(1, n_epochs - 1))
    match parameters.freeze:
        case "probe":
            body: list[int | None] = [None] * n_body
        case "lpft":
            body = [first] * n_body
        case "gradual":
            body = [first + depth for depth in reversed(range(n_body))]
        case _:
            body = [1] * n_body
    return [*body, 1]


def rate_shares(parameters: FreezeParameters, n_groups: int) -> list[float]:
    """Tell at what share of the learning rate each group trains.

    Args:
        parameters: The schedule.
        n_groups: Groups from stem to head, at least 1.

    Returns:
        A number in (0, 1] for each group; the head's is 1.

    Example:
        >>> rate_shares(FreezeParameters("llrd", layer_decay=0.5), n_groups=3)
        [0.25, 0.5, 1.0]
    """
    depths = range(n_groups - 1, 0, -1)  # of the body, from 1 next to the head
    ratio, decay = parameters.backbone_lr_ratio, parameters.layer_decay
    match parameters.freeze:
        case "lpft":
            body = [ratio for _ in depths]
        case "gradual":
            body = [ratio * decay ** (depth - 1) for depth in depths]
        case "llrd":
            body = [decay**depth for depth in depths]
        case _:
            body = [1.0 for _ in depths]
    return [*body, 1.0]


def unfreeze_factor(first_epoch: int | None, step: int, n_warmup: int, per_epoch: int) -> float:
    """Compute the factor of a group's rate that lets it begin from zero.

    Args:
        first_epoch: The epoch in which the group begins to train; None: never.
        step: Steps taken before this one, from 0.
        n_warmup: Steps of the warm-up, at least 0.
        per_epoch: Steps of an epoch.

    Returns:
        0 while the group is frozen, 1 once it is warm; a group that trains from the start is.
    """
    if first_epoch is None:
        return 0.0
    n_taken = step - (first_epoch - 1) * per_epoch
    if n_taken < 0:
        return 0.0
    return 1.0 if first_epoch == 1 else min(1.0, (n_taken + 1) / max(1, n_warmup))


def is_settling(
    starts: Sequence[int | None], epoch: int, n_warmup: int, steps_per_epoch: int
) -> bool:
    """Tell whether some group is still warming up when an epoch ends.

    Args:
        starts: What `first_epochs` says.
        epoch: The epoch, from 1.
        n_warmup: Steps of the warm-up.
        steps_per_epoch: Steps of an epoch.

    Returns:
        True from the epoch in which a group begins to train, up to the end of its warm-up.
        In between a trial looks worse than it is and must not be compared.
    """
    n_epochs = max(1, math.ceil(n_warmup / steps_per_epoch))
    return any(start is not None and 1 < start <= epoch < start + n_epochs for start in starts)


def set_training_modes(
    model: "nn.Module",
    groups: Sequence["LayerGroup"],
    starts: Sequence[int | None],
    epoch: int,
    bn: str = "full",
) -> None:
    """Put a network into the state in which one epoch trains it.

    Args:
        model: The network; all of it goes to training mode but what must not.
        groups: Its groups, from stem to head.
        starts: What `first_epochs` says.
        epoch: The epoch about to begin.
        bn: One of `BATCH_NORMS`.
    """
    model.train()
    weights: Mapping[str, nn.Parameter] = dict(model.named_parameters())
    # All groups are in the optimizer from the first step, as some optimizers keep a state by
    # position; a gradient of None, unlike zero, has it leave a tensor alone, decay included.
    for group, start in zip(groups, starts, strict=True):
        is_frozen = start is None or epoch < start
        for name in group.parameters:
            weights[name].requires_grad_(not is_frozen)
            if is_frozen:
                weights[name].grad = None
        for module in group.modules if is_frozen else ():
            module.eval()  # else batch normalisation would follow the batches, frozen or not
        if not is_frozen and group is not groups[-1]:
            _set_batch_norms(group, bn)
    for module in model.modules():
        own = list(module.parameters())
        if own and not any(weight.requires_grad for weight in own):
            module.eval()  # a block may drop its whole output at random, by its own mode


def _set_batch_norms(group: "LayerGroup", bn: str) -> None:
    for module in group.batch_norms:
        if bn != "full":
            module.eval()
        if bn == "frozen":
            for weight in module.parameters():
                weight.requires_grad_(False)
                weight.grad = None
