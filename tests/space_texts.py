"""A valid space file as text, to be broken one place at a time."""

import sys
from pathlib import Path

import pytest

BASE = """\
study: toy
objective: toy_objective:train
settings: {epochs: 9}
metric: {name: score, direction: maximize}
budget: {trials: 4, time: 10m}
sampler: {name: tpe, seed: 1}
pruner: {name: asha, min_epochs: 2}
resources: {cpus_per_trial: 1}
parameters:
  rate:   {type: float, low: 1e-4, high: 1e-1, log: true}
  width:  {type: int, low: 1, high: 9, step: 2}
  kernel: {type: categorical, choices: [3, 5]}
  tuned:  {type: categorical, choices: [none, all, top]}
  depth:  {type: int, low: 1, high: 4, when: {tuned: [all, top]}}
constraints:
  - width >= kernel
start_from:
  - {rate: 1e-3, width: 5, kernel: 3, tuned: top, depth: 2}
"""

OBJECTIVE = """\
def train(params, **settings):
    yield {"score": params["rate"]}
"""


def enter_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the objective of `BASE` into a folder and work there until the test ends."""
    (folder / "toy_objective.py").write_text(OBJECTIVE)
    monkeypatch.setattr(sys, "path", sys.path[:])  # loading a space file extends it
    monkeypatch.delitem(sys.modules, "toy_objective", raising=False)  # some import it, too
    monkeypatch.chdir(folder)


def write_space(*changes: tuple[str, str], base: str = BASE) -> Path:
    """Write `BASE` with some of its parts replaced; each must occur exactly once."""
    text = base
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} must occur once in the base text"
        text = text.replace(old, new)
    path = Path("space.yaml")
    path.write_text(text)
    return path
