"""What all callbacks do: choose metrics, and report them with a file to go on from."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Report = Callable[..., object]
"""Takes one epoch's metrics by name and, as `checkpoint`, perhaps the path of a file."""


def chosen(metrics: Mapping[str, Any], names: Collection[str] | None) -> dict[str, float]:
    """Take some metrics, or all, as plain numbers.

    Args:
        metrics: Numbers by name; tensors of one element are numbers.
        names: Those to take; None for all.

    Returns:
        The chosen ones.

    Raises:
        KeyError: If one of the names is not there.
    """
    if names is not None and (missing := [name for name in names if name not in metrics]):
        raise KeyError(f"metrics must be among those of the epoch, got {missing}: {[*metrics]}")
    taken = metrics if names is None else {name: metrics[name] for name in names}
    return {name: float(value) for name, value in taken.items()}


def report_with_file(
    report: Report, metrics: dict[str, float], name: str, save: Callable[[Path], object]
) -> None:
    """Report metrics with a file of a name, which is only there for the call."""
    with TemporaryDirectory(prefix="checkpoint-") as folder:
        path = Path(folder) / name
        save(path)
        report(metrics, checkpoint=path)
