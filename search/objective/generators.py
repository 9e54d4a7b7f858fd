"""The random generators of a process: of Python, NumPy and torch; seeded, read and put back.

torch is looked up, never imported: an objective that uses it has loaded it.
"""

import random
import sys
from typing import Any

import numpy as np


def seed_generators(seed: int) -> None:
    """Seed the generators of Python, NumPy and torch with a number from 0 to 2**32 - 1."""
    random.seed(seed)
    np.random.seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def generator_states() -> dict[str, Any]:
    """Read the state of every generator as tensors and plain data, by name of the library."""
    of_numpy = dict(np.random.get_state(legacy=False))
    inner = {**of_numpy["state"], "key": of_numpy["state"]["key"].tolist()}
    states: dict[str, Any] = {
        "python": random.getstate(),
        "numpy": {**of_numpy, "state": inner},
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.get_rng_state()
        if torch.cuda.is_initialized():
            states["cuda"] = torch.cuda.get_rng_state_all()
    return states


def restore_generators(states: dict[str, Any]) -> None:
    """Put every generator into what `generator_states` gave, here or in another process."""
    random.setstate(states["python"])
    inner = states["numpy"]["state"]
    key = np.asarray(inner["key"], dtype=np.uint32)
    np.random.set_state({**states["numpy"], "state": {**inner, "key": key}})
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if "torch" in states:
        torch.set_rng_state(states["torch"])
    if torch.cuda.is_initialized() and len(states.get("cuda", [])) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
