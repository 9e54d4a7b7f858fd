"""The engines that can run a study's trials, by name; none is loaded before it is used."""

from collections.abc import Sequence
from dataclasses import dataclass

from search.errors import SearchError
from search.text import did_you_mean, listing

ENGINES = {
    "ray": "search.running.engines.ray_tune",
    "inline": "search.running.engines.inline",
}

_WORKERS = "resources.workers"


@dataclass(frozen=True)
class Place:
    """Where the trials of a session run.

    Args:
        engine: The engine's module.
        address: The Ray cluster to join; None for one on this machine.
        wait_s: How long to wait for a node where there is none that a trial fits on.
    """

    engine: str
    address: str | None = None
    wait_s: float = 0.0


def engine_module(name: str, workers: int | None = None, overrides: Sequence[str] = ()) -> str:
    """Find the module of an engine, as `--engine`, `--workers` and `--set` name it.

    The workers of a space file do not count: they are for other engines.
    """
    if name not in ENGINES:
        hint = did_you_mean(name, ENGINES)
        raise SearchError(
            f"--engine: an engine must be given, got {name!r}{hint}; valid: {listing(ENGINES)}"
        )
    if name == "inline":
        _check_one_worker(workers, overrides)
    return ENGINES[name]


def _check_one_worker(workers: int | None, overrides: Sequence[str]) -> None:
    given = {"--workers": "" if workers is None else str(workers)}
    for override in overrides:
        key, _, value = override.partition("=")
        given[f"--set {key.strip()}"] = value.strip() if key.strip() == _WORKERS else ""
    for where, value in given.items():
        if value.isdigit() and int(value) > 1:
            raise SearchError(f"{where}: the inline engine runs one trial at a time, got {value}")
