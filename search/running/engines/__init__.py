"""The engines that can run a study's trials, by name; none is loaded before it is used."""

from search.errors import SearchError, did_you_mean, listing

ENGINES = {
    "ray": "search.running.engines.ray_tune",
    "inline": "search.running.engines.inline",
}


def engine_module(name: str) -> str:
    """Find an engine.

    Args:
        name: What the user gave as `--engine`.

    Returns:
        The name of its module.

    Raises:
        SearchError: If no engine has that name.
    """
    if name not in ENGINES:
        hint = did_you_mean(name, ENGINES)
        raise SearchError(
            f"--engine: an engine must be given, got {name!r}{hint}; valid: {listing(ENGINES)}"
        )
    return ENGINES[name]
