"""Tables of real training: every epoch of every point of a grid, with each seed.

`python -m tests.benchmarks.quality.tables NAME …` trains what a table lacks; it may be interrupted
at any time and goes on. Seconds are of the processor, so that a busy machine does not change them.
"""

import argparse
import functools
import hashlib
import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.spaces.space import Params
from tests.benchmarks.quality.grids import GRIDS, Grid

FOLDER = Path(__file__).parent / "tables"
ABSENT, DIVERGED = 2**16 - 1, 2**16 - 2
"""In place of a number of right images: not trained yet; the loss was no number any more."""
_SAVE_EVERY_S = 60.0
_MAX_TEST_IMAGES = 2_000

Counts = NDArray[np.uint16]


@dataclass
class Table:
    """What training a grid gave.

    Args:
        val: `(P, S, E)`, validation images classified right after each epoch; or `ABSENT`, or
            `DIVERGED` from the epoch on in which that happened.
        test: `(P, S, E)`, test images, likewise.
        seconds: `(P, S, E)`, of each epoch.
        settling: `(P, S, E)`, whether layers have just thawed, so that nothing is pruned there.
        n_images: Of the validation split and of the test split.
    """

    val: Counts
    test: Counts
    seconds: NDArray[np.float16]
    settling: NDArray[np.bool_]
    n_images: NDArray[np.int64]

    @classmethod
    def empty(cls, grid: Grid) -> "Table":
        """Make a table in which nothing is trained."""
        shape = len(grid.points()), grid.n_seeds, grid.n_epochs
        absent = np.full(shape, ABSENT, np.uint16)
        seconds, settling = np.zeros(shape, np.float16), np.zeros(shape, np.bool_)
        return cls(absent, absent.copy(), seconds, settling, np.zeros(2, np.int64))

    @classmethod
    def read(cls, name: str) -> "Table":
        """Read a table; an empty one if there is no file."""
        file = FOLDER / f"{name}.npz"
        if not file.exists():
            return cls.empty(GRIDS[name])
        with np.load(file) as arrays:
            return cls(**arrays)

    def write(self, name: str) -> None:
        """Write it, whole or not at all."""
        FOLDER.mkdir(exist_ok=True)
        unfinished = FOLDER / f"{name}.unfinished.npz"
        np.savez_compressed(unfinished, **vars(self))
        os.replace(unfinished, FOLDER / f"{name}.npz")

    def digest(self) -> str:
        """Name its content: that of a table which is trained further is another one."""
        content = b"".join(array.tobytes() for array in vars(self).values())
        return hashlib.sha256(content).hexdigest()[:16]

    def missing(self) -> list[tuple[int, int]]:
        """List the points and seeds that are not trained yet, all points with a seed first."""
        seeds, points = np.nonzero((self.val[:, :, 0] == ABSENT).T)
        return [(int(point), int(seed)) for point, seed in zip(points, seeds, strict=True)]


def train(name: str, point: int, seed: int) -> dict[str, Any]:
    """Train a point of a grid; gives its rows of the table."""
    import torch

    from objectives.classifier import predict_split
    from objectives.data import load_test_split
    from objectives.image_classifier import ImageClassifier

    torch.set_num_threads(1)
    grid = GRIDS[name]
    objective = ImageClassifier(dict(_points(name)[point]), **grid.settings, seed=seed)
    tested = load_test_split(objective.blueprint.data, objective.device)
    every = max(1, len(tested) // _MAX_TEST_IMAGES)
    tested = replace(tested, indices=tested.indices[::every])
    val, test = (np.full(grid.n_epochs, DIVERGED, np.uint16) for _ in range(2))
    seconds, settling = np.zeros(grid.n_epochs, np.float16), np.zeros(grid.n_epochs, np.bool_)
    n_images = np.zeros(2, np.int64)
    began = time.process_time()
    for epoch, metrics in enumerate(objective):
        seconds[epoch] = time.process_time() - began
        if not np.isfinite(metrics["val_loss"] or np.nan):
            break
        assert objective.answers is not None
        probabilities, labels = predict_split(objective.model, objective.data, tested)
        val[epoch] = np.count_nonzero(objective.answers)
        test[epoch] = np.count_nonzero(probabilities.argmax(axis=1) == labels)
        settling[epoch] = objective.settling
        n_images[:] = len(objective.answers), len(labels)
        began = time.process_time()
    rows = {"val": val, "test": test, "seconds": seconds, "settling": settling}
    return {**rows, "n_images": n_images}


@functools.cache
def _points(name: str) -> list[Params]:
    return GRIDS[name].points()


def fill(name: str, limit_s: float, n_workers: int) -> None:
    """Train what a table lacks, until all of it is there or the time is up."""
    table, until = Table.read(name), time.monotonic() + limit_s
    missing = table.missing()
    print(f"{name}: {len(missing):,} of {table.val[:, :, 0].size:,} missing", flush=True)
    saved = time.monotonic()
    left = iter(missing)
    with ProcessPoolExecutor(n_workers) as pool:
        running: dict[Future[dict[str, Any]], tuple[int, int]] = {}
        while time.monotonic() < until or running:
            if time.monotonic() < until:
                for key in islice(left, 2 * n_workers - len(running)):
                    running[pool.submit(train, name, *key)] = key
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                place = running.pop(future)
                rows = future.result()
                table.n_images = np.maximum(table.n_images, rows.pop("n_images"))
                for array, row in rows.items():
                    getattr(table, array)[place] = row
            if time.monotonic() - saved > _SAVE_EVERY_S:
                table.write(name)
                saved = time.monotonic()
    table.write(name)
    print(f"{name}: {len(table.missing())} missing", flush=True)


def main() -> None:
    """Fill the tables that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.quality.tables")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(GRIDS)}")
    parser.add_argument("--minutes", type=float, default=1e6, help="for each table, at most")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    for name in arguments.names or GRIDS:
        fill(name, 60 * arguments.minutes, arguments.workers)


if __name__ == "__main__":
    main()
