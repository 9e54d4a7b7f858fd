"""Small objectives for the tests, importable in every worker as `tests.toys`."""

import itertools
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import search
from search.text import listing


def curve(x: float, epoch: int) -> float:
    """The score that `quadratic` reports: best at x = 0.3, rising with the epochs."""
    return (1 - (x - 0.3) ** 2) * (1 - 0.5**epoch)


def quadratic(params: dict[str, Any], epochs: int = 5, sleep_s: float = 0.0) -> Iterator[Any]:
    for epoch in range(1, epochs + 1):
        time.sleep(sleep_s)
        yield {"score": curve(params["x"], epoch), "loss": 1 / epoch, "pid": os.getpid()}


def humped(params: dict[str, Any]) -> Iterator[Any]:
    """Best at its second of four epochs."""
    for score in (0.1, 0.7 + params["x"] / 10, 0.5, 0.3):
        yield {"score": score}


def reporting(params: dict[str, Any], name: str) -> Iterator[Any]:
    """Reports a metric of any name beside the score, as arrays and tensors of one element."""
    import numpy as np
    import torch

    for value in (np.array([2]), np.array([[0.25]]), torch.tensor([0.5]), np.float32(0.75)):
        yield {"score": value, name: torch.tensor([[3]])}


class UnspeakableError(Exception):
    """An exception whose text cannot be written."""

    def __str__(self) -> str:
        """Fail, too."""
        raise RuntimeError("no text")


def unrecordable(params: dict[str, Any]) -> Iterator[Any]:
    """Raises what no file can hold as it is."""
    yield {"score": 0.1}
    raise {
        "half": ValueError("\udcff"),
        "long": ValueError("x" * 10**7),
        "none": UnspeakableError(),
    }[params["way"]]


def traded(params: dict[str, Any], epochs: int = 6) -> Iterator[Any]:
    """Has a score that a cost is paid for, and may waste some of it."""
    x, waste = params["x"], params["waste"]
    for epoch in range(1, epochs + 1):
        score = x * (1 - waste) * (1 - 0.5**epoch)
        yield {"score": score, "cost": x**2 + waste, "done": epoch}


def misbehaving(params: dict[str, Any]) -> Iterator[Any]:
    """Reports two epochs and then does what `params["way"]` says."""
    way = params["way"]
    if way == "infeasible":
        raise search.InfeasibleError("the kernel 7x7 must fit")
    if way == "silent":
        return
    yield {"score": 0.1, "loss": 1.0}
    if way == "undefined":
        yield {"score": 0.2, "loss": None}
        return
    yield {"score": 0.2, "loss": 0.5}
    if way == "raises":
        raise RuntimeError("no such layer")
    if way == "memory":
        raise MemoryError("no memory left")
    if way == "dies":
        os._exit(1)
    if way in {"nan", "inf"}:
        yield {"score": 0.3, "loss": float(way)}
    yield {"score": 0.3, "loss": 0.4}


def seeded(params: dict[str, Any], seed: int = 0) -> Iterator[Any]:
    """Tells the seed it was given and what the generators give."""
    import random

    import numpy as np

    yield {"score": params["x"], "given": seed, "draw": random.random() + np.random.rand()}


def writing(
    params: dict[str, Any], trial_folder: str, trial_number: int, searched_metrics: Any
) -> Iterator[Any]:
    """Writes into its trial's folder, of which it is told."""
    Path(trial_folder, "mine.txt").write_text(f"{trial_number} {listing(searched_metrics)}")
    yield {"score": params["x"], "is_absolute": Path(trial_folder).is_absolute()}


def hanging(params: dict[str, Any]) -> Iterator[Any]:
    """Never ends its second epoch where x is 0.9, in code that keeps the interpreter."""
    yield {"score": params["x"]}
    if params["x"] == 0.9:
        max(itertools.repeat(0))
    yield {"score": params["x"] + 1}


def reading(params: dict[str, Any]) -> Iterator[Any]:
    """Reads a file where `$SEARCH_DATA` says."""
    yield {"score": len(Path(os.environ["SEARCH_DATA"]).read_text())}


class Sized:
    """Can tell its size before it trains; makes no valid model where width is 13."""

    measured: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, params: dict[str, Any], scale: int = 1) -> None:
        self.metrics = {"score": params["rate"], **self.measure(params, scale)}

    def __iter__(self) -> Iterator[Any]:
        yield self.metrics

    @classmethod
    def measure(cls, params: dict[str, Any], scale: int = 1) -> dict[str, float]:
        cls.measured.append(params)
        if params["width"] == 13:
            raise search.InfeasibleError("13 brings bad luck")
        return {"n_parameters": scale * params["width"] ** 2}


class Listing:
    """An objective that is no generator."""

    def __init__(self, params: dict[str, Any], values: list[float]) -> None:
        self.values = values

    def __iter__(self) -> Iterator[Any]:
        return ({"score": value} for value in self.values)


class Dipping:
    """Does badly at its second and third of six epochs where x > 0.5, and says that it settles.

    Where x is below 0.1, it ends after its first epoch.
    """

    def __init__(self, params: dict[str, Any], says_so: bool = True) -> None:
        self.x = params["x"]
        self.says_so = says_so
        self.settling = False
        self.stop_reason = ""

    def __iter__(self) -> Iterator[Any]:
        for epoch in range(1, 7):
            dips = self.x > 0.5 and epoch in (2, 3)
            self.settling = dips and self.says_so
            self.stop_reason = "x is too small" if self.x < 0.1 else ""
            yield {"score": self.x - dips}
            if self.stop_reason:
                return


def not_iterable(params: dict[str, Any]) -> float:
    return 0.5


def no_mapping(params: dict[str, Any]) -> Iterator[Any]:
    yield 0.5


def interrupting(params: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Has its own run interrupted, as by Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)
    yield {"score": params["x"]}
    yield {"score": params["x"]}


def returning(params: dict[str, Any]) -> dict[str, float]:
    """Returns its metrics, as people do who have no epochs."""
    return {"score": params["x"]}


def crowded(params: dict[str, Any], folder: str, epochs: int) -> Iterator[dict[str, float]]:
    """Runs out of memory beside another trial, and the first time always."""
    place = Path(folder) / f"{params['x']}"
    first = not place.exists()
    place.write_text("")
    busy = Path(folder) / f"busy_{params['x']}"
    busy.write_text("")
    try:
        for _ in range(epochs):
            time.sleep(0.05)
            if first or len(list(Path(folder).glob("busy_*"))) > 1:
                raise MemoryError("no memory left")
            yield {"score": params["x"]}
    finally:
        busy.unlink()


def greedy(params: dict[str, Any], group: str, starts: str) -> Iterator[dict[str, float]]:
    """Takes more memory than its control group allows, where x is 0.9."""
    if params["x"] == 0.9:
        import numpy as np

        with open(starts, "a") as file:
            file.write("start ")
        Path(group, "cgroup.procs").write_text(str(os.getpid()))
        np.ones(2**28).sum()
    yield {"score": params["x"]}
