"""An objective that does to its process what no objective should, one way a trial."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class WordlessError(Exception):
    def __str__(self) -> str:
        raise TypeError("no words")


class Odd(BaseException):
    """None of Python's own."""


RAISED: dict[str, BaseException] = {
    "exit": SystemExit(7),
    "generator_exit": GeneratorExit(),
    "keyboard": KeyboardInterrupt(),
    "odd": Odd("an odd one"),
    "wordless": WordlessError(),
    "long": RuntimeError("long " * 2_000_000),
    "half": RuntimeError("half a pair \udc00 of surrogates"),
}
REASONS = {
    "exit": "SystemExit: 7",
    "generator_exit": "GeneratorExit: no message",
    "keyboard": "KeyboardInterrupt: no message",
    "odd": "Odd: an odd one",
    "wordless": "WordlessError: a message that cannot be written (TypeError)",
    "long": f"RuntimeError: {'long ' * 100} … 9,999,000 characters … {'long ' * 99}long",
    "half": r"RuntimeError: half a pair \udc00 of surrogates",
}
CHANGES = ("folder", "environment", "recursion", "signals", "streams", "closing", "torch")


def train(params: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Report how many things are as they should be, then do what `params["way"]` says."""
    way = params["way"]
    yield {"score": 1.0, **_as_it_should_be()}
    if way in RAISED:
        raise RAISED[way]
    _change(way)
    yield {"score": 2.0, "kept": float(_is_changed(way))}
    yield {"score": 3.0, "kept": float(_is_changed(way))}


def _as_it_should_be() -> dict[str, float]:
    import torch

    sys.stderr.write("said by an objective\n")
    return {
        "folder": float(Path("pyproject.toml").exists()),
        "environment": float("RUDE" not in os.environ),
        "recursion": float(sys.getrecursionlimit() != 123_456),
        "signals": float(signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN),
        "streams": float(sys.stdout is not None and not sys.stdout.closed),
        "torch": float(torch.get_default_dtype() is torch.float32),
    }


def _change(way: str) -> None:
    import torch

    match way:
        case "folder":
            os.chdir("/")
        case "environment":
            os.environ["RUDE"] = "yes"
        case "recursion":
            sys.setrecursionlimit(123_456)
        case "signals":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        case "streams":
            sys.stdout = None
        case "closing":
            sys.stdout.close()
        case "torch":
            torch.set_default_dtype(torch.float64)


def _is_changed(way: str) -> bool:
    """Tell whether an objective finds its process as it left it."""
    return way == "closing" or not all(_as_it_should_be().values())
