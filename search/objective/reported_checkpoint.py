"""What a function reports to be gone on from, as tensors and plain data: what a checkpoint holds.

A file or a folder goes in with its bytes, as the trial may go on on another machine.
"""

import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from search.errors import ObjectiveError
from search.text import listing

ReportedCheckpoint = Mapping[str, Any] | str | os.PathLike[str]
"""A mapping of tensors and plain data, or the path of a file or folder."""

_MAPPINGS = (dict, OrderedDict)
_LISTS = (list, tuple, set)
_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_TORCH = (
    "torch.Tensor",
    "torch.nn.parameter.Parameter",
    "torch.Size",
    "torch.device",
    "torch.dtype",
)


def pack(checkpoint: ReportedCheckpoint) -> dict[str, Any]:
    """Turn what was reported into what can be saved, and read by whoever trusts nobody."""
    if isinstance(checkpoint, Mapping):
        _require_plain(dict(checkpoint), "checkpoint")
        return {"data": dict(checkpoint)}
    path = Path(checkpoint)
    if path.is_file():
        return {"name": path.name, "files": {"": _bytes_of(path)}}
    if not path.is_dir():
        raise ObjectiveError(
            "objective: checkpoint must be a mapping, or the path of a file or folder that is "
            f"there, got {os.fspath(checkpoint)!r}"
        )
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return {
        "name": path.name,
        "files": {file.relative_to(path).as_posix(): _bytes_of(file) for file in files},
    }


def unpack(packed: Mapping[str, Any], folder: Path) -> dict[str, Any] | Path:
    """Give what was reported; a file or folder is written into a folder."""
    if "data" in packed:
        data: dict[str, Any] = packed["data"]
        return data
    path = folder / _inside(packed["name"])
    for name, content in packed["files"].items():
        file = path / _inside(name) if name else path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.numpy().tobytes())
    return path


def _bytes_of(file: Path) -> Any:
    """Read a file into a tensor, which torch saves as it is."""
    import numpy as np
    import torch

    return torch.from_numpy(np.fromfile(file, dtype=np.uint8))


def _inside(name: str) -> PurePosixPath:
    """Refuse a name that would lead out of the folder it is written into."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ObjectiveError(f"checkpoint: a file's name must lie in its folder, got {name!r}")
    return path


def _require_plain(value: object, place: str) -> None:
    """Refuse what torch would save and then, reading safely, not load again."""
    kind = type(value)
    if kind in _MAPPINGS:
        for key, inner in value.items():  # type: ignore[attr-defined]
            _require_plain(key, f"{place}: the key {key!r:.40}")
            _require_plain(inner, f"{place}[{key!r:.40}]")
    elif kind in _LISTS:
        for i, inner in enumerate(value):  # type: ignore[arg-type]
            _require_plain(inner, f"{place}[{i}]")
    elif kind not in _PLAIN and (name := f"{kind.__module__}.{kind.__qualname__}") not in _TORCH:
        raise ObjectiveError(
            f"objective: {place} must be a tensor of torch or plain data, got {name}; valid: "
            f"{listing(k.__name__ for k in _PLAIN[1:])}, None, and lists, tuples, sets and dicts "
            "of them; a path stands for a file or folder"
        )
