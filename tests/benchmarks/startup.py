"""How soon the command line answers."""

from tests.benchmarks.figures import Figure, command_seconds, median_of


def measure() -> list[Figure]:
    """Time the two verbs that people wait for most often."""
    help_s = median_of(5, lambda: command_seconds("--help"))
    check_s = median_of(5, lambda: command_seconds("check", "spaces/small_cnn.yaml"))
    return [
        Figure("search --help", help_s, "s", 0.5),
        Figure("search check", check_s, "s", 1.5),
    ]
