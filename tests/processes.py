"""The command line as users run it: a process of its own, in a folder of its own."""

import os
from pathlib import Path


def environment(folder: Path) -> dict[str, str]:
    """Give a process a home of its own and none of this process's settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SEARCH_")}
    return {**kept, "HOME": str(folder / "home"), "COLUMNS": "200"}
