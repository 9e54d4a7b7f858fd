"""Functions that report their epochs, as the callbacks of a framework do."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import search
from tests.toys import curve


@search.reporting
def quadratic(params: dict[str, Any], report: search.Report, folder: str, epochs: int = 9) -> None:
    """Leaves a file when it has unwound, which says how far it came."""
    epoch = 0
    try:
        while epoch < epochs:
            epoch += 1
            report({"score": curve(params["x"], epoch)})
    finally:
        (Path(folder) / f"{params['x']}").write_text(str(epoch))


@search.reporting
def threaded(params: dict[str, Any], report: search.Report, folder: str, epochs: int = 9) -> None:
    """Trains in a thread of its own and waits for it, as some frameworks do."""
    train = quadratic.__wrapped__  # type: ignore[attr-defined]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(train, params, report, folder, epochs).result()


def misbehave(params: dict[str, Any], report: search.Report, seed: int = 0) -> None:
    way = params["way"]
    if way == "infeasible":
        raise search.InfeasibleError("the kernel 7x7 must fit")
    if way == "silent":
        return
    report({"score": 0.1, "given": seed})
    if way == "raises":
        raise RuntimeError("no such layer")
    if way == "hangs":
        threading.Event().wait()
    report({"score": float("nan") if way == "nan" else 0.2, "given": seed})


misbehaving = search.reporting(misbehave)


@search.reporting
def stubborn(params: dict[str, Any], report: search.Report) -> None:
    """Goes on whatever it is told, until a test lets it go."""
    for epoch in range(1, 5):
        try:
            report({"score": params["x"] + epoch})
        except search.TrialStopped:
            stopped.append(epoch)
            if epoch == 4:
                release.wait()


stopped: list[int] = []
release = threading.Event()


@search.reporting
def careless(params: dict[str, Any], report: search.Report) -> None:
    """Reports a checkpoint that could not be read again."""
    wrong: dict[str, Any] = {"array": {"weights": [np.ones(2)]}, "missing": "no/such/file"}
    report({"score": 1.0}, checkpoint=wrong[params["what"]])
