"""On what a network is trained, and in which numbers."""

from contextlib import AbstractContextManager

import torch

from objectives.errors import unknown_name


def choose_device(name: str) -> str:
    """Choose a device.

    Args:
        name: `cpu`, `cuda`, `cuda:0` and so on, or `auto` for a GPU if one can be seen.

    Returns:
        A device as torch names it.

    Raises:
        SettingsError: If there is no such kind of device.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.partition(":")[0] not in {"cpu", "cuda"}:
        raise unknown_name("device", name, ["auto", "cpu", "cuda"])
    return name


def half_precision(device: str) -> AbstractContextManager[object] | None:
    """Choose the context in which layers compute in bfloat16.

    Args:
        device: As torch names it.

    Returns:
        The context; None on a processor without units for such numbers (AMX), which would
        be slower with them.
    """
    kind = device.partition(":")[0]
    if kind == "cpu" and not torch.cpu.get_capabilities().get("amx_bf16"):
        return None
    return torch.autocast(kind, dtype=torch.bfloat16)
