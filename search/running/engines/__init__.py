"""The engines that can run a study's trials, by name; none is loaded before it is used."""

from collections.abc import Sequence

from search.errors import SearchError
from search.text import did_you_mean, listing

ENGINES = {
    "ray": "search.running.engines.ray_tune",
    "inline": "search.running.engines.inline",
}

_WORKERS = "resources.workers"


def engine_module(name: str, workers: int | None = None, overrides: Sequence[str] = ()) -> str:
    """Find an engine.

    Args:
        name: What the user gave as `--engine`.
        workers: What the user gave as `--workers`; what a space file says is for other engines.
        overrides: What the user gave as `--set`.

    Returns:
        The name of its module.

    Raises:
        SearchError: If no engine has that name, or it has no such number of workers.
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
