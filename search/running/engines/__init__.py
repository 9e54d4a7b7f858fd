"""The engines that can run a study's trials, by name; none is loaded before it is used."""

ENGINES = {
    "ray": "search.running.engines.ray_tune",
    "inline": "search.running.engines.inline",
}
